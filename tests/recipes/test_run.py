"""What all recipes share: options that come back on --resume, a log wound back, files that one process writes."""

import argparse
import json

import matplotlib.pyplot as plt
import pytest
import torch
import workers

from companion import train
from companion.recipes import _run


@pytest.fixture
def parse():
    p = _run.parser("A recipe.", epochs=3, batch=10, lr=0.1)
    p.add_argument("--images")
    return p.parse_args


@pytest.fixture
def run():
    return train.launch("cpu")


def test_defaults_and_the_folder(parse, tmp_path, run):
    given = parse(["--out", str(tmp_path / "a" / "b"), "--epochs", "1.5"])
    _run.Folder(given, run)
    record = json.loads((tmp_path / "a" / "b" / "options.json").read_text())
    assert record["epochs"] == 1.5
    assert record["lr"] == 0.1
    assert (record["seed"], record["report"], record["save"]) == (0, 100, 500)
    assert {"out", "resume"}.isdisjoint(record)


def test_help_teaches_every_option_and_the_files(parse, capsys):
    with pytest.raises(SystemExit, match="0"):
        parse(["--help"])
    said = capsys.readouterr().out
    for word in ("--resume", "torchrun --nproc-per-node N", "last.pt.previous", "log.jsonl", "default 3", "*.png"):
        assert word in said


@pytest.fixture
def begun(parse, tmp_path, run):
    """A folder in which a run with these options was cut off."""
    _run.Folder(parse(["--out", str(tmp_path), "--epochs", "7", "--seed", "4", "--save", "20"]), run)
    (tmp_path / "last.pt").write_bytes(b"")
    return tmp_path


def test_resume_needs_no_other_option(parse, begun):
    given = parse(["--out", str(begun), "--resume"])
    assert (given.epochs, given.seed, given.save, given.lr) == (7, 4, 20, 0.1)


def test_resume_refuses_what_would_be_another_run(parse, begun, capsys):
    with pytest.raises(SystemExit, match="2"):
        parse(["--out", str(begun), "--resume", "--seed", "5"])
    assert "--seed is 5 and was 4: leave it out to resume, or begin anew in another --out" in capsys.readouterr().err
    given = parse(["--out", str(begun), "--resume", "--save", "9", "--device", "cpu", "--seed", "4"])
    assert (given.save, given.device) == (9, "cpu")


def test_a_resumed_run_keeps_its_pictures(parse, tmp_path, run, monkeypatch):
    monkeypatch.setenv("COMPANION_IMAGES", "mnist")
    _run.Folder(parse(["--out", str(tmp_path)]), run)
    monkeypatch.delenv("COMPANION_IMAGES")
    assert parse(["--out", str(tmp_path), "--resume"]).images == "mnist"


def test_torn_options_are_told(parse, tmp_path, capsys):
    (tmp_path / "options.json").write_text("")
    with pytest.raises(SystemExit, match="2"):
        parse(["--out", str(tmp_path), "--resume"])
    assert "options.json is torn (Expecting value" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["--save 0", "--report -1", "--batch 0", "--epochs -1", "--lr 0", "--save 1.5"])
def test_numbers_that_make_no_sense_are_refused(parse, capsys, words):
    with pytest.raises(SystemExit, match="2"):
        parse(["--out", "x", *words.split()])
    option, value = words.split()
    wrong = "is not above 0" if value != "1.5" else "invalid int value: '1.5'"
    assert wrong in (said := capsys.readouterr().err)
    assert f"argument {option}" in said


def test_two_runs_do_not_share_a_folder(parse, begun, run):
    with pytest.raises(SystemExit, match=r"last\.pt exists already: add --resume to go on with it"):
        _run.Folder(parse(["--out", str(begun)]), run)


def test_the_log_is_wound_back_to_the_checkpoint(parse, tmp_path, run, capsys):
    folder = _run.Folder(parse(["--out", str(tmp_path)]), run)
    assert folder.rewind(0) == 0
    for step in (10, 20, 30):
        folder.log({"step": step, "loss": 1 / step, "seconds": step / 2})
    path = tmp_path / "log.jsonl"
    path.write_text(path.read_text() + '\0\0{"step": 35}\n{"step": 40, "lo')  # a power cut, and killed while it wrote
    assert folder.rewind(25) == 10.0
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [10, 20]
    assert "step 20  loss 0.05  seconds 10" in capsys.readouterr().out


def test_only_the_first_process_writes(parse, tmp_path, run):
    second = train.Runtime(run.device, run.dtype, 1, 2, 0)
    folder = _run.Folder(parse(["--out", str(tmp_path / "x")]), second)
    folder.log({"step": 1})
    folder.picture("p", None)
    folder.write("result.json", {})
    folder.rewind(0)
    assert not (tmp_path / "x").exists()


def test_a_folder_that_cannot_be_made_ends_in_a_sentence(parse, tmp_path, run):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match=r"stopped: .*file"):
        _run.Folder(parse(["--out", str(tmp_path / "file" / "x")]), run)


def test_a_full_disk_ends_in_a_sentence_and_leaves_what_was_there(parse, tmp_path, run, monkeypatch):
    folder = _run.Folder(parse(["--out", str(tmp_path)]), run)
    folder.write("result.json", {"a": 1})
    monkeypatch.setattr("pathlib.Path.write_bytes", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(SystemExit, match=r"stopped: .*No space left"):
        folder.write("result.json", {"a": 2})
    with pytest.raises(SystemExit, match=r"stopped: .*No space left"):
        folder.picture("p", plt.figure())
    assert json.loads((tmp_path / "result.json").read_text()) == {"a": 1}
    assert not plt.get_fignums()


@pytest.mark.parametrize("rise", [0.1, 0.2])
@pytest.mark.parametrize("steps", [1, 2, 5, 9, 10, 11, 40, 1000])
def test_the_rate_rises_then_falls_however_short_the_run(steps, rise):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0)
    rate, seen = _run.one_cycle(optimizer, 0.5, steps, rise), []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        rate.step() if len(seen) < steps else None
    assert all(0 < lr <= 0.5 for lr in seen)
    if steps * rise >= 2:
        top = seen.index(max(seen))
        assert (top + 1) / steps == pytest.approx(rise, abs=1 / steps)
        assert max(seen) == pytest.approx(0.5, rel=0.1)
        assert seen[-1] < 1e-3


def test_the_log_holds_the_mean_over_processes(tmp_path):
    workers.together(workers.rank_as_loss, str(tmp_path), world=2)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["loss"]) for line in lines] == [(2, 0.75), (4, 1.75), (5, 2.25)]


def test_steps_and_shares(run):
    given = argparse.Namespace(epochs=1.5, batch=12)
    assert (_run.steps_of(60, given), _run.steps_of(1, given)) == (8, 1)
    assert _run.share_of_batch(given, train.Runtime(run.device, run.dtype, 0, 3, 0)) == 4
    with pytest.raises(SystemExit, match="--batch 12 is not a multiple of the 5 processes"):
        _run.share_of_batch(given, train.Runtime(run.device, run.dtype, 0, 5, 0))
