"""Two networks that play against each other: one makes samples, the other tells them from real ones.

G, D = gan.Generator(), gan.Discriminator()
step = gan.make_step(G, D, train.Update(G, adam_g, run=run), train.Update(D, adam_d, run=run), run, r1=1.0)
for state in train.fit(step, Batches(images, 64, signed=True), run=run, steps=5000): …

    networks.py    Generator   Discriminator             pictures: 130,576 and 117,121 parameters, or any width
                   PointGenerator   PointDiscriminator   points in the plane
                   walk                                  codes on the way from one to another
    losses.py      discriminator_loss   generator_loss   minimax, non-saturating, hinge, Wasserstein; on logits
    penalties.py   r1   gradient_penalty                 what keeps D's slope in bounds
    noise.py       Blurred                               real and fake are blurred before they are judged
    steps.py       discriminator_step   generator_step   make_step   the game, move by move
    optimum.py     best_discriminator   value            where the game ends: D* = p/(p + q), −log 4
"""

from .losses import KINDS, discriminator_loss, generator_loss
from .networks import Discriminator, Generator, PointDiscriminator, PointGenerator, walk
from .noise import Blurred
from .optimum import best_discriminator, value
from .penalties import gradient_penalty, r1
from .steps import discriminator_step, generator_step, make_step

__all__ = [
    "KINDS",
    "Blurred",
    "Discriminator",
    "Generator",
    "PointDiscriminator",
    "PointGenerator",
    "best_discriminator",
    "discriminator_loss",
    "discriminator_step",
    "generator_loss",
    "generator_step",
    "gradient_penalty",
    "make_step",
    "r1",
    "value",
    "walk",
]
