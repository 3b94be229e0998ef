"""Every command of the questions and answers runs, every error they explain is one that the package gives."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from companion import __version__, data, train
from companion.exercises import __main__ as exercises
from companion.exercises import svd
from companion.exercises._sheet import Run
from tools.book import BOOK, ROOT, site_url
from tools.exercises import pages
from tools.notebook import WHEEL

TEXT = (BOOK / "faq.md").read_text(encoding="utf8")
COMMANDS = [
    line.split("  #")[0].strip()
    for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# --- commands --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package as `pip install .` puts it somewhere, from a copy of what it is made of; nothing is fetched."""
    folder = tmp_path_factory.mktemp("installed")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "companion", folder / "companion", ignore=shutil.ignore_patterns("__pycache__"))
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    run([sys.executable, "-m", "pip", "install", *options, "--target", str(folder / "site"), "."], cwd=folder)
    return folder / "site"


def test_what_is_installed_has_all_that_it_needs(installed):
    environment = os.environ | {"PYTHONPATH": str(installed)}
    said = run([sys.executable, "-c", "import companion; print(companion.__version__)"], env=environment, cwd=installed)
    assert said.strip() == __version__
    said = run([sys.executable, "-m", "companion.exercises"], env=environment, cwd=installed)
    assert all(f"\n{page.stem}: " in f"\n{said}" for page in pages())
    loads = "from companion import data; print(len(data.weight_names()), data.__file__)"
    count, where = run([sys.executable, "-c", loads], env=environment, cwd=installed).split()
    assert int(count) == len(data.weight_names())
    assert Path(where).is_relative_to(installed)


def test_the_package_is_never_installed_by_its_bare_name():
    installs = [shlex.split(command) for command in COMMANDS if command.startswith("pip install")]
    assert [words[-1] for words in installs] == [".", WHEEL, "git+$REPOSITORY", "."]
    assert "companion" not in {word for words in installs for word in words}
    assert (ROOT / "constraints.txt").is_file()


RECIPE = [command for command in COMMANDS if "companion.recipes" in command]


@pytest.mark.parametrize("command", RECIPE)
def test_a_recipe_has_the_options_that_it_is_given(command, capsys):
    """That runs resume and that torchrun joins processes is shown in tests/recipes."""
    words = shlex.split(command)
    at = words.index("-m")
    with pytest.raises(SystemExit) as ended:
        import_module(words[at + 1]).main(["--help"])
    assert ended.value.code == 0
    known = capsys.readouterr().out
    assert [word for word in words[at + 2 :] if word.startswith("--") and f"{word}" not in known] == []
    assert words[:at] in (["python"], ["torchrun", "--nproc-per-node", "2"])


def test_a_first_run_goes_on(tmp_path):
    first, again = (shlex.split(c) for c in RECIPE if "runs/first" in c)
    for words in (first, again):
        run([sys.executable, *words[1:]], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert (tmp_path / "runs" / "first" / "result.json").is_file()


def test_the_exercises_are_asked_for_as_the_program_understands_it(capsys):
    asked = [shlex.split(command)[3:] for command in COMMANDS if "companion.exercises" in command]
    assert asked == [[], ["svd"], ["svd.ipynb"], ["--brief", "handed-in/*.ipynb"]]
    for words in asked[:2]:
        assert exercises.main(words) == 0
    assert exercises.main(["--brief", "handed-in/a.ipynb"]) == 2
    assert "There is no file handed-in" in capsys.readouterr().out


def test_the_environment_decides_which_pictures(monkeypatch):
    (command,) = (c for c in COMMANDS if c.startswith("COMPANION_IMAGES"))
    assert (ROOT / command.split()[-1]).is_file()
    monkeypatch.setenv("COMPANION_IMAGES", "digits")
    assert data.images(n=10).x.shape == (10, 1, 8, 8)


def test_every_command_is_looked_at():
    known = ("pip install", "python -c", "python -m companion.exercises", "export ", "COMPANION_IMAGES=")
    assert [c for c in COMMANDS if not c.startswith(known) and c not in RECIPE] == []
    assert {word.split("=")[0] for c in COMMANDS if c.startswith("export") for word in c.split()[1:]} == {
        f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL")
    }


# --- errors ----------------------------------------------------------------------------------------------------------


def pictures(folder, **sizes):
    for name, size in sizes.items():
        (path := folder / name.replace("__", "/")).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (size, size)).save(path.with_suffix(".png"))
    return folder


def mixed_sizes(folder):
    data.images(pictures(folder, train__a__1=8, train__a__2=9, test__a__1=8))


def beside(folder):
    data.images(pictures(folder, a=8, b__c=8))


def torn(folder):
    (raw := folder / "MNIST" / "raw").mkdir(parents=True)
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        (raw / name).write_bytes(b"\x00\x00\x08\x03")
    data.images("mnist")


def recipe(*given):
    def provoke(folder):
        from companion.recipes import mlp

        (folder / "run").mkdir()
        (folder / "run" / "last.pt").write_bytes(b"")
        (folder / "run" / "options.json").write_text('{"epochs": 3.0, "images": "glyphs"}')
        mlp.main(["--out", str(folder / "run"), *given])

    return provoke


def says(check, answer):
    return lambda folder: print(check(answer).message)


PROVOKED = {
    "is neither a data set nor a folder": lambda folder: data.images("mnsit"),
    "pass pixels=32, say": mixed_sizes,
    "has pictures beside subfolders of pictures": beside,
    "has no pictures for the split": data.images,
    "delete it to have it downloaded again": torn,
    "exists already: add --resume": recipe("--epochs", "1"),
    "leave it out to resume": recipe("--resume", "--epochs", "2"),
    "which this machine does not have": lambda folder: train.launch("cuda:99"),
    "needs your function itself": says(svd.check_truncation, np.eye(2)),
    "the placeholder ... is still there": says(svd.check_truncation, lambda A, rank: ...),
    "never checked in this run": lambda folder: print(exercises.judged("check_pca", Run([], set(), None, []))),
}
SHOWN_ELSEWHERE = {  # words: the file of tests that provokes it
    "could not be downloaded into": "tests/data/test_downloads.py",
    "install companion again": "tests/data/test_weights.py",
    "is not a multiple of the 2 processes": "tests/recipes/test_run.py",
    "No module named 'companion.matrix'": "",  # Python's own words
}


@pytest.mark.parametrize("words", PROVOKED)
def test_an_error_that_is_explained_is_given(words, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COMPANION_DATA", str(tmp_path))
    try:
        PROVOKED[words](tmp_path)
        said = capsys.readouterr().out
    except (ValueError, SystemExit) as error:
        said = f"{error} {capsys.readouterr().err}"
    assert words in said


def test_the_table_has_these_errors_and_no_others():
    table = re.findall(r"^\| `([^`]+)` \|", TEXT, re.MULTILINE)
    assert sorted(table) == sorted([*PROVOKED, *SHOWN_ELSEWHERE])
    for words, file in SHOWN_ELSEWHERE.items():
        first = words.split(" the 2 ")[0]
        assert not file or first in (ROOT / file).read_text(encoding="utf8"), file


# --- links -----------------------------------------------------------------------------------------------------------


def test_the_addresses_are_not_written_out():
    assert site_url() not in TEXT
    assert "http" not in TEXT
