"""What counts as a number or an array, and how anything else is described."""

import numpy as np
import pytest
import scipy.sparse

from companion.exercises._words import described, listed
from companion.exercises.answers import array, ask, close, compare, number, parts
from companion.exercises.verdict import Wrong

torch = pytest.importorskip("torch")
SPARSE = scipy.sparse.csr_array(np.eye(2))
BACKWARD = torch.eye(2, requires_grad=True)


@pytest.mark.parametrize("two", [2, 2.0, np.float32(2), np.int8(2), np.array(2), torch.tensor(2.0), 2 + 0j])
def test_numbers_of_every_kind(two):
    assert number(two, "it") == 2.0


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.array([1.0, 2]), "You returned a vector of length 2; it must be one number. Likely cause: a maximum"),
        (
            np.array([[1.0]]),
            "You returned a 1 × 1 matrix; it must be one number. Take it out of its brackets with .item().",
        ),
        (np.nan, "You returned NaN or infinity (nan); it must be finite. Likely cause: an overflow"),
        (np.inf, "You returned NaN or infinity (inf)"),
        (1 + 1j, "You returned complex numbers; it must be real."),
        (True, "the bool True"),
        ("2", "the str '2'"),
        ((1, 2), "a tuple of 2 things (the number 1, the number 2)"),
        (len, "a builtin_function_or_method"),
    ],
)
def test_no_number(answer, words):
    with pytest.raises(Wrong) as wrong:
        number(answer, "it", if_not_finite="an overflow")
    assert words in str(wrong.value)


@pytest.mark.parametrize("eye", [np.eye(2), [[1, 0], [0, 1]], BACKWARD, np.asmatrix(np.eye(2)), SPARSE])
def test_matrices_of_every_kind(eye):
    x = array(eye, "it", (2, 2))
    assert (type(x), x.dtype) == (np.ndarray, float)
    assert np.array_equal(x, np.eye(2))


def test_a_row_or_a_column_passes_as_a_vector():
    assert array(np.ones((1, 3)), "it", (3,)).shape == array(np.ones((3, 1)), "it", (3,)).shape == (3,)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            np.ones((3, 2)),
            "You returned a 3 × 2 matrix; it must be a 2 × 3 matrix. Yours has rows and columns exchanged",
        ),
        (np.ones((2, 2)), "a 2 × 2 matrix; it must be a 2 × 3 matrix. Two columns."),
        (np.ones((1, 2, 3)), "a 1 × 2 × 3 array"),
        (7, "the number 7"),
        (None, "You returned None; it must be a 2 × 3 matrix."),
        ([np.ones(2), np.ones(3)], "a list of 2 things (a vector of length 2, a vector of length 3)"),
        (np.array([[1, 2, np.nan], [1, np.inf, 3]]), "NaN or infinity in 2 of the 6 entries; it must be finite."),
        (1j * np.ones((2, 3)), "complex numbers"),
    ],
)
def test_no_such_array(answer, words):
    with pytest.raises(Wrong) as wrong:
        array(answer, "it", (2, 3), {(2, 2): "Two columns."})
    assert words in str(wrong.value)


def test_parts():
    assert parts([1, 2], ("a", "b")) == (1, 2)
    for answer in ((1, 2, 3), np.eye(2), 5):
        with pytest.raises(Wrong, match="asks for 2 things: return a, b"):
            parts(answer, ("a", "b"))


def test_the_student_gets_copies_and_silence(recwarn):
    A, rng = np.ones((2, 2)), np.random.default_rng(0)
    first, second = (ask(lambda A, rng: (A, A / 0, rng.random()), A=A, rng=rng) for _ in range(2))
    assert first[0] is not A
    assert first[2] == second[2]
    assert len(recwarn) == 0
    assert ask(np.linalg.det, A=A) == 0
    assert ask(max, A=[1, 3]) == 3  # has no signature to compare with


def test_the_line_is_the_students_own():
    def student(A):
        B = A.T
        return np.linalg.inv(B @ np.zeros((2, 2)))

    with pytest.raises(Wrong) as wrong:
        ask(student, A=np.eye(2))
    assert str(wrong.value) == (
        "Called with A = [[1, 0], [0, 1]], your function stopped in the line "
        "`return np.linalg.inv(B @ np.zeros((2, 2)))`: LinAlgError: Singular matrix. "
        "Likely cause: print the values before that line."
    )


def test_close_and_compare():
    assert close(1.00001, 1)
    assert close(0, 0)
    assert not any((close(1.001, 1), close(1, np.nan), close([1], 1)))
    compare("got 1:", 1, 1, {}, "?")
    for value, words in ((2, "got it: twice"), (3, "got it: ?")):
        with pytest.raises(Wrong) as wrong:
            compare("got it:", value, 1, {"twice": 2}, "?")
        assert str(wrong.value) == words


def test_words():
    given = {"A": np.eye(2), "s": np.array([0.5]), "share": 0.5, "rng": np.random.default_rng()}
    assert listed(given) == "A = [[1, 0], [0, 1]], s (1), share = 0.5, rng"
    assert described(list(range(9))) == "a vector of length 9"
    assert described(tuple(range(9))).endswith("the number 3, …)")
