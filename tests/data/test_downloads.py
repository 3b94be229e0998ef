"""Downloads for real, from a server on this machine that can also lie, break off, hang up and fall silent."""

import gc
import gzip
import hashlib
import io
import pickle
import socket
import tarfile
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets

from companion.data import cache, downloads, images

# urllib leaves the sockets of failed requests to the garbage collector, which pytest would report
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

WAY_ON = r'could not be downloaded into .* go on with images\("glyphs"\) or images\("digits"\)'
RNG = np.random.default_rng(0)
X = {"train": RNG.integers(0, 256, (20, 28, 28), np.uint8), "t10k": RNG.integers(0, 256, (6, 28, 28), np.uint8)}
Y = {part: RNG.integers(0, 10, len(x), np.uint8) for part, x in X.items()}
C = RNG.integers(0, 256, (6, 10, 3072), np.uint8)  # five training files of ten pictures and one for the test


def idx_gz(array):
    head = bytes([0, 0, 8, array.ndim]) + b"".join(length.to_bytes(4, "big") for length in array.shape)
    return gzip.compress(head + array.tobytes(), mtime=0)


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def server():
    """`files`: name → content; `cut`: bytes of each content not sent; `asked`: names asked for; `silent`: no answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.strip("/")
            web.asked.append(name)
            if web.silent:
                return web.gone.wait(20)
            self.send_response(200 if name in web.files else 404)
            content = web.files.get(name, b"")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) - web.cut])

        def log_message(self, *args):
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.files, web.cut, web.asked, web.silent, web.gone = {}, 0, [], False, threading.Event()
    web.url = f"http://127.0.0.1:{web.server_port}/"
    threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield web
    web.gone.set()
    web.shutdown()
    web.server_close()
    gc.collect()  # what urllib left lying is collected here and not in somebody else's test


@pytest.fixture
def fashion(server, monkeypatch):
    """Fashion-MNIST, 20 and 6 pictures of it, on the server."""
    for part in X:
        server.files[f"{part}-images-idx3-ubyte.gz"] = idx_gz(X[part])
        server.files[f"{part}-labels-idx1-ubyte.gz"] = idx_gz(Y[part])
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [server.url])
    monkeypatch.setattr(datasets.FashionMNIST, "resources", [(k, md5(v)) for k, v in server.files.items()])
    return server


@pytest.fixture
def cifar(server, monkeypatch):
    """CIFAR-10, ten pictures to a file, on the server."""
    kind, archive = datasets.CIFAR10, io.BytesIO()
    names = [name for name, _ in kind.train_list + kind.test_list]
    content = {n: pickle.dumps({"data": C[i], "labels": [i] * 10}) for i, n in enumerate(names)}
    content["batches.meta"] = pickle.dumps({"label_names": list("abcdefghij")})
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, data in content.items():
            info = tarfile.TarInfo(f"{kind.base_folder}/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    server.files[kind.filename] = archive.getvalue()
    monkeypatch.setattr(kind, "url", server.url + kind.filename)
    monkeypatch.setattr(kind, "tgz_md5", md5(archive.getvalue()))
    monkeypatch.setattr(kind, "train_list", [[n, md5(content[n])] for n in names[:5]])
    monkeypatch.setattr(kind, "test_list", [[n, md5(content[n])] for n in names[5:]])
    monkeypatch.setattr(kind, "meta", {**kind.meta, "md5": md5(content["batches.meta"])})
    return server


def files():
    return sorted(path.name for path in cache.downloads().rglob("*") if path.is_file())


def test_set_aside_on_the_same_disk(fashion, monkeypatch):
    """From another disk a file cannot be moved in one step."""
    with monkeypatch.context() as m:
        m.setattr(tempfile, "tempdir", "nowhere")
        assert len(images("fashion_mnist").x) == 20


def test_fetched_once_and_read_again(fashion, capfd):
    for split, part in ("train", "train"), ("test", "t10k"):
        got = images("fashion_mnist", split)
        assert np.array_equal(got.x, X[part][:, None])
        assert got.x.dtype == np.uint8
        assert got.x.flags.writeable
        assert np.array_equal(got.y, Y[part])
        assert got.y.dtype == np.int64
    asked = len(fashion.asked)
    images("fashion_mnist")
    assert len(fashion.asked) == asked
    assert [f for f in files() if not f.endswith(".sha256")] == sorted(f.removesuffix(".gz") for f in fashion.files)
    assert [p.name for p in cache.downloads().iterdir()] == ["FashionMNIST"]  # nothing set aside is left
    assert capfd.readouterr() == ("", "")  # no progress bar where nobody looks at a terminal


def break_off(server):
    server.cut = 100


def lie(server):
    server.files = {name: content[:-1] + b"x" for name, content in server.files.items()}


def lose(server):
    server.files.clear()


def hang_up(server):
    server.RequestHandlerClass.do_GET = lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)


def babble(server):
    server.RequestHandlerClass.do_GET = lambda handler: handler.wfile.write(b"no HTTP\r\n\r\n")


@pytest.mark.parametrize("fault", [break_off, lie, lose, hang_up, babble])
@pytest.mark.parametrize("name", ["fashion_mnist", "cifar10"])
def test_a_failed_download_is_one_sentence_and_leaves_nothing(fault, name, request):
    server = request.getfixturevalue({"fashion_mnist": "fashion", "cifar10": "cifar"}[name])
    sound, answer = dict(server.files), server.RequestHandlerClass.do_GET
    fault(server)
    with pytest.raises(ConnectionError, match=f"^{name} {WAY_ON}") as refused:
        images(name)
    assert "\n" not in str(refused.value)
    assert list(cache.downloads().iterdir()) == []
    server.files, server.cut, server.RequestHandlerClass.do_GET = sound, 0, answer
    assert len(images(name).x) == {"fashion_mnist": 20, "cifar10": 50}[name]


def test_nobody_there(monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr(datasets.MNIST, "mirrors", [f"http://127.0.0.1:{unused.getsockname()[1]}/"])
        with pytest.raises(ConnectionError, match=f"^mnist {WAY_ON}"):
            images("mnist")
    assert files() == []


def test_a_silent_server_is_given_up(fashion, monkeypatch):
    fashion.silent = True
    monkeypatch.setattr(downloads, "TIMEOUT", 0.2)
    with pytest.raises(ConnectionError, match="timed out"):
        images("fashion_mnist")
    assert socket.getdefaulttimeout() is None  # nobody else's sockets are touched


def test_a_folder_that_cannot_be_written(fashion, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("COMPANION_DATA", str(tmp_path / "file"))
    with pytest.raises(ConnectionError, match=f"fashion_mnist {WAY_ON}"):
        images("fashion_mnist")


def test_only_what_is_missing_is_put_in_place(fashion):
    images("fashion_mnist")
    raw = cache.downloads() / "FashionMNIST" / "raw"
    kept, lost = raw / "train-labels-idx1-ubyte", raw / "train-images-idx3-ubyte"
    before = kept.stat().st_ino
    lost.unlink()
    assert np.array_equal(images("fashion_mnist").x[:, 0], X["train"])
    assert kept.stat().st_ino == before


def test_torn_changed_and_mismatched_files_are_refused(fashion):
    images("fashion_mnist")
    raw = cache.downloads() / "FashionMNIST" / "raw"
    path = raw / "train-images-idx3-ubyte"
    sound = path.read_bytes()
    path.write_bytes(sound[:5000])
    with pytest.raises(ValueError, match=f"{path.name} is torn"):
        images("fashion_mnist")
    path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    with pytest.raises(ValueError, match=f"{path.name} has changed"):
        images("fashion_mnist")
    path.write_bytes((raw / "t10k-images-idx3-ubyte").read_bytes())
    (raw / f"{path.name}.sha256").unlink()
    with pytest.raises(ValueError, match="do not belong together"):
        images("fashion_mnist")


def test_another_mnist_than_the_known_one_is_refused(fashion, monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "mirrors", [fashion.url])
    monkeypatch.setattr(datasets.MNIST, "resources", datasets.FashionMNIST.resources)
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte has changed.*not ba891046e650; delete it"):
        images("mnist")


def test_cifar(cifar):
    train, test = images("cifar10"), images("cifar10", "test", n=4)
    assert np.array_equal(train.x, C[:5].reshape(50, 3, 32, 32))
    assert train.x.dtype == np.uint8
    assert np.array_equal(test.x, C[5, :4].reshape(4, 3, 32, 32))
    assert train.y.tolist() == [i for i in range(5) for _ in range(10)]
    assert train.y.dtype == np.int64
    assert len(files()) == 7  # the archive is not kept


class Trap:
    """A pickle that writes a file when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_changed_cifar_file_is_refused_before_it_is_unpickled(cifar, tmp_path):
    images("cifar10")
    changed = cache.downloads() / datasets.CIFAR10.base_folder / "data_batch_2"
    changed.write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(ValueError, match=r"data_batch_2 is torn or changed.*delete it"):
        images("cifar10")
    assert not (tmp_path / "sprung").exists()


def test_real_mnist(real_mnist):
    train, test = images("mnist"), images("mnist", "test")
    assert train.x.shape == (60_000, 1, 28, 28)
    assert test.x.shape == (10_000, 1, 28, 28)
    assert train.x.mean() == pytest.approx(33.3184214498)
    assert np.bincount(train.y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(test.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    levels = np.bincount(train.x.ravel(), minlength=256)
    assert np.sqrt(levels @ (np.arange(256) / 255) ** 2) == pytest.approx(2295.343, abs=5e-4)  # the Frobenius norm
