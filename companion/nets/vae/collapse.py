"""Posterior collapse: numbers of the code for which q(z|x) is the prior, whatever the picture."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from companion._array import positive
from companion.nets.vae import codes


class Activity(NamedTuple):
    """For each number of the code: the variance of its posterior mean over the pictures, its mean KL, is it used?"""

    variance: Float[Tensor, " d"]
    kl: Float[Tensor, " d"]
    active: Bool[Tensor, " d"]


def activity(q: codes.Posterior, *, threshold: float = 0.01) -> Activity:
    """A number is active if Var_x(E_q[z_j]) > `threshold` (Burda, Grosse & Salakhutdinov 2016, take 0.01).

    `q` is the encoder's answer to many pictures, a thousand or more. A dead number has KL ≈ 0 nats too: it is noise
    that the decoder has learned not to hear.
    """
    if len(q.mean) < 2:
        raise ValueError(f"q is of {len(q.mean)} picture(s); a variance needs at least 2, better a thousand.")
    variance = torch.var(q.mean, 0)
    return Activity(variance, codes.kl(q).mean(0), variance > positive(threshold, "threshold"))
