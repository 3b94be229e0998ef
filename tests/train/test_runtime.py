"""launch: the device and precision asked for, torchrun's place, and numbers that depend on (seed, rank, step) alone."""

import pytest
import torch

from companion import train
from companion.data.batches import order
from companion.train import runtime


def test_alone_on_the_processor(run):
    assert (run.device.type, run.dtype, run.rank, run.world, run.seed) == ("cpu", torch.float32, 0, 1, 3)
    assert run.first
    x = torch.tensor([1.0, 2.0])
    assert run.mean(x) is x
    with run as same:  # leaving where no group was joined is harmless
        assert same is run


def test_autocast_is_what_was_asked_for():
    x = torch.randn(4, 4)
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        run = train.launch("cpu", precision=precision)
        with run.autocast():
            assert (x @ x).dtype is dtype
            assert torch.nn.functional.cross_entropy(x @ x, torch.zeros(4, dtype=torch.int64)).dtype is torch.float32


def test_torchrun_tells_the_place(monkeypatch):
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0")):
        monkeypatch.setenv(name, value)
    assert (train.launch("cpu").rank, train.launch("cpu").world) == (0, 1)
    joined = []
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setattr(torch.distributed, "init_process_group", joined.append)
    run = train.launch("cpu")
    assert (run.rank, run.world, run.first, joined) == (3, 4, False, ["gloo"])


@pytest.mark.parametrize(
    ("have", "world", "capability", "expected", "dtype"),
    [
        ({"cuda"}, 1, (8, 0), "cuda:2", torch.bfloat16),
        ({"cuda"}, 4, (7, 5), "cuda:2", torch.float32),
        ({"mps"}, 1, None, "mps", torch.float32),
        ({"mps"}, 2, None, "cpu", torch.float32),
        (set(), 1, None, "cpu", torch.float32),
    ],
)
def test_the_best_device_there_is(monkeypatch, have, world, capability, expected, dtype):
    """As far as that can be tried without one: what torch is asked is answered here."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in have)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in have)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    place = runtime._device(None, 2, world)
    assert str(place) == expected
    assert runtime._best_dtype(place) is dtype


def test_the_same_step_draws_the_same(run):
    drawn = []
    for _ in range(2):
        run.reseed(7)
        drawn.append(torch.rand(3))
    assert torch.equal(*drawn)
    assert run.reseed(7) != run.reseed(8)


@pytest.mark.parametrize(
    ("name", "local", "words"),
    [
        (
            "cuda",
            4,
            "device is 'cuda' for process 4 of this machine, which has 4 GPUs; ask for 'cuda'",
        ),
        ("cuda:1", 0, "device is 'cuda:1' for process 0"),
        ("cuda:4", 0, "device is 'cuda:4', which this machine does not have"),
        ("cuda:one", 0, "device is 'cuda:one', which this machine does not have"),
    ],
)
def test_a_gpu_for_each_process(monkeypatch, name, local, words):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert str(runtime._device("cuda", 3, 8)) == "cuda:3"
    assert str(runtime._device("cuda:1", 0, 1)) == "cuda:1"
    with pytest.raises(ValueError, match=words):
        runtime._device(name, local, 8)


def test_a_number_after_the_processor_is_taken():
    assert train.launch("cpu:0").device == torch.device("cpu:0")


def test_the_largest_seed_shuffles():
    assert sorted(order(5, 2**32 - 1, 7).tolist()) == list(range(5))


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "cuda:99"}, "device is 'cuda:99', which this machine does not have; it has .*cpu"),
        ({"device": "tpu"}, "device is 'tpu'"),
        ({"precision": "float16"}, "precision is 'float16'; allowed are float32, bfloat16"),
        ({"device": "cpu:1"}, "device is 'cpu:1'"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**32}, "seed is 4294967296; a whole number ≥ 0 and < 2³² is needed"),
        ({"seed": 1.5}, r"seed is 1\.5"),
    ],
)
def test_what_is_not_there_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        train.launch(**({"device": "cpu"} | options))
