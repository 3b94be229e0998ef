"""What each player wants, as a loss on D's logits a: the probability D(x) = σ(a) is never formed.

softplus(a) = log(1 + eᵃ), so that −log σ(a) = softplus(−a) and −log(1 − σ(a)) = softplus(a), for logits of any size.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

KINDS = ("minimax", "nonsaturating", "hinge", "wasserstein")


def discriminator_loss(
    real: Float[Tensor, " n"], fake: Float[Tensor, " m"], *, kind: str = "nonsaturating"
) -> Float[Tensor, ""]:
    """−E log D(x) − E log(1 − D(G(z))), from the logits of real samples and of fakes.

    So for "minimax" and "nonsaturating", whose D is the same (Goodfellow et al. 2014, equation 1). "hinge":
    E max(0, 1 − a(x)) + E max(0, 1 + a(G(z))) (Lim & Ye 2017). "wasserstein": E a(G(z)) − E a(x), which needs a D of
    bounded slope (Arjovsky, Chintala & Bottou 2017).
    """
    check_kind(kind)
    _check_logits(real=real, fake=fake)
    if kind == "wasserstein":
        return fake.mean() - real.mean()
    if kind == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake: Float[Tensor, " m"], *, kind: str = "nonsaturating") -> Float[Tensor, ""]:
    """−E log D(G(z)) from the fakes' logits: "nonsaturating" (Goodfellow et al. 2014, section 3).

    "minimax": E log(1 − D(G(z))), the other side of D's loss. "hinge" and "wasserstein": −E a(G(z)).
    """
    check_kind(kind)
    _check_logits(fake=fake)
    if kind in ("hinge", "wasserstein"):
        return -fake.mean()
    return -F.softplus(fake).mean() if kind == "minimax" else F.softplus(-fake).mean()


def check_kind(kind: str) -> None:
    """ValueError unless `kind` is one of KINDS."""
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; allowed are {', '.join(KINDS)}.")


def _check_logits(**logits: Tensor) -> None:
    for name, a in logits.items():
        if a.ndim != 1 or len(a) == 0:
            raise ValueError(
                f"{name} has shape {tuple(a.shape)}; one logit for each sample, (n,), is needed: a last axis of 1 goes "
                "by .squeeze(1)."
            )
