"""The package's edges: what comes in is checked with a sentence that helps, what goes out is of the same library.

Every public function of the matrix chapters and of evaluate, and every parameter of it, must be in tests/calls: a test
fails for one that is not.
"""

import importlib
import inspect
import math

import array_api_compat
import jaxtyping
import numpy as np
import pytest
import scipy.sparse
import torch
from calls import NAMES, gathered
from calls.common import GOOD

from companion import _array
from companion.matrix import norms, svd
from tools.book import ROOT, chapters

bad_input = pytest.mark.bad_input
CALLS, WRONG, UNCHECKED, SPARSE_TOO, OTHERS = map(gathered, ("CALLS", "WRONG", "UNCHECKED", "SPARSE_TOO", "OTHERS"))
ELSEWHERE = ("__init__", "rows", "likelihood")  # the title page, what all ask of their input, and what takes a network
EVALUATE = [p.stem for p in (ROOT / "companion" / "evaluate").glob("*.py") if p.stem not in ELSEWHERE]
MATRIX = [name for name in NAMES if name != "evaluate"]
MODULES = [
    importlib.import_module(f"companion.{part}.{name}")
    for part, names in (("matrix", MATRIX), ("evaluate", sorted(EVALUATE)))
    for name in names
]

# wrong for every array: (value, error, what the sentence must contain besides the name of the parameter)
NOT_ARRAYS = [
    ([[1.0, 2.0], [3.0, 4.0]], TypeError, ("is a list", "NumPy array or a torch tensor is needed", "numpy.asarray(")),
    ("abc", TypeError, ("is a str", "numpy.asarray(")),
    (None, TypeError, ("is a NoneType", "numpy.asarray(")),
    (3.0, TypeError, ("is a float", "numpy.asarray(")),
    (GOOD.astype(object), TypeError, ("has dtype object", "allowed are float32", "convert")),
    (GOOD.astype(str), TypeError, ("has dtype <U", "convert")),
    (GOOD.astype(np.float16), TypeError, ("has dtype float16", "convert")),
    (torch.ones(2, 2, dtype=torch.float16), TypeError, ("has dtype torch.float16", "convert")),
    (torch.ones(2, 2, dtype=torch.bfloat16), TypeError, ("has dtype torch.bfloat16", "convert")),
    (np.ones((2, 2, 2, 2, 2)), ValueError, ("has shape (2, 2, 2, 2, 2)", "dimension(s)", "reshape")),
    (np.float64(1), ValueError, ("has shape ()", "dimension(s)")),
]
ARRAY_CALLS = [f for f in CALLS if "self" not in CALLS[f] and f not in OTHERS]
PAIRS = [pytest.param(f, p, id=f"{f.__name__}-{p}") for f, p in WRONG]


def fails(function, arguments, error, parts):
    with pytest.raises(error) as caught:
        function(**arguments)
    assert type(caught.value) in (TypeError, ValueError)  # no subclass that only the library knows, such as LinAlgError
    for part in parts:
        assert part in str(caught.value)


def name_of(function):
    return next(iter(CALLS[function]))


@bad_input
@pytest.mark.parametrize("function", ARRAY_CALLS)
def test_the_good_arguments_are_good(function):
    function(**CALLS[function])


@bad_input
@pytest.mark.parametrize("function", ARRAY_CALLS)
def test_what_is_no_array_of_numbers_is_refused(function):
    for value, error, parts in NOT_ARRAYS:
        fails(function, CALLS[function] | {name_of(function): value}, error, (name_of(function), *parts))


@bad_input
@pytest.mark.parametrize("function", ARRAY_CALLS)
def test_nan_infinity_a_missing_dimension_and_emptiness_are_refused(function, library):
    name, good = name_of(function), np.asarray(CALLS[function][name_of(function)])
    for poison in ([math.nan], [math.inf], [-math.inf], [math.inf, -math.inf]):
        x = good.copy()
        x.flat[: len(poison)] = poison
        parts = (f"{name} holds NaN or infinity", "must be finite", "remove or replace")
        fails(function, CALLS[function] | {name: library(x)}, ValueError, parts)
    fewer = library(good[0, 0] if good.ndim == 4 else good[0])
    fails(function, CALLS[function] | {name: fewer}, ValueError, (f"{name} has shape", "dimension(s)", "reshape"))
    empty = library(good[..., :0])
    fails(function, CALLS[function] | {name: empty}, ValueError, (f"{name} has shape", "empty", "at least one entry"))


@bad_input
@pytest.mark.parametrize("function", ARRAY_CALLS)
def test_a_sparse_matrix_is_taken_or_refused_with_the_remedy(function):
    good = CALLS[function][name_of(function)]
    arguments = CALLS[function] | {name_of(function): scipy.sparse.csr_array(good if np.ndim(good) == 2 else GOOD)}
    if function in SPARSE_TOO:
        function(**arguments)
        arguments[name_of(function)] = scipy.sparse.csr_array(np.where(good == np.max(good), math.nan, good))
        fails(function, arguments, ValueError, ("holds NaN or infinity",))
        arguments[name_of(function)] = scipy.sparse.csr_array((0, 3))
        fails(function, arguments, ValueError, ("empty",))
    else:
        fails(function, arguments, TypeError, ("is a csr_array", f"try {name_of(function)}.toarray()"))


