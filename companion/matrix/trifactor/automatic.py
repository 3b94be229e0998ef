"""The same fit by automatic differentiation and Adam: torch derives the gradients, nobody does so by hand."""

from typing import Any

from companion.matrix.trifactor.derivatives import energy, expanded


def adam(X, W, H, b, *, bias: str | None, steps: int, lr: float) -> tuple[Any, Any, Any, list[float]]:
    """(W, H, b, losses) after `steps` steps of Adam (Kingma & Ba 2015) on the loss, from the given start.

    Adam moves each entry by about `lr`, so the parameters are scaled to a size of about one. `lr` falls to zero along a
    cosine; otherwise the last steps would go on jumping to and fro. `X` is a torch tensor, and b one number or n.
    """
    import torch

    total = energy(torch, X)
    if total == 0:
        return W, H, b, [0.0] * (steps + 1)
    n, size = X.shape[0], (total / X.numel()) ** 0.5  # root mean square of the entries
    w, h, c = parameters = [(n**0.5 * W).clone(), H / (n * size), b / size]
    optimizer = torch.optim.Adam([x.requires_grad_() for x in parameters[: 3 if bias else 2]], lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    losses = []
    for step in range(steps + 1):
        loss = expanded(torch, X, total, w, size * h, size * c)
        losses.append(float(loss.detach()))
        if step < steps:
            optimizer.zero_grad()
            (loss / total).backward()
            optimizer.step()
            schedule.step()
    return w.detach(), size * h.detach(), size * c.detach(), losses
