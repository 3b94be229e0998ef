"""A worker dies under torchrun: all are started anew, resume, and end as if nothing had happened."""

import contextlib
import os
import subprocess
import sys
import time

import psutil
import workers


def test_a_killed_worker_is_replaced_and_the_run_finishes(tmp_path, small, a_run):
    whole, cut = (a_run(tmp_path / name) for name in ("whole", "cut"))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--max-restarts=3"]
    recipe = ["-m", "companion.recipes.cnn", "--out", str(cut.folder), "--resume", *small, "--device", "cpu"]
    # without the second, restarted workers of torch 2.15 look for the store of the dead ones
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    agent = subprocess.Popen([*command, *recipe], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    workers.together(workers.recipe, "cnn", ["--out", str(whole.folder), *small, "--device", "cpu"], world=2)
    for turn, rank in enumerate((1, 0), start=1):
        victim = worker(agent, cut, 50 * turn, rank)
        victim.kill()
    _, errors = agent.communicate(timeout=120)
    assert agent.returncode == 0, errors.decode()
    cut.ends_like(whole)


def worker(agent, run, step, rank):
    """The process of that rank, once the log has reached `step`."""
    while run.step < step:
        assert agent.poll() is None, agent.stderr.read().decode()
        time.sleep(0.005)
    while True:
        for process in psutil.Process(agent.pid).children():
            with contextlib.suppress(psutil.Error):  # one that has just died has no environment
                if process.environ().get("RANK") == str(rank):
                    return process
        assert agent.poll() is None, agent.stderr.read().decode()
        time.sleep(0.005)
