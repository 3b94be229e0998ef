"""Programs in processes of their own that start at once: forked from a server that has torch imported already.

`start(program, …)` returns the processes, one a rank; `program` is a function of this file. `together` also waits.
"""

import importlib
import multiprocessing
import os
import socket
import sys
import threading
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["companion.recipes.cnn", "torch._dynamo"])  # the second: at an optimizer's first step


def start(program, *arguments, world=1):
    environment = {"WORLD_SIZE": str(world), "MASTER_ADDR": "localhost", "MASTER_PORT": str(_free_port())}
    processes = [
        _SERVER.Process(target=_enter, args=(environment | {"RANK": str(rank)}, program, arguments))
        for rank in range(world)
    ]
    for process in processes:
        process.start()
    return processes


def together(program, *arguments, world=1):
    """Wait for all; each must end well."""
    processes = start(program, *arguments, world=world)
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * world


def _enter(environment, program, arguments):
    """What a rank does. Its words go nowhere, so that pytest's stay readable."""
    import torch
    from tqdm import tqdm

    torch.set_num_threads(1)
    tqdm.set_lock(threading.RLock())  # its own would outlive a killed process
    os.environ.update(environment)
    with open(os.devnull, "w") as sys.stdout:
        program(*arguments)


def _free_port():
    with socket.socket() as s:
        s.bind(("localhost", 0))
        return s.getsockname()[1]


# --- programs --------------------------------------------------------------------------------------------------------


def recipe(name, arguments):
    importlib.import_module(f"companion.recipes.{name}").main(arguments)


def forty_steps(folder):
    """40 steps with 32 rows each, shared by all processes, in float64; the first saves the weights."""
    import torch
    from torch import nn

    from companion import train

    with train.launch("cpu") as run:
        torch.manual_seed(run.rank)  # different weights on each process: Update makes them the first's
        net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).double()
        update = train.Update(net, torch.optim.Adam(net.parameters(), 0.01), run=run, max_norm=0.5)
        generator = torch.Generator().manual_seed(1)
        x, y = (torch.randn(40, 32, k, generator=generator).double() for k in (4, 2))
        share = slice(run.rank * 32 // run.world, (run.rank + 1) * 32 // run.world)

        def step(x, y):
            loss = ((net(x) - y) ** 2).mean()
            update(loss)
            return loss

        batches = [(a[share], b[share]) for a, b in zip(x, y, strict=True)]
        *_, state = train.fit(step, batches, run=run, steps=40)
        assert state.images == 40 * 32
        assert float(run.mean(torch.tensor(float(run.rank)))) == (run.world - 1) / 2
        if run.first:
            torch.save([p.detach() for p in net.parameters()], Path(folder, f"weights-{run.world}.pt"))


def parts_that_one_process_uses(folder):
    """Rank 0 uses `first`, rank 1 `second`, both `shared`, nobody `spare`; each saves the weights after one step."""
    import pytest
    import torch
    from torch import nn

    from companion import train

    with train.launch("cpu") as run:
        torch.manual_seed(run.rank)
        net = nn.ParameterDict({name: nn.Parameter(torch.ones(2)) for name in ("first", "second", "shared", "spare")})
        own = net["second"] if run.rank else net["first"]
        optimizer = torch.optim.SGD(net.parameters(), 1.0)
        for forgetful in (lambda: train.Update(net, optimizer), lambda: train.Checkpoint("x", net=net)):
            with pytest.raises(ValueError, match="there are 2 processes and no run"):
                forgetful()
        update = train.Update(net, optimizer, run=run)
        update(4 * own.sum() + (run.rank + 1) * net["shared"].sum())
        torch.save({name: p.detach() for name, p in net.items()}, Path(folder, f"{run.rank}.pt"))


def rank_as_loss(folder):
    """Five steps, a report at each second; the loss of step t on rank r is t/2 + r."""
    import torch

    from companion import train
    from companion.recipes import _run

    given = _run.parser("A recipe.", epochs=1, batch=2, lr=1).parse_args(["--out", folder, "--report", "2"])
    with train.launch("cpu") as run:
        batches = [(torch.full((1,), t / 2 + run.rank),) for t in range(5)]
        options = {"steps": 5, "weight": torch.nn.Linear(1, 1)}
        for _ in _run.go(torch.mean, batches, given, run, _run.Folder(given, run), **options):
            pass


def private_steps(folder):
    """Ten steps of DP-SGD on 40 rows, shared by all processes, in float64; the first saves the weights and the ε."""
    import torch
    from torch import nn

    from companion import train
    from companion.train import privacy

    with train.launch("cpu", seed=2) as run:
        torch.manual_seed(run.rank)
        net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).double()
        generator = torch.Generator().manual_seed(1)
        x, y = (torch.randn(40, k, generator=generator).double() for k in (4, 2))
        batches = privacy.PoissonBatches(x, y, size=12, run=run)
        optimizer = torch.optim.Adam(net.parameters(), 0.01)

        def loss(net, x, y):
            return ((net(x) - y) ** 2).sum()

        update = privacy.PrivateUpdate(net, optimizer, loss, batches, noise=0.7, max_norm=0.5, run=run, chunk=5)
        (*_, state) = train.fit(lambda x, y: {"loss": update(x, y)}, batches, run=run, steps=10)
        assert state.step == update.steps == 10
        if run.first:
            saved = {"weights": [p.detach() for p in net.parameters()], "epsilon": update.spent(1e-3).epsilon}
            torch.save(saved, Path(folder, f"private-{run.world}.pt"))
