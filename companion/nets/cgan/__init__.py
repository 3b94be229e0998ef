"""A generator that is told what to draw: conditional GANs. (No cycle in it: CycleGAN is another model.)

G, D = cgan.Generator(10), cgan.Discriminator(10)
step = gan.make_step(G, D, train.Update(G, adam_g), train.Update(D, adam_d), run, labels=cgan.same)
G(torch.randn(10, G.z_dim), torch.arange(10))          # one of each

    conditions.py   Embedding   ConditionalNorm          how a label enters a network
    networks.py     Generator   Discriminator   ways     the label to G by z or in norms, to D as channel or projection
    labels.py       same   drawn_from                    which labels the fakes are made of
    sampling.py     measured   sheet                     a copy for drawing; a row of pictures for each class
    optimum.py      optimum                              D*(x|c) and its value, on tables
"""

from companion.nets.cgan.conditions import ConditionalNorm, Embedding, conditioned
from companion.nets.cgan.labels import drawn_from, same
from companion.nets.cgan.networks import Discriminator, Generator, ways
from companion.nets.cgan.optimum import Optimum, optimum
from companion.nets.cgan.sampling import measured, sheet

__all__ = [
    "ConditionalNorm",
    "Discriminator",
    "Embedding",
    "Generator",
    "Optimum",
    "conditioned",
    "drawn_from",
    "measured",
    "optimum",
    "same",
    "sheet",
    "ways",
]
