"""The quiz: questions drawn fairly, answers scored as SciPy and signal detection theory score them."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from companion.evaluate import quiz

REAL = np.arange(60, dtype=np.uint8).reshape(60, 1, 1, 1) * np.ones((1, 1, 2, 3), np.uint8)
FAKE = REAL + 100


def test_questions_are_real_and_generated_ones_none_twice(library):
    found = quiz.questions(library(REAL), library(FAKE), 40, rng=0)
    x, is_fake = library.numpy(found.x), library.numpy(found.is_fake)
    assert x.shape == (40, 1, 2, 3)
    assert x.dtype == np.uint8
    assert is_fake.dtype == bool
    np.testing.assert_array_equal(x[:, 0, 0, 0] >= 100, is_fake)
    assert len(np.unique(x[:, 0, 0, 0])) == 40
    again = quiz.questions(library(REAL), library(FAKE), 40, rng=0)
    np.testing.assert_array_equal(library.numpy(again.x), x)
    assert (library.numpy(quiz.questions(library(REAL), library(FAKE), 40, rng=1).is_fake) != is_fake).any()


def test_a_coin_for_each_question_and_any_picture_may_come():
    truths = np.array([quiz.questions(REAL, FAKE, 20, rng=seed).is_fake for seed in range(500)])
    counts = truths.sum(axis=1)
    assert counts.var() == pytest.approx(20 / 4, rel=0.25)
    assert counts.mean() == pytest.approx(10, abs=0.4)
    assert abs(np.corrcoef(truths[:, 0], truths[:, 1])[0, 1]) < 0.15
    shown = np.concatenate([quiz.questions(REAL, FAKE, 20, rng=seed).x[:, 0, 0, 0] for seed in range(60)])
    assert len(np.unique(shown)) == 120


def test_flat_rows_do_as_well(library):
    assert quiz.questions(library(np.zeros((5, 3))), library(np.ones((4, 3))), 4, rng=0).x.shape == (4, 3)


def answers(hits, fakes, false_alarms, reals):
    is_fake = np.repeat([True, False], [fakes, reals])
    said = np.concatenate([np.arange(fakes) < hits, np.arange(reals) < false_alarms])
    return is_fake, said


def test_by_hand(library):
    found = quiz.score(*map(library, answers(15, 20, 8, 20)))
    z = scipy.stats.norm.ppf
    H, F = 15.5 / 21, 8.5 / 21
    assert (found.right, found.share) == (27, 0.675)
    assert found.sensitivity == pytest.approx(z(H) - z(F))
    assert found.bias == pytest.approx(-(z(H) + z(F)) / 2)
    assert found.p_value == pytest.approx(2 * scipy.stats.binom.sf(26, 40, 0.5))


@given(st.integers(0, 20), st.integers(0, 20), st.sampled_from([0.5, 0.95, 0.99]))
def test_the_interval_is_clopper_and_pearsons(hits, false_alarms, confidence):
    found = quiz.score(*answers(hits, 20, false_alarms, 20), confidence=confidence)
    k, a = found.right, (1 - confidence) / 2
    low = scipy.stats.beta.ppf(a, k, 41 - k) if k else 0
    high = scipy.stats.beta.ppf(1 - a, k + 1, 40 - k) if k < 40 else 1
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.low <= found.share <= found.high


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng, held = np.random.default_rng(0), 0
    for _ in range(300):
        is_fake = rng.random(30) < 0.5
        found = quiz.score(is_fake, np.where(rng.random(30) < 0.7, is_fake, ~is_fake))
        held += found.low <= 0.7 <= found.high
    assert 0.94 < held / 300 <= 1


def test_all_right_all_wrong_and_always_the_same_answer_stay_finite(library):
    for said in (lambda t: t, lambda t: ~t, lambda t: t | True, lambda t: t & False):
        truth = np.repeat([True, False], 10)
        found = quiz.score(library(truth), library(said(truth)))
        assert all(math.isfinite(value) for value in found)
    always = quiz.score(library(truth), library(truth | True))
    assert always.sensitivity == pytest.approx(0)
    assert always.bias < -1
    assert always.p_value == 1


def test_a_quiz_without_a_generated_picture_can_be_scored(library):
    found = quiz.score(library(np.zeros(5, bool)), library(np.zeros(5, bool)))
    assert found.right == 5
    assert math.isfinite(found.sensitivity)


def test_who_guesses_with_a_habit_is_right_half_of_the_time():
    """That is what the coin for each question is for: 80 % of the answers 'generated', and still ½."""
    rng = np.random.default_rng(0)
    shares = []
    for seed in range(400):
        truth = quiz.questions(REAL, FAKE, 20, rng=seed).is_fake
        shares.append(quiz.score(truth, rng.random(20) < 0.8).share)
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)
    assert np.var(shares) == pytest.approx(0.25 / 20, rel=0.25)


def test_zeros_and_ones_are_answers_too():
    assert quiz.score(np.array([1, 0, 1]), np.array([1.0, 0.0, 0.0])).right == 2


@pytest.mark.parametrize("share", [0.6, 0.75])
def test_as_many_questions_as_needed_have_the_power_promised(share):
    n = quiz.needed(share)
    critical = scipy.stats.binom.isf(0.025, n, 0.5)
    assert scipy.stats.binom.sf(critical, n, share) == pytest.approx(0.8, abs=0.1)
    assert quiz.needed(share, power=0.9) > n
    assert quiz.needed(share, confidence=0.99) > n


def test_how_many_are_needed_by_hand():
    """(1.96·½ + 0.8416·√0.24)/0.1, squared: 193.8."""
    assert quiz.needed(0.6) == 194
