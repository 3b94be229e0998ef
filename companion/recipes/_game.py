"""What the recipes of two networks share: the players with what of them must survive, their step, and a judge."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from companion import data, train
from companion.nets.cnn import Classifier


def players(
    G: Any, D: Any, lrs: tuple[float, float], options: argparse.Namespace, run: train.Runtime, steps: int, **adam: Any
) -> dict[str, Any]:
    """What must survive: two networks, each with its Adam and a rate that falls to nothing, and G's running average."""
    adams = [torch.optim.Adam(net.parameters(), lr, fused=True, **adam) for net, lr in zip((G, D), lrs, strict=True)]
    update_g, update_d = (train.Update(net, own, run=run) for net, own in zip((G, D), adams, strict=True))
    rate_g, rate_d = (torch.optim.lr_scheduler.PolynomialLR(own, steps) for own in adams)
    ema = train.EMA(G, half_life=options.half_life)
    return {"G": G, "D": D, "update_g": update_g, "update_d": update_d, "ema": ema, "rate_g": rate_g, "rate_d": rate_d}


def moving(play: Callable, kept: dict[str, Any], run: train.Runtime) -> Callable:
    """The step: both play, then G's average and the rates move on."""

    def step(x: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        losses = play(x, y)
        kept["ema"].update(len(x) * run.world)
        kept["rate_g"].step()
        kept["rate_d"].step()
        return losses

    return step


def classifier(name: str, images: data.Images, run: train.Runtime) -> Classifier:
    """The judge: shipped weights by name, or the network in the folder of a run of recipes.cnn."""
    net, path = Classifier(images.x.shape[1:], int(images.y.max()) + 1), Path(name) / "last.pt"
    if path.exists():
        train.Checkpoint(path, net=net).load()
    else:
        net.load_state_dict(data.weights(name))
    return net.to(run.device).eval()
