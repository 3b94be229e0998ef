"""Checkpoint: what was saved comes back to the last bit, a torn file does no harm, a foreign one is named."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

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
        with pytest.warns(UserWarning, match=r"torn: .*last\.pt \(.+\); going on from .*last\.pt\.previous, step 1"):
            assert saved.load() == 1
    saved.path.unlink()  # a kill between the two renames
    assert saved.load() == 1


def test_a_torn_file_does_not_take_the_place_of_the_whole_one(saved, monkeypatch):
    """Killed in the middle of the next save, a run still has what it began from."""
    saved.path.write_bytes(b"torn")
    with pytest.warns(UserWarning, match="going on"):
        saved.load()

    def killed(*names):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            saved.save(3)
    with pytest.warns(UserWarning, match="going on"):
        assert saved.load() == 1
    saved.save(3)
    assert saved.load() == 3
    saved.save(4)
    saved.path.unlink()
    assert saved.load() == 3, "from here on the two take turns again"


def test_what_is_called_whole_was_read(saved, monkeypatch):
    monkeypatch.setattr(torch, "save", lambda *_: (_ for _ in ()).throw(OSError()))
    saved.path.write_bytes(b"torn")
    with pytest.raises(OSError, match=r"step 5 \(OSError\); the last checkpoint, .*last\.pt\.previous, is whole"):
        saved.save(5)
    saved.previous.write_bytes(b"torn too")
    with pytest.raises(OSError, match="there is no earlier one"):
        saved.save(5)


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), MemoryError()])
def test_a_disk_that_fails_is_not_taken_for_a_torn_file(saved, monkeypatch, error):
    monkeypatch.setattr(torch, "load", lambda *_, **__: (_ for _ in ()).throw(error))
    with pytest.raises(type(error)):
        saved.load()


@pytest.mark.parametrize("change", ["a frozen bias", "two groups for one"])
def test_an_optimizer_of_other_groups_is_refused_before_anything_changes(saved, tmp_path, change):
    def pair(changed):
        net = nn.Linear(3, 2)
        if changed and change == "a frozen bias":
            net.bias.requires_grad_(False)
        trained = [p for p in net.parameters() if p.requires_grad]
        groups = [{"params": [p]} for p in trained] if changed and change == "two groups for one" else trained
        return net, torch.optim.Adam(groups)

    net, optimizer = pair(False)
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    path = tmp_path / "plain.pt"
    train.Checkpoint(path, net=net, optimizer=optimizer).save(1)
    same, other = pair(False), pair(True)
    assert train.Checkpoint(path, net=same[0], optimizer=same[1]).load() == 1, "a plain optimizer can be resumed"
    assert torch.equal(same[0].weight, net.weight)
    before = other[0].weight.clone()
    with pytest.raises(ValueError, match=r"optimizer\.param_groups\.0\.params has 2 parameters in the file and 1 para"):
        train.Checkpoint(path, net=other[0], optimizer=other[1]).load()
    assert torch.equal(other[0].weight, before)


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
    with pytest.raises(
        ValueError, match=r"net\.0\.bias has a tensor \(8,\) of float32 in the file and a tensor \(9,\) of float32 here"
    ):
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


class Program:
    """A pickle that runs a program when it is opened."""

    def __init__(self, made):
        self.made = made

    def __reduce__(self):
        return os.mkdir, (str(self.made),)


def test_a_file_cannot_run_a_program(saved, tmp_path):
    for path in (saved.path, saved.previous):
        torch.save({"step": 1, "states": {"net": Program(tmp_path / "made")}}, path)
    with pytest.raises(ValueError, match="torn or foreign"):
        saved.load()
    assert not (tmp_path / "made").exists()


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


def test_weights_that_are_no_numbers_are_not_written(saved):
    before = saved.path.read_bytes()
    with torch.no_grad():
        saved.objects["net"][3].weight[1, 2] = float("nan")
    with pytest.raises(
        FloatingPointError, match=r"not written at step 3: net\.3\.weight holds NaN; the last checkpoint"
    ):
        saved.save(3)
    assert saved.path.read_bytes() == before


def test_in_the_middle_of_an_accumulated_step_nothing_can_be_saved(tmp_path):
    net = nn.Linear(4, 2)
    update = train.Update(net, torch.optim.SGD(net.parameters(), 0.1), accumulate=3)
    checkpoint = train.Checkpoint(tmp_path / "a.pt", net=net, update=update)
    update(net(torch.ones(1, 4)).sum())
    with pytest.raises(ValueError, match=r"1 of 3 calls of a step are done.*save after a multiple of 3 calls"):
        checkpoint.save(1)
    update(net(torch.ones(1, 4)).sum())
    update(net(torch.ones(1, 4)).sum())
    checkpoint.save(3)
    assert checkpoint.load() == 3


def test_what_a_killed_process_left_aside_is_written_over(saved):
    saved.aside.write_bytes(b"half")
    saved.save(3)
    assert not saved.aside.exists()
    assert saved.load() == 3


# --- disks that refuse: in a process of its own, where a limit or a lost right hurts nobody else ----------------------


def in_a_child(action):
    """What `action` returned in a forked process, as text."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(write, str(action()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def error_of(checkpoint):
    try:
        checkpoint.save(3)
    except OSError as error:
        return error
    return "it was saved"


posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@posix
@pytest.mark.parametrize("room", [0, 100, 5000])
def test_where_the_disk_takes_no_more_bytes_the_last_file_stays(saved, room):
    """The system itself refuses to let a file grow past `room` bytes, in the middle of torch's writing."""
    import resource
    import signal

    def small_disk():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        return error_of(saved)

    before = saved.path.read_bytes(), saved.previous.read_bytes()
    assert len(before[0]) > 5000
    said = in_a_child(small_disk)
    assert "last.pt could not be written at step 3 (" in said
    assert f"the last checkpoint, {saved.path}, is whole." in said
    assert (saved.path.read_bytes(), saved.previous.read_bytes()) == before
    assert not saved.aside.exists()
    assert saved.load() == 2


@posix
def test_a_folder_that_may_not_be_written_is_named(saved):
    """Root may write everywhere, so root becomes nobody first."""
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to others
    try:
        for path in (saved.path, saved.previous):
            shutil.copy(path, folder)
        for path in folder.iterdir():
            path.chmod(0o644)
        folder.chmod(0o555)

        def as_nobody():
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            return error_of(train.Checkpoint(folder / "last.pt", **saved.objects))

        said = in_a_child(as_nobody)
        assert f"{folder}/last.pt could not be written at step 3 (" in said
        assert os.strerror(errno.EACCES) in said
        assert "last.pt, is whole." in said
        assert train.Checkpoint(folder / "last.pt", **saved.objects).load() == 2
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_path_that_can_be_no_folder_says_so_too(tmp_path):
    (tmp_path / "file").write_text("")
    net = nn.Linear(2, 2)
    with pytest.raises(OSError, match=r"could not be written at step 1 .*there is no earlier one"):
        train.Checkpoint(tmp_path / "file" / "last.pt", net=net).save(1)


def test_a_file_that_may_not_be_read_is_no_fresh_start(saved, monkeypatch):
    def refuse(*given, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(saved.path))

    monkeypatch.setattr(torch, "load", refuse)
    with pytest.raises(PermissionError, match="denied"):
        saved.load()
