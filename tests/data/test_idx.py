"""MNIST's file format: read as torchvision reads it, refused when torn or changed."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.data import idx


def encode(array):
    head = bytes([0, 0, 8, array.ndim]) + b"".join(length.to_bytes(4, "big") for length in array.shape)
    return head + array.tobytes()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "pictures-ubyte"
    path.write_bytes(encode(np.arange(24, dtype=np.uint8).reshape(2, 3, 4)))
    return path


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.randoms())
def test_reads_what_was_written(shape, random):
    array = np.frombuffer(random.randbytes(int(np.prod(shape))), np.uint8).reshape(shape)
    assert np.array_equal(idx.parse(encode(array), Path("file")), array)


def test_reads_like_torchvision(real_mnist):
    from torchvision.datasets.mnist import read_image_file

    path = Path(real_mnist) / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    assert np.array_equal(idx.read(path, idx.KNOWN[path.name]), read_image_file(str(path)).numpy())


@pytest.mark.parametrize("cut", [-1, 20, 15, 5])
def test_torn(file, cut):
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"pictures-ubyte is torn: \d+ bytes long, [\d,]+ expected; delete it"):
        idx.read(file)


def test_too_long(file):
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(ValueError, match="41 bytes long, 40 expected"):
        idx.read(file)


@pytest.mark.parametrize("content", [b"", b"\0\0\x08", b"<html>404</html>", b"\0\0\x0d\1\0\0\0\0"])
def test_something_else(file, content):
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"pictures-ubyte is no IDX file of bytes.*delete it"):
        idx.read(file)
    assert not list(file.parent.glob("*.sha256"))  # nothing bad is taken for the measure


def test_a_change_after_the_first_reading_is_refused(file):
    sound = file.read_bytes()
    idx.read(file)
    idx.read(file)
    file.write_bytes(sound[:-1] + b"\0")
    with pytest.raises(
        ValueError, match=r"pictures-ubyte has changed.*delete it .*or, .* delete pictures-ubyte\.sha256"
    ):
        idx.read(file)
    file.write_bytes(sound)
    assert idx.read(file)[-1, -1, -1] == 23


def test_the_record_is_what_sha256sum_checks(file):
    idx.read(file)
    record = file.with_name("pictures-ubyte.sha256").read_text()
    assert record == f"{hashlib.sha256(file.read_bytes()).hexdigest()}  pictures-ubyte\n"


def test_a_known_checksum_outranks_the_record_and_leaves_none(file):
    with pytest.raises(ValueError, match=r"has changed: its sha256 begins .{12}, not 000000000000; delete it to have"):
        idx.read(file, "0" * 64)
    idx.read(file, hashlib.sha256(file.read_bytes()).hexdigest())
    assert list(file.parent.glob("*.sha256")) == []


def test_a_folder_that_cannot_be_written_is_only_read(file, monkeypatch):
    def refuse(path, content):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(idx, "write_atomically", refuse)
    assert idx.read(file).shape == (2, 3, 4)
