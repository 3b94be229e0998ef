"""Checkpoint: what was saved comes back to the last bit, a torn file does no harm, a foreign one is named."""

import os
import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn

from companion import train


def build(width=8):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, width), nn.BatchNorm1d(width), nn.Dropout(0.3), nn.Linear(width, 2))
    update = train.Update(net, torch.optim.Adam(net.parameters(), 0.01))
    return net, update, train.EMA(net, half_life=100)


def steps(net, update, ema, run, start, end):
    x = torch.randn(64, 4, generator=torch.Generator().manual_seed(1))

    def step(batch):
        loss = (net(batch) ** 2).mean() + torch.rand(())
        update(loss)
        ema.update(len(batch))
        return loss

    (*_, state) = train.fit(step, [(b,) for b in x.split(8)], run=run, steps=end, start=start)
    return state


def test_a_resumed_run_ends_bit_identical(tmp_path, run):
    net, update, ema = build()
    steps(net, update, ema, run, 0, 30)
    other, other_update, other_ema = build()
    checkpoint = train.Checkpoint(tmp_path / "a" / "last.pt", net=other, update=other_update, ema=other_ema)
    assert checkpoint.load() == 0
    steps(other, other_update, other_ema, run, 0, 17)
    checkpoint.save(17)
    third, third_update, third_ema = build()
    resumed = train.Checkpoint(tmp_path / "a" / "last.pt", net=third, update=third_update, ema=third_ema)
    assert resumed.load() == 17
    steps(third, third_update, third_ema, run, 17, 30)
    for a, b in ((net, third), (ema.net, third_ema.net)):
        for p, q in zip(a.state_dict().values(), b.state_dict().values(), strict=True):
            assert torch.equal(p, q)
    assert ema.images == third_ema.images == 240


@pytest.fixture
def saved(tmp_path):
    net, update, ema = build()
    checkpoint = train.Checkpoint(tmp_path / "last.pt", net=net, update=update, ema=ema)
    checkpoint.save(1)
    with torch.no_grad():
        net[0].bias.fill_(7)
    checkpoint.save(2)
    return checkpoint


def test_a_torn_file_gives_way_to_the_one_before(saved):
    whole = saved.path.read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        saved.path.write_bytes(whole[:length])
        assert saved.load() == 1
    saved.path.unlink()  # a kill between the two renames
    assert saved.load() == 1


def test_two_torn_files_are_an_error_and_no_fresh_start(saved):
    saved.path.write_bytes(b"torn")
    saved.previous.write_bytes(b"torn too")
    with pytest.raises(
        ValueError, match=r"torn or foreign: .*last.pt .*; .*last.pt.previous .*Delete it to begin anew"
    ):
        saved.load()


def test_another_architecture_is_named_and_nothing_is_changed(saved):
    net, update, ema = build(width=9)
    before = net[0].weight.clone()
    with pytest.raises(ValueError, match=r"net\.0\.bias has shape \(8,\) in the file and shape \(9,\) here"):
        train.Checkpoint(saved.path, net=net, update=update, ema=ema).load()
    assert torch.equal(before, net[0].weight)


def test_names_that_the_file_does_not_hold_are_named(saved):
    with pytest.raises(ValueError, match="holds ema, net, update, and no G"):
        train.Checkpoint(saved.path, G=nn.Linear(1, 1)).load()


def test_a_foreign_file_of_torch_is_refused(saved):
    torch.save({"weights": torch.zeros(3)}, saved.path)
    torch.save(nn.Linear(2, 2), saved.previous)  # a pickle: weights_only refuses it
    with pytest.raises(ValueError, match=r"it is no checkpoint of companion\.train"):
        saved.load()


def test_what_has_no_state_cannot_be_kept(tmp_path):
    with pytest.raises(TypeError, match="rate is a float, which has no state_dict"):
        train.Checkpoint(tmp_path / "x", rate=0.1)
    with pytest.raises(ValueError, match="nothing to keep"):
        train.Checkpoint(tmp_path / "x")


def test_a_full_disk_leaves_the_last_file_and_says_so(saved, monkeypatch):
    before = saved.path.read_bytes(), saved.previous.read_bytes()

    def full(state, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(
        OSError, match=r"could not be written at step 3 .*No space left.*last checkpoint, .*last.pt, is whole"
    ):
        saved.save(3)
    assert (saved.path.read_bytes(), saved.previous.read_bytes()) == before
    assert sorted(p.name for p in saved.path.parent.iterdir()) == ["last.pt", "last.pt.previous"]


KILLED = """
    import sys, torch
    from torch import nn
    from companion import train
    torch.manual_seed(0)
    net = nn.Linear(300, 300)
    checkpoint = train.Checkpoint(sys.argv[1], net=net)
    step = checkpoint.load()
    assert float(net.bias.detach()[0]) == step or step == 0, (net.bias[0], step)
    print(step, flush=True)
    while True:
        step += 1
        with torch.no_grad():
            net.bias.fill_(step)
        checkpoint.save(step)
        print(step, flush=True)
"""


def test_killed_at_any_moment_it_goes_on_from_a_whole_file(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(KILLED))
    command = [sys.executable, str(program), str(tmp_path / "last.pt")]
    last = 0
    for turn in range(4):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for line in process.stdout:
            assert int(line) >= last - 1
            last = max(last, int(line))
            if int(line) > (turn + 1) * 7:
                break
        process.kill()
        assert "Error" not in process.communicate()[1]
    assert last > 28


RESTARTED = """
    import os, pathlib, signal, torch
    from torch import nn
    from companion import train
    run = train.launch("cpu", seed=1)
    torch.manual_seed(run.rank)
    net = nn.Linear(4, 1)
    update = train.Update(net, torch.optim.Adam(net.parameters(), 0.01), run=run)
    checkpoint = train.Checkpoint(NAME, run=run, net=net, update=update)
    start = checkpoint.load()
    def step(x):
        loss = (net(x + torch.rand(x.shape)) ** 2).mean()
        update(loss)
        return loss
    for state in train.fit(step, [(torch.ones(8, 4),)], run=run, steps=20, start=start):
        if state.step % 5 == 0:
            checkpoint.save(state.step)
        if CRASH and start == 0 and state.step == 12 and run.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
    if run.first:
        print("started at", start)
        torch.save(net.state_dict(), NAME + ".end")
    run.close()
"""


def test_a_killed_worker_is_restarted_and_finishes_bit_identical(torchrun, tmp_path):
    plain = torchrun(RESTARTED.replace("NAME", '"plain"').replace("CRASH", "False"), 2)
    killed = torchrun(RESTARTED.replace("NAME", '"killed"').replace("CRASH", "True"), 2, max_restarts=1)
    assert "started at 0" in plain
    assert "started at 10" in killed
    ends = [torch.load(tmp_path / f"{name}.end") for name in ("plain", "killed")]
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])
