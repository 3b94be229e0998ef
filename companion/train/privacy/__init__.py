"""Learn from many without telling of one: DP-SGD (Abadi et al. 2016), its accountant, and a test of what leaks.

    batches = privacy.PoissonBatches(x, y, size=256, run=run)
    update = privacy.PrivateUpdate(net, optimizer, loss, batches, noise=1.1, max_norm=1.0, run=run)

    def step(x, y):
        return {"loss": update(x, y)}

    for state in train.fit(step, batches, run=run, steps=2000):
        ...
    update.spent(1e-5).epsilon

accountant.py   rdp   to_epsilon   epsilon   noise_for        how much a run gives away
sampling.py     PoissonBatches                                each example with the same chance, at each step anew
gradients.py    per_example   norms   clipped_sum             a gradient for each example, none longer than max_norm
update.py       PrivateUpdate                                 clip, add, add noise, step; counts what was spent
audit.py        roc   likelihood_ratio   epsilon_at_least     who was in the training set? An attack, and what it proves

On several processes all of it works as `train.Update` does: each takes its own examples, the first adds the noise.
What no ε covers: the loss that a step returns, a number of examples or steps that was chosen by looking, floating-point
noise, and seeds that somebody knows. For a real release give `train.launch` a seed from `secrets.randbits(32)`, and
throw it away; its 32 bits can still be tried through, so against a determined attacker take a cryptographic generator.
"""

from companion.train.privacy.accountant import ORDERS, Spent, epsilon, noise_for, rdp, to_epsilon
from companion.train.privacy.audit import ROC, epsilon_at_least, likelihood_ratio, roc
from companion.train.privacy.gradients import clipped_sum, norms, per_example
from companion.train.privacy.sampling import PoissonBatches
from companion.train.privacy.update import PrivateUpdate

__all__ = [
    "ORDERS",
    "ROC",
    "PoissonBatches",
    "PrivateUpdate",
    "Spent",
    "clipped_sum",
    "epsilon",
    "epsilon_at_least",
    "likelihood_ratio",
    "noise_for",
    "norms",
    "per_example",
    "rdp",
    "roc",
    "to_epsilon",
]
