"""Killed at random moments, on one process and on two, a recipe ends as if nothing had happened, bit for bit."""

import random
import time

import pytest
import workers

KILLS = {1: 20, 2: 5}


def kill_at(processes, run, step, rng):
    """Kill all of them, a little after the log has reached `step`."""
    while run.step < step:
        assert all(process.is_alive() for process in processes), "it ended by itself"
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.02))
    for process in processes:
        process.kill()
    for process in processes:
        process.join()


@pytest.mark.parametrize("world", KILLS)
def test_every_resume_ends_bit_identical(tmp_path, small, a_run, world):
    whole, cut = (a_run(tmp_path / name) for name in ("whole", "cut"))
    workers.together(workers.recipe, "cnn", ["--out", str(whole.folder), *small], world=world)
    rng, reached = random.Random(world), []
    for _ in range(KILLS[world]):
        processes = workers.start(workers.recipe, "cnn", ["--out", str(cut.folder), "--resume", *small], world=world)
        if rng.random() < 0.2:  # while it starts or loads
            time.sleep(rng.uniform(0, 0.2))
            kill_at(processes, cut, 0, rng)
        else:
            kill_at(processes, cut, cut.step + rng.randrange(1, 120 // KILLS[world]), rng)
        reached.append(cut.step)
    assert len(set(reached)) > KILLS[world] / 2, "the kills came at different steps"
    assert reached[-1] < 160, "and before the end"
    workers.together(workers.recipe, "cnn", ["--out", str(cut.folder), "--resume"], world=world)
    cut.ends_like(whole)
    assert whole.result["test accuracy"] > 0.9
