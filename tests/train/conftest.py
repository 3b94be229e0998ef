"""Small networks and data for the engine, and programs under torchrun."""

import os
import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn

from companion import train


@pytest.fixture
def run():
    return train.launch("cpu", seed=3)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).double()


@pytest.fixture
def torchrun(tmp_path):
    """Runs a program on so many processes and returns what they printed; the port is free, the folder is tmp_path."""

    def launch(program, processes, *, check=True, **options):
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(program))
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        command = [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            f"--nproc-per-node={processes}",
            *flags,
        ]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
        environment["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"  # else restarted workers find addresses of dead ones
        done = subprocess.run(
            [*command, str(path)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    return launch
