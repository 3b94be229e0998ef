"""Train the classifier of the chapter on convolutions: 93,322 parameters on 28 × 28 pictures.

python -m companion.recipes.cnn --images mnist --epochs 10 --out runs/cnn
"""

import torch
import torch.nn.functional as F

from companion import data, train
from companion.data.augment import warp
from companion.data.batches import Batches
from companion.nets.cnn import Classifier
from companion.recipes import _run


def options(arguments: list[str] | None = None):
    p = _run.parser(__doc__, epochs=10, batch=100, lr=3e-3)
    p.add_argument("--images", help="data set or folder (default: COMPANION_IMAGES, or glyphs)")
    p.add_argument("--n", type=int, help="train on the first n pictures only")
    p.add_argument("--shift", type=float, default=0, help="move pictures by up to so many pixels (default 0)")
    p.add_argument("--turn", type=float, default=0, help="turn them by up to so many degrees (default 0)")
    p.add_argument("--bend", type=float, default=0, help="bend them by about so many pixels (default 0)")
    p.add_argument("--smoothing", type=float, default=0.0, help="label smoothing (default 0)")
    return p.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    given = options(arguments)
    with train.launch(given.device, precision=given.precision, seed=given.seed) as run:
        folder = _run.Folder(given, run)
        images = data.images(given.images, n=given.n)
        torch.manual_seed(given.seed)
        net = (
            Classifier(images.x.shape[1:], int(images.y.max()) + 1).to(run.device).to(memory_format=torch.channels_last)
        )
        if given.compile:
            net.compile()
        steps = _run.steps_of(len(images.x), given)
        optimizer = torch.optim.Adam(net.parameters(), given.lr, fused=True)
        update = train.Update(net, optimizer, run=run)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, given.lr, total_steps=steps, pct_start=0.2)
        augment = (
            warp(shift=given.shift, turn=given.turn, bend=given.bend)
            if given.shift or given.turn or given.bend
            else None
        )
        batches = Batches(
            images,
            _run.share_of_batch(given, run),
            seed=given.seed,
            rank=run.rank,
            world=run.world,
            device=run.device,
            augment=augment,
        )

        def step(x, y):
            with run.autocast():
                loss = F.cross_entropy(net(x), y, label_smoothing=given.smoothing)
            update(loss)
            rate.step()
            return {"loss": loss}

        for _ in _run.go(step, batches, given, run, folder, steps=steps, net=net, update=update, rate=rate):
            pass
        test = Batches(data.images(given.images, "test"), 1000, device=run.device)
        folder.write("result.json", {"test accuracy": accuracy(net, test), "steps": steps})


@torch.no_grad()
def accuracy(net: torch.nn.Module, batches: Batches) -> float:
    """The share of pictures whose largest logit is that of their class."""
    net.eval()
    right = sum(int((net(x).argmax(1) == y).sum()) for x, y in batches.once())
    net.train()
    return right / len(batches.y)


if __name__ == "__main__":
    main()
