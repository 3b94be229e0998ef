"""Cached files: sound or rebuilt, whatever was done to them."""

import hashlib
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from companion.data import cache

ARRAYS = {"x": np.arange(1000, dtype=np.uint8), "y": np.arange(7.0).reshape(1, 7)}


def never():
    raise AssertionError("built although a sound copy lies there")


def equal(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) and a[k].dtype == b[k].dtype for k in a)


def flip(content):
    return content[:700] + bytes([content[700] ^ 1]) + content[701:]


def test_built_once():
    assert equal(cache.cached("a", lambda: ARRAYS), ARRAYS)
    assert equal(cache.cached("a", never), ARRAYS)


@pytest.mark.parametrize(
    "damage", [flip, lambda c: c[:-1], lambda c: c + b"\0", lambda c: c[:20], lambda c: b"", lambda c: b"hello" * 99]
)
def test_damage_is_noticed_and_mended(damage):
    cache.cached("a", lambda: ARRAYS)
    path = cache.folder() / "a"
    sound = path.read_bytes()
    path.write_bytes(damage(sound))
    assert equal(cache.cached("a", lambda: ARRAYS), ARRAYS)
    assert path.read_bytes() == sound
    assert equal(cache.cached("a", never), ARRAYS)


def test_a_sealed_file_that_is_no_array_is_rebuilt_too():
    path = cache.folder() / "a"
    path.parent.mkdir(parents=True)
    path.write_bytes(hashlib.sha256(b"no arrays").digest() + b"no arrays")
    assert equal(cache.cached("a", lambda: ARRAYS), ARRAYS)


def test_an_unwritable_folder_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")  # also stops a superuser, whom permissions would not
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert equal(cache.cached("a", lambda: ARRAYS), ARRAYS)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "kept"
    cache.write_atomically(path, b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        cache.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_while_writing_leaves_no_file_of_that_name():
    code = f"""
import os, numpy
os.fsync = lambda handle: os.kill(os.getpid(), {int(getattr(signal, "SIGKILL", signal.SIGTERM))})
from companion.data import cache
cache.cached("a", lambda: {{"x": numpy.arange(9)}})
"""
    died = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert died.returncode != 0
    assert not died.stderr
    assert [path.name[0] for path in cache.folder().iterdir()] == ["."]  # only what was set aside
    cache.cached("a", lambda: ARRAYS)
    assert equal(cache.cached("a", never), ARRAYS)  # and that is in nobody's way


def test_two_processes_may_build_the_same_set_at_once():
    code = """
import hashlib
from companion.data import glyphs, images
glyphs.fields()
print("ready", flush=True)
input()
print(hashlib.sha256(images("glyphs", n=1000).x.tobytes()).hexdigest())
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    pair = [subprocess.Popen([sys.executable, "-c", code], **pipes) for _ in range(2)]
    assert [child.stdout.readline() for child in pair] == ["ready\n"] * 2
    for child in pair:
        child.stdin.write("go\n")
        child.stdin.flush()
    sums = {child.communicate(timeout=300)[0] for child in pair}
    assert [child.returncode for child in pair] == [0, 0]
    assert len(sums) == 1
    (path,) = cache.folder().iterdir()
    assert sums == {hashlib.sha256(cache.cached(path.name, never)["x"].tobytes()).hexdigest() + "\n"}


def test_folders_as_the_environment_says(monkeypatch, tmp_path):
    assert cache.folder() == tmp_path / "cache" / "companion"
    assert cache.downloads() == tmp_path / "downloads"
    monkeypatch.delenv("COMPANION_DATA")
    assert cache.downloads() == cache.folder()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache.folder() == cache.Path.home() / ".cache" / "companion"
