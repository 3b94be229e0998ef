"""Images a second of our GAN step, and of the loop of pytorch/examples' dcgan/main.py with the same networks.

    python -m benchmarks.dcgan [--threads 2] [--repeats 5] [--steps 12]

"The usual loop" is that program's: torchvision's data set, ToTensor and Normalize for every picture, a DataLoader,
binary cross-entropy on a sigmoid, all of both networks differentiated in each backward pass, four numbers read, a line
printed at every step. (Its Resize is left out: the pictures have the right size.) It makes one batch of fakes for both
moves; ours can do so too, or make two. All entries train the same networks from the same seed with Adam, batch 64, at
the same number of threads; all run after `launch`, so that the usual loop has its memory setting too. Its printed lines
go nowhere. Needs COMPANION_DATA with MNIST's files.
"""

import argparse
import io
import os
from collections.abc import Callable

import torch
from torch import nn
from torchvision import datasets, transforms

from benchmarks import contest
from benchmarks.loop import LAST, rates
from companion import data, train
from companion.data.batches import Batches
from companion.nets import dcgan, gan

USUAL = "the usual loop"
BATCH, RATE, BETAS = 64, 2e-4, (0.5, 0.999)
Z_DIM = 100


class WithSigmoid(nn.Module):
    """D as pytorch/examples has it: with a probability at its end."""

    def __init__(self, D: nn.Module) -> None:
        super().__init__()
        self.D = D

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.D(x))


def networks(width: int, **how) -> tuple[dcgan.Generator, dcgan.Discriminator]:
    torch.manual_seed(0)
    return dcgan.Generator(Z_DIM, width=width).to(**how), dcgan.Discriminator(width=width).to(**how)


def usual(width: int, loader: torch.utils.data.DataLoader, steps: int, **how) -> None:
    """As in pytorch/examples, cut off after so many steps."""
    netG, D = networks(width, **how)
    netD, said = WithSigmoid(D), io.StringIO()
    criterion = nn.BCELoss()
    optimizerD = torch.optim.Adam(netD.parameters(), lr=RATE, betas=BETAS)
    optimizerG = torch.optim.Adam(netG.parameters(), lr=RATE, betas=BETAS)
    for i, (real, _) in enumerate(loader):
        netD.zero_grad()
        label = torch.full((len(real),), 1.0)
        output = netD(real)
        errD_real = criterion(output, label)
        errD_real.backward()
        D_x = output.mean().item()

        noise = torch.randn(len(real), Z_DIM)
        fake = netG(noise)
        label.fill_(0.0)
        output = netD(fake.detach())
        errD_fake = criterion(output, label)
        errD_fake.backward()
        D_G_z1 = output.mean().item()
        errD = errD_real + errD_fake
        optimizerD.step()

        netG.zero_grad()
        label.fill_(1.0)
        output = netD(fake)
        errG = criterion(output, label)
        errG.backward()
        D_G_z2 = output.mean().item()
        optimizerG.step()
        print(f"[{i}/{len(loader)}] Loss_D: {errD.item():.4f} Loss_G: {errG.item():.4f} D(x): {D_x:.4f} "
              f"D(G(z)): {D_G_z1:.4f} / {D_G_z2:.4f}", file=said)  # fmt: skip
        if i + 1 == steps:
            return


def ours(width: int, batches: Batches, run: train.Runtime, steps: int, **how) -> None:
    """The loop of the chapter."""
    G, D = networks(width, **LAST)
    adams = [torch.optim.Adam(net.parameters(), RATE, betas=BETAS, fused=True) for net in (G, D)]
    updates = [train.Update(net, adam, run=run) for net, adam in zip((G, D), adams, strict=True)]
    step = gan.make_step(G, D, *updates, run, **how)
    for _ in train.fit(step, batches, run=run, steps=steps):
        pass


def contests(widths: list[int], repeats: int, steps: int) -> dict[str, list[dict]]:
    """One for each width."""
    scale = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    pictures = datasets.MNIST(os.environ["COMPANION_DATA"], transform=scale)
    loader = torch.utils.data.DataLoader(pictures, batch_size=BATCH, shuffle=True)
    ahead = torch.utils.data.DataLoader(
        pictures, batch_size=BATCH, shuffle=True, num_workers=2, persistent_workers=True
    )
    run, batches, tables = train.launch("cpu"), Batches(data.images("mnist"), BATCH, signed=True), {}
    for width in widths:
        entries: dict[str, Callable[[], None]] = {
            USUAL: lambda w=width: usual(w, loader, steps),
            "the usual loop, 2 workers that read ahead": lambda w=width: usual(w, ahead, steps),
            "the usual loop, channels_last": lambda w=width: usual(w, loader, steps, **LAST),
            "ours, one batch of fakes": lambda w=width: ours(w, batches, run, steps, reuse=True),
            "ours, two batches of fakes": lambda w=width: ours(w, batches, run, steps),
        }
        title = f"28 × 28 grey, width {width}, batch {BATCH}, {steps} steps a round"
        tables[title] = rates(contest.race(entries, repeats=repeats), steps * BATCH, USUAL)
    return tables


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--steps", type=int, default=12)
    options.add_argument("--widths", type=int, nargs="+", default=[32, 64])
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    tables = contests(given.widths, given.repeats, given.steps)
    contest.write("dcgan", {"machine": contest.machine(given.threads), "contests": tables})


if __name__ == "__main__":
    main()