@bad_input
@pytest.mark.parametrize(("function", "parameter"), PAIRS)
def test_a_wrong_argument_is_named_with_what_is_allowed(function, parameter):
    for value, error, parts in WRONG[function, parameter]:
        with_wrong = CALLS[function] | {parameter: value}
        fails(function, with_wrong, error, parts)


def public(module):
    """The module's functions and its classes' methods, as a reader sees them."""
    named = hasattr(module, "__all__")
    ours = "companion.matrix" if named else module.__name__  # without __all__: what is written in this very file
    for name in module.__all__ if named else vars(module):
        thing = getattr(module, name)
        if name.startswith("_") or not getattr(thing, "__module__", "").startswith(ours):
            continue
        if inspect.isfunction(thing):
            yield thing
        elif inspect.isclass(thing):
            yield from (f for n, f in vars(thing).items() if inspect.isfunction(f) and not n.startswith("_"))


def untested(modules):
    """Parameters of public functions that no case above covers."""
    for function in (f for module in modules for f in public(module)):
        for parameter in inspect.signature(function).parameters:
            covered = (function, parameter) in WRONG or (function in ARRAY_CALLS and parameter == name_of(function))
            if not covered and function not in UNCHECKED and parameter != "self":
                yield f"{function.__name__}({parameter})"


def test_every_chapter_on_matrices_has_its_calls():
    matrix = ROOT / "companion" / "matrix"
    written = {p.stem for p in chapters() if (matrix / f"{p.stem}.py").exists() or (matrix / p.stem).is_dir()}
    assert set(NAMES) >= written


def test_every_parameter_of_every_public_function_has_bad_input_cases():
    assert not list(untested(MODULES))


def test_a_new_public_function_without_cases_would_be_noticed(monkeypatch):
    def newcomer(A, rank): ...

    newcomer.__module__ = "companion.matrix.norms"
    monkeypatch.setattr(norms, "newcomer", newcomer, raising=False)
    assert list(untested([norms])) == ["newcomer(A)", "newcomer(rank)"]


def test_annotations_are_checked_in_tests():
    with pytest.raises(jaxtyping.TypeCheckError):
        norms.matrix(np.ones(3))
    with pytest.raises(jaxtyping.TypeCheckError):
        svd.exact("not a matrix")


# --- what passes, and what comes out ---


@pytest.mark.parametrize("kind", _array.WHOLE)
def test_whole_numbers_of_every_width_become_float64(kind, library):
    if library.name == "torch" and not hasattr(torch, kind):
        pytest.skip("torch has no such type")
    xp, x = _array.checked(library(np.array([[1, 0], [1, 1]]).astype(kind)), "A", 2)
    assert library.numpy(x).dtype == np.float64
    assert library.numpy(x).tolist() == [[1, 0], [1, 1]]
    assert xp is array_api_compat.array_namespace(x)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"], indirect=True)
def test_floating_arrays_pass_as_they_are(library, dtype):
    A = library(np.ones((2, 3), dtype))
    assert _array.checked(A, "A", 2)[1] is A


def test_sparse_matrices_pass_as_csr_and_whole_ones_as_float64():
    _, A = _array.checked(scipy.sparse.coo_array(np.eye(3, dtype=np.int32)), "A", 2, sparse=True)
    assert (A.format, A.dtype) == ("csr", np.float64)


def test_entries_that_are_finite_pass_even_where_their_sum_is_not(library):
    big = library(np.full((2, 2), 3e38, np.float32))
    assert _array.checked(big, "A", 2)[1] is big


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array(3), torch.tensor(3)])
def test_whole_takes_whole_numbers_of_every_kind(value):
    assert _array.whole(value, "rank", 3, 3) == 3
    assert type(_array.whole(value, "rank", 3, 3)) is int


@pytest.mark.parametrize("check", [_array.positive, _array.nonnegative])
@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.array(2.0), torch.tensor(2.0)])
def test_positive_and_nonnegative_take_real_numbers_of_every_kind(check, value):
    assert check(value, "tol") == 2
    assert type(check(value, "tol")) is float


def test_zero_is_not_negative():
    assert _array.nonnegative(0, "ridge") == 0


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"], indirect=True)
def test_normals_have_the_dtype_the_library_and_variance_one(library, dtype):
    drawn = library.numpy(_array.normal(0, (200, 100), like=library(np.zeros(1, dtype))))
    assert drawn.dtype == dtype
    assert np.mean(np.abs(drawn) ** 2) == pytest.approx(1, abs=0.03)
    assert abs(np.mean(drawn)) < 0.02
    if dtype.kind == "c":
        assert abs(np.mean(drawn**2)) < 0.03  # real and imaginary part alike, and independent


def test_normals_are_those_of_numpys_generator_on_every_library(library):
    like = library(np.zeros(1))
    expected = np.random.default_rng(4).standard_normal((2, 3))
    np.testing.assert_array_equal(library.numpy(_array.normal(4, (2, 3), like)), expected)
    generator = np.random.default_rng(4)
    first, second = (library.numpy(_array.normal(generator, (2, 3), like)) for _ in range(2))
    np.testing.assert_array_equal(first, expected)
    assert (first != second).all()


def test_without_a_seed_each_draw_is_fresh_and_numpys_global_state_is_left_alone(library):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first, second = (library.numpy(_array.normal(None, (4,), library(np.zeros(1)))) for _ in range(2))
    assert (first != second).all()
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
