"""recommender against dense solves row by row, scikit-learn, SciPy, gradients, and against what defines the answers."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, ndcg_score, root_mean_squared_error

from companion import data
from companion.matrix import recommender as r
from companion.matrix.recommender import ratings as tables
from companion.matrix.recommender import rowwise


def draw(m=30, n=20, share=0.3, dtype="float64", seed=0):
    """A random table with an empty row, an empty column, a row and a column of one rating, and one full row."""
    rng = np.random.default_rng(seed)
    known = rng.random((m, n)) < share
    known[3], known[:, 2], known[4], known[:, 5], known[7] = False, False, False, False, True
    known[7, 2], known[4, 1], known[8, 5] = False, True, True
    users, items = np.nonzero(known)
    mixed = rng.permutation(len(users))
    values = (rng.integers(1, 6, len(users)) + (0 if dtype == "int64" else rng.normal(0, 0.1, len(users)))).astype(
        dtype
    )
    return r.Ratings(users[mixed], items[mixed], values[mixed], (m, n))


def of(library, ratings):
    return ratings._replace(**{f: library(getattr(ratings, f)) for f in ("users", "items", "values")})


def sparse(ratings, form="csr_array"):
    return getattr(scipy.sparse, form)(
        scipy.sparse.coo_array((ratings.values, (ratings.users, ratings.items)), ratings.shape)
    )


def penalties(ratings, per):
    counts = (
        np.bincount(ratings.users, minlength=ratings.shape[0]),
        np.bincount(ratings.items, minlength=ratings.shape[1]),
    )
    return [c if per == "rating" else np.ones(len(c)) for c in counts]


def loss(ratings, F, ridge, per):
    """The objective as it is written, in double precision."""
    P, Q, b, c, mean = (np.asarray(x, float) for x in F[:5])
    u, i = ratings.users, ratings.items
    errors = ratings.values.astype(float) - (mean + b[u] + c[i] + (P[u] * Q[i]).sum(1))
    by_user, by_item = penalties(ratings, per)
    return (errors**2).sum() + ridge * (by_user @ ((P**2).sum(1) + b**2) + by_item @ ((Q**2).sum(1) + c**2))


def user_by_user(ratings, Q, c, mean, ridge, per):
    """Each user by a ridge regression of its own: the readable twin of als_step."""
    X = np.zeros((ratings.shape[0], Q.shape[1] + 1))
    for u in range(ratings.shape[0]):
        mine = ratings.users == u
        if mine.any():
            D = np.column_stack([Q[ratings.items[mine]], np.ones(mine.sum())])
            target = ratings.values[mine] - mean - c[ratings.items[mine]]
            weight = ridge * (mine.sum() if per == "rating" else 1)
            X[u] = np.linalg.solve(D.T @ D + weight * np.eye(D.shape[1]), D.T @ target)
    return X


def dense_confidence(counts, alpha):
    C, P = np.ones(counts.shape), np.zeros(counts.shape)
    C[counts.users, counts.items] += alpha * counts.values
    P[counts.users, counts.items] = 1
    return C, P


def implicit_loss(counts, X, Y, ridge, alpha):
    C, P = dense_confidence(counts, alpha)
    X, Y = np.asarray(X, float), np.asarray(Y, float)
    return (C * (P - X @ Y.T) ** 2).sum() + ridge * ((X**2).sum() + (Y**2).sum())


# --- the table ---


@given(seed=st.integers(0, 1000), cells=st.sampled_from([1, 7, 50, 10**6]))
def test_the_blocks_hold_each_rating_once_and_pad_with_the_column_that_is_not(library, seed, cells):
    ratings = draw(seed=seed)
    block, tables.BLOCK = tables.BLOCK, cells * 8
    try:
        xp, known = tables.triples(of(library, ratings))
        table = tables.table(xp, known, 1)
    finally:
        tables.BLOCK = block
    found, rows = {}, []
    for some, columns, values, counts in (map(library.numpy, b) for b in table.blocks):
        assert columns.shape == values.shape
        assert columns.size <= max(cells, columns.shape[1])
        rows += some.tolist()
        for row, cs, vs, count in zip(some, columns, values, counts[:, 0], strict=True):
            assert (cs[int(count) :] == ratings.shape[1]).all()
            assert (vs[int(count) :] == 0).all()
            found |= {(row, c): v for c, v in zip(cs[: int(count)], vs, strict=False)}
    assert found == dict(zip(zip(ratings.users, ratings.items, strict=True), ratings.values, strict=True))
    assert sorted(rows) == sorted(set(ratings.users))
    np.testing.assert_array_equal(library.numpy(table.counts), np.bincount(ratings.users, minlength=30))
    np.testing.assert_allclose(
        library.numpy(table.shares) * len(ratings.users), np.bincount(ratings.items, minlength=20)
    )


def test_padding_costs_little():
    ratings = r.split_random(data.ratings.generate(400, 200, per_user=40), 0.2, rng=0).train
    xp, known = tables.triples(ratings)
    assert sum(b.columns.size for b in tables.table(xp, known, 8).blocks) < 1.15 * len(ratings.users)


def test_every_form_of_a_table_gives_the_same_factors():
    ratings = draw()
    expected = r.als(ratings, 3, ridge=0.1, sweeps=2, rng=0)
    generated = data.ratings.Generated(*ratings, *([None] * 8))
    for form in (*(sparse(ratings, f) for f in ("csr_array", "csc_matrix", "coo_array")), generated):
        for ours, theirs in zip(r.als(form, 3, ridge=0.1, sweeps=2, rng=0), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-10)


def test_a_stored_zero_is_a_rating_and_a_missing_entry_is_not():
    one = r.Ratings(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([4.0, 0.0, 4.0]), (2, 2))
    stored = sparse(one)
    assert stored.nnz == 3
    assert r.als(stored, 1, ridge=1.0, rng=0).mean == pytest.approx(8 / 3)
    with_zero = r.als(one, 1, ridge=0.01, rng=0)
    np.testing.assert_allclose(r.predict(with_zero, one.users, one.items), one.values, atol=0.2)


# --- many ridge regressions at once ---


@pytest.mark.parametrize("h", [None, 3.0])
def test_conjugate_gradients_solve_each_row_and_never_climb(h, library, dtype, tol):
    rng = np.random.default_rng(0)
    G, t, x = (rng.standard_normal(s).astype(dtype) for s in ((4, 9, 5), (4, 9), (4, 5)))
    d = rng.uniform(0.5, 2, (4, 1)).astype(dtype)
    weight = 1 if h is None else h

    def objective(x):
        s = np.einsum("blr,br->bl", G, x)
        return (weight * s**2 - 2 * t * s).sum(1) + (d * x**2).sum(1)

    xp = tables.triples(of(library, draw()))[0]
    given_h = None if h is None else library(np.full((4, 9), h, dtype))
    heights = [objective(x)]
    for steps in range(1, 6):
        M = library(np.full((4, 5), 1, dtype) * np.arange(1, 6, dtype=dtype))
        y = rowwise.conjugate_gradients(xp, *map(library, (G,)), given_h, library(t), library(d), M, library(x), steps)
        heights.append(objective(library.numpy(y)))
    assert (np.diff(heights, axis=0) <= tol).all()
    A = weight * G.transpose(0, 2, 1) @ G + d[..., None] * np.eye(5)
    exact = np.linalg.solve(A, np.einsum("blr,bl->br", G, t)[..., None])[..., 0]
    np.testing.assert_allclose(library.numpy(y), exact, atol=100 * tol)
    y = rowwise.conjugate_gradients(
        xp, library(G), given_h, library(t), library(d), M, library(exact.astype(dtype)), 1e-3
    )
    np.testing.assert_array_equal(library.numpy(y), exact.astype(dtype))  # nothing left to gain: not a step


# --- explicit ---


@pytest.mark.parametrize("per", ["row", "rating"])
def test_als_is_ridge_regression_row_by_row(per, library, dtype):
    ratings = draw(dtype=dtype)
    for sweeps in (1, 3):
        F = r.als(of(library, ratings), 4, ridge=0.3, ridge_per=per, sweeps=sweeps, tol=1e-20, rng=1)
        assert [tuple(x.shape) for x in F] == [(30, 4), (20, 4), (30,), (20,), (), (sweeps,)]
        assert {library.numpy(x).dtype for x in F} == {dtype}
        mean = ratings.values.astype(float).mean()
        X, Y = np.zeros((30, 5)), np.random.default_rng(1).standard_normal((20, 5), dtype=dtype) / 5**0.5
        Y[:, -1] = 0
        swapped = tables.transposed(ratings)
        for _ in range(sweeps):
            X = user_by_user(ratings, Y[:, :-1], Y[:, -1], mean, 0.3, per)
            Y = user_by_user(swapped, X[:, :-1], X[:, -1], mean, 0.3, per)
        tol = 1e-8 if dtype == "float64" else 1e-3
        np.testing.assert_allclose(library.numpy(F.users), X[:, :-1], atol=tol)
        np.testing.assert_allclose(library.numpy(F.items), Y[:, :-1], atol=tol)
        np.testing.assert_allclose(library.numpy(F.user_bias), X[:, -1], atol=tol)
        np.testing.assert_allclose(library.numpy(F.item_bias), Y[:, -1], atol=tol)
        assert float(F.mean) == pytest.approx(mean, rel=1e-6)
        assert float(F.losses[-1]) == pytest.approx(loss(ratings, [library.numpy(x) for x in F], 0.3, per), rel=1e-5)


def test_a_user_is_scikit_learns_ridge():
    ratings = draw()
    F = r.als(ratings, 3, ridge=0.2, sweeps=2, tol=1e-14, rng=0)
    G = r.fold_in(F, ratings, ridge=0.2)  # the users once more, from the items that came last
    mine = ratings.users == 7
    D = np.column_stack([F.items, np.ones(20)])[ratings.items[mine]]
    model = Ridge(0.2 * mine.sum(), fit_intercept=False)
    model.fit(D, ratings.values[mine] - F.mean - F.item_bias[ratings.items[mine]])
    np.testing.assert_allclose(np.append(G.users[7], G.user_bias[7]), model.coef_, atol=1e-6)


@pytest.mark.parametrize("per", ["row", "rating"])
@pytest.mark.parametrize("tol", [1e-12, 1e-6, 0.1])
def test_the_loss_never_rises(per, tol, library, dtype):
    slack = 1e-5 if dtype == "float32" else 1e-12
    losses = library.numpy(r.als(of(library, draw(dtype=dtype)), 6, ridge=0.05, ridge_per=per, tol=tol, rng=0).losses)
    assert losses.shape == (15,)
    assert (np.diff(losses) <= slack * losses[0]).all()
    assert losses[-1] < (0.9 if tol < 0.1 else 1.001) * losses[0]


@given(seed=st.integers(0, 500), rank=st.integers(1, 8), ridge=st.sampled_from([1e-3, 0.1, 5.0]))
def test_the_loss_never_rises_on_any_table(seed, rank, ridge):
    losses = r.als(draw(seed=seed), rank, ridge=ridge, sweeps=5, rng=seed).losses
    assert (np.diff(losses) <= 1e-12 * losses[0]).all()


@pytest.mark.parametrize("per", ["row", "rating"])
def test_at_the_end_the_gradient_is_zero(per):
    ratings = draw()
    F = r.als(ratings, 2, ridge=0.5, ridge_per=per, sweeps=400, tol=1e-14, rng=0)
    rng = np.random.default_rng(0)
    for field in ("users", "items", "user_bias", "item_bias"):
        way = rng.standard_normal(getattr(F, field).shape)
        ahead, behind = (
            loss(ratings, F._replace(**{field: getattr(F, field) + s * 1e-4 * way}), 0.5, per) for s in (1, -1)
        )
        assert abs(ahead - behind) / 2e-4 < 1e-4


def test_the_preconditioner_saves_steps(monkeypatch):
    """With λ alone in its place it takes 893 products with Gᵀ."""
    products, back = [0], rowwise.back

    def counted(G, w):
        products[0] += 1
        return back(G, w)

    monkeypatch.setattr(rowwise, "back", counted)
    made = data.ratings.generate(300, 200, per_user=60)
    r.als(r.Ratings(*made[:4]), 8, ridge=0.01, sweeps=5, tol=1e-8, rng=0)
    assert products[0] < 750


def test_libraries_agree():
    torch = pytest.importorskip("torch")
    for dtype, tol in (("float64", 1e-8), ("float32", 1e-3)):
        ratings = draw(60, 40, dtype=dtype)
        other = ratings._replace(**{f: torch.tensor(getattr(ratings, f)) for f in ("users", "items", "values")})
        for fit in (lambda R: r.als(R, 3, ridge=0.2, rng=0), lambda R: r.implicit_als(R, 3, ridge=0.2, alpha=2, rng=0)):
            for ours, theirs in zip(fit(ratings), fit(other), strict=True):
                np.testing.assert_allclose(ours, theirs.numpy(), rtol=tol, atol=tol)


def test_a_seed_or_a_generator_fixes_the_factors():
    ratings = draw()
    first = r.als(ratings, 3, ridge=0.1, sweeps=1, rng=5).items
    np.testing.assert_array_equal(r.als(ratings, 3, ridge=0.1, sweeps=1, rng=np.random.default_rng(5)).items, first)
    for rng in (6, None):
        assert np.abs(r.als(ratings, 3, ridge=0.1, sweeps=1, rng=rng).items - first).max() > 1e-3


def test_whole_stars_become_float64():
    assert r.als(draw(dtype="int64"), 2, ridge=0.1, sweeps=1, rng=0).users.dtype == np.float64


@pytest.mark.parametrize("seed", range(4))
def test_the_noise_floor_is_reached(seed):
    made = data.ratings.generate(seed=seed)
    split = r.split_random(made, 0.2, rng=seed)
    F = r.als(split.train, 3, ridge=0.01, sweeps=10, rng=seed)
    error = r.rmse(r.predict(F, split.test.users, split.test.items), split.test.values)
    assert 0.99 * made.noise < error <= 1.02 * made.noise
    biases = r.als(split.train, 1, ridge=1e6, sweeps=1, rng=0)  # so dear that nothing but the mean is left
    assert r.rmse(r.predict(biases, split.test.users, split.test.items), split.test.values) > 1.6 * made.noise


# --- cold users and items, new users ---


def test_who_has_no_ratings_is_answered_by_what_is_left(library, dtype):
    F = r.als(of(library, draw(dtype=dtype)), 3, ridge=0.1, rng=0)
    P, Q, b, c, mean, _ = map(library.numpy, F)
    assert (P[3] == 0).all()
    assert b[3] == 0
    assert (Q[2] == 0).all()
    assert c[2] == 0
    told = library.numpy(r.predict(F, library(np.array([3, 3, 0])), library(np.array([2, 0, 2]))))
    np.testing.assert_allclose(told, [mean, mean + c[0], mean + b[0]], rtol=1e-5)
    best = library.numpy(r.top_n(F, library(np.array([3])), 20).items)[0]
    np.testing.assert_array_equal(best, np.argsort(-(mean + c), kind="stable"))


def test_fold_in_gives_old_users_what_they_had(library):
    ratings = of(library, draw())
    F = r.als(ratings, 3, ridge=0.1, sweeps=1, tol=1e-14, rng=0)
    G = r.fold_in(F, ratings, ridge=0.1)
    again = r.fold_in(G, ratings, ridge=0.1)
    np.testing.assert_allclose(library.numpy(again.users), library.numpy(G.users), atol=1e-7)
    assert G.items is F.items
    X = user_by_user(draw(), *(library.numpy(x) for x in (F.items, F.item_bias, F.mean)), 0.1, "rating")
    np.testing.assert_allclose(library.numpy(G.users), X[:, :-1], atol=1e-6)
    np.testing.assert_allclose(library.numpy(G.user_bias), X[:, -1], atol=1e-6)
    X = user_by_user(draw(), *(library.numpy(x) for x in (F.items, F.item_bias, F.mean)), 0.1, "row")
    row = r.fold_in(F, ratings, ridge=0.1, ridge_per="row")
    np.testing.assert_allclose(library.numpy(row.users), X[:, :-1], atol=1e-6)


# --- implicit ---


def test_implicit_als_is_the_weighted_ridge_regression_of_the_whole_table(library, dtype):
    counts, alpha = draw(dtype=dtype), 2.0
    F = r.implicit_als(of(library, counts), 4, ridge=0.3, alpha=alpha, sweeps=2, steps=None, rng=1)
    C, P = dense_confidence(counts, alpha)
    known = np.bincount(counts.items, minlength=20) > 0
    Y = np.random.default_rng(1).standard_normal((20, 4), dtype=dtype) / 2 * known[:, None]
    for _ in range(2):
        X = np.stack(
            [np.linalg.solve((Y.T * c) @ Y + 0.3 * np.eye(4), (Y.T * c) @ p) for c, p in zip(C, P, strict=True)]
        )
        Y = np.stack(
            [np.linalg.solve((X.T * c) @ X + 0.3 * np.eye(4), (X.T * c) @ p) for c, p in zip(C.T, P.T, strict=True)]
        )
    tol = 1e-7 if dtype == "float64" else 2e-3
    np.testing.assert_allclose(library.numpy(F.users), X, atol=tol)
    np.testing.assert_allclose(library.numpy(F.items), Y, atol=tol)
    assert float(F.losses[-1]) == pytest.approx(implicit_loss(counts, X, Y, 0.3, alpha), rel=1e-4)
    assert not library.numpy(F.user_bias).any()
    assert not library.numpy(F.item_bias).any()
    assert float(F.mean) == 0
    assert {library.numpy(x).dtype for x in F} == {dtype}


@pytest.mark.parametrize("steps", [1, 2, 5, None])
def test_the_implicit_loss_is_the_one_written_and_never_rises(steps, library, dtype):
    counts = draw(dtype=dtype)
    F = r.implicit_als(of(library, counts), 5, ridge=0.2, alpha=10.0, steps=steps, rng=0)
    losses = library.numpy(F.losses)
    assert (np.diff(losses) <= (1e-5 if dtype == "float32" else 1e-12) * losses[0]).all()
    direct = implicit_loss(counts, library.numpy(F.users), library.numpy(F.items), 0.2, 10.0)
    assert losses[-1] == pytest.approx(direct, rel=1e-4 if dtype == "float32" else 1e-9)


def test_one_step_a_sweep_comes_nearly_as_low_as_solving():
    """Without the preconditioner it ends 7 % higher."""
    made = data.ratings.generate(300, 200, per_user=60)
    liked = made.values > 4
    counts = r.Ratings(made.users[liked], made.items[liked], np.ones(liked.sum()), made.shape)
    solved, one = (
        r.implicit_als(counts, 8, ridge=1.0, alpha=0.5, sweeps=3, steps=steps, rng=0).losses[-1] for steps in (None, 1)
    )
    assert one < 1.005 * solved


def test_implicit_fold_in_solves_new_users(library):
    counts = draw()
    F = r.implicit_als(of(library, counts), 4, ridge=0.3, alpha=2.0, sweeps=1, rng=1)
    G = r.implicit_fold_in(F, of(library, counts), ridge=0.3, alpha=2.0)
    Y = library.numpy(F.items)
    C, P = dense_confidence(counts, 2.0)
    X = [np.linalg.solve((Y.T * c) @ Y + 0.3 * np.eye(4), (Y.T * c) @ p) for c, p in zip(C, P, strict=True)]
    np.testing.assert_allclose(library.numpy(G.users), X, atol=1e-6)


# --- predictions, lists, neighbours ---


def test_predictions_do_not_depend_on_how_they_are_cut(library, monkeypatch):
    ratings = of(library, draw())
    F = r.als(ratings, 3, ridge=0.1, sweeps=2, rng=0)
    whole = library.numpy(r.predict(F, ratings.users, ratings.items))
    monkeypatch.setattr("companion.matrix.recommender.factors.PAIRS", 7)
    np.testing.assert_array_equal(library.numpy(r.predict(F, ratings.users, ratings.items)), whole)
    P, Q, b, c, mean, _ = map(library.numpy, F)
    dense = mean + b[:, None] + c + P @ Q.T
    np.testing.assert_allclose(whole, dense[draw().users, draw().items], atol=1e-12)


@pytest.mark.parametrize("scores", [2**22, 1, 45])
def test_top_n_is_the_sorted_row_without_the_seen(scores, library, monkeypatch):
    monkeypatch.setattr("companion.matrix.recommender.ranking.SCORES", scores)
    ratings = draw()
    F = r.als(of(library, ratings), 3, ridge=0.1, sweeps=2, rng=0)
    P, Q, b, c, mean, _ = map(library.numpy, F)
    dense = mean + b[:, None] + c + P @ Q.T
    users = np.array([5, 7, 0, 3, 5])
    free = r.top_n(F, library(users), 4)
    np.testing.assert_array_equal(library.numpy(free.items), np.argsort(-dense[users], axis=1, kind="stable")[:, :4])
    np.testing.assert_allclose(library.numpy(free.scores), -np.sort(-dense[users])[:, :4], atol=1e-12)
    dense[ratings.users, ratings.items] = -np.inf
    unseen = r.top_n(F, library(users), 4, seen=of(library, ratings))
    listed, told = library.numpy(unseen.items), library.numpy(unseen.scores)
    expected = np.argsort(-dense[users], axis=1, kind="stable")[:, :4]
    np.testing.assert_array_equal(
        listed, np.where(np.isfinite(np.take_along_axis(dense[users], expected, 1)), expected, -1)
    )
    assert listed[1].tolist() == [2, -1, -1, -1]  # user 7 has rated all but item 2
    assert (told[1, 1:] == -np.inf).all()


def test_equal_scores_are_listed_by_number(library):
    bias = np.tile([0.0, 1.0, 0.5], 300)
    zeros = library(np.zeros((2, 1)))
    F = r.Factors(zeros, library(np.zeros((900, 1))), zeros[:, 0], library(bias), 3.0, None)
    expected = [*range(1, 900, 3), *range(2, 900, 3), *range(0, 900, 3)]
    assert library.numpy(r.top_n(F, library(np.array([1])), 900).items)[0].tolist() == expected


@pytest.mark.parametrize("scores", [2**22, 1])
def test_similar_rows_are_those_of_highest_cosine(scores, library, dtype, monkeypatch):
    monkeypatch.setattr("companion.matrix.recommender.ranking.SCORES", scores)
    V = np.random.default_rng(0).standard_normal((9, 3)).astype(dtype)
    V[4] = 0
    found = r.similar(library(V), library(np.array([2, 4, 8])), 8)
    items, cosines = library.numpy(found.items), library.numpy(found.scores)
    for row, some, told in ((2, items[0], cosines[0]), (8, items[2], cosines[2])):
        angles = V @ V[row] / np.linalg.norm(V, axis=1).clip(1e-30) / np.linalg.norm(V[row])
        assert sorted(some.tolist()) == sorted([-1, *({*range(9)} - {row, 4})])
        assert some[-1] == -1
        np.testing.assert_allclose(told[:-1], angles[some[:-1]], atol=1e-6)
        assert (np.diff(told[:-1]) <= 0).all()
    assert (items[1] == -1).all()


def test_neighbours_share_the_genre_they_were_made_with():
    made = data.ratings.generate(seed=1)
    F = r.als(r.Ratings(*made[:4]), 3, ridge=0.01, sweeps=10, rng=0)
    near = r.similar(F.items, np.arange(800), 5).items
    assert (made.genre[near] == made.genre[:, None]).mean() > 0.95


# --- accuracy ---


def test_rmse_and_mae_are_scikit_learns(library, dtype):
    a, b = np.random.default_rng(0).standard_normal((2, 50)).astype(dtype)
    assert float(r.rmse(library(a), library(b))) == pytest.approx(root_mean_squared_error(b, a), rel=1e-5)
    assert float(r.mae(library(a), library(b))) == pytest.approx(mean_absolute_error(b, a), rel=1e-5)


def test_recall_and_ndcg_by_hand(library):
    relevant = r.Ratings(np.array([0, 0, 0, 2, 3]), np.array([1, 3, 4, 0, 2]), np.array([3.0, 1, 2, 5, 1]), (4, 5))
    lists = library(np.array([[3, 0, 1], [1, 2, 3], [4, 3, -1], [2, 1, 0]]))
    relevant = of(library, relevant)
    for k, recall in ((1, (1 / 3 + 0 + 1) / 3), (2, (1 / 3 + 0 + 1) / 3), (3, (2 / 3 + 0 + 1) / 3)):
        assert float(r.recall_at(lists, relevant, k)) == pytest.approx(recall)  # user 1 has nothing held out: left out
    first = (1 / 1 + 3 / 2) / (3 / 1 + 2 / np.log2(3) + 1 / 2)
    assert float(r.ndcg_at(lists, relevant, 3)) == pytest.approx((first + 0 + 1) / 3)
    assert float(r.ndcg_at(lists, relevant, 1)) == pytest.approx((1 / 3 + 0 + 1) / 3)


def test_the_end_of_a_list_is_no_item_of_the_user_before(library):
    relevant = of(library, r.Ratings(np.array([0, 1]), np.array([4, 0]), np.ones(2), (2, 5)))
    lists = library(np.array([[0, 1], [-1, -1]]))
    assert float(r.recall_at(lists, relevant, 2)) == 0
    assert float(r.ndcg_at(lists, relevant, 2)) == 0


@given(seed=st.integers(0, 10**6), k=st.integers(1, 8))
def test_ndcg_is_scikit_learns(library, seed, k):
    rng = np.random.default_rng(seed)
    scores, gains = rng.permuted(np.tile(np.arange(8.0), (6, 1)), axis=1), rng.integers(0, 4, (6, 8)).astype(float)
    gains[:, 0] += 1
    users, items = np.nonzero(gains)
    relevant = of(library, r.Ratings(users, items, gains[users, items], (6, 8)))
    lists = library(np.argsort(-scores, axis=1))
    assert float(r.ndcg_at(lists, relevant, k)) == pytest.approx(ndcg_score(gains, scores, k=k))
    held = gains > 0
    hits = np.take_along_axis(held, np.argsort(-scores, axis=1)[:, :k], 1).sum(1) / held.sum(1)
    assert float(r.recall_at(lists, relevant, k)) == pytest.approx(hits.mean())


# --- splits ---


def pairs(ratings, library):
    parts = (library.numpy(getattr(ratings, f)).tolist() for f in ("users", "items", "values"))
    return set(zip(*parts, strict=True))


@given(seed=st.integers(0, 1000), share=st.floats(0.1, 0.95))
def test_a_random_split_parts_each_users_ratings_and_loses_none(library, seed, share):
    ratings = draw(seed=seed)
    counts = np.bincount(ratings.users, minlength=30)
    train, test = r.split_random(of(library, ratings), share, rng=seed)
    assert pairs(train, library) & pairs(test, library) == set()
    assert pairs(train, library) | pairs(test, library) == set(zip(*(x.tolist() for x in ratings[:3]), strict=True))
    held = np.bincount(library.numpy(test.users), minlength=30)
    np.testing.assert_array_equal(held, np.floor(share * counts + 1e-9))
    assert (held < counts)[counts > 0].all()  # nobody is without a rating to learn from


def test_a_split_is_a_function_of_the_seed_on_every_library(library):
    ratings = draw()
    expected = r.split_random(ratings, 0.3, rng=7).test
    ours = r.split_random(of(library, ratings), 0.3, rng=np.random.default_rng(7)).test
    np.testing.assert_array_equal(library.numpy(ours.items), expected.items)
    for rng in (8, None):
        assert (r.split_random(ratings, 0.3, rng=rng).test.items.tolist()) != expected.items.tolist()


def test_every_rating_may_be_held_out():
    ratings = draw()
    times = sum(
        np.isin(ratings.users * 20 + ratings.items, t.users * 20 + t.items)
        for t in (r.split_random(ratings, 0.5, rng=seed).test for seed in range(40))
    )
    several = np.bincount(ratings.users)[ratings.users] > 1
    assert (times[several] > 4).all()
    assert (times[several] < 36).all()


def test_a_split_by_time_trains_on_nothing_as_late_as_the_test(library):
    ratings = draw()
    times = np.random.default_rng(0).integers(0, 40, len(ratings.users))
    train, test = r.split_by_time(of(library, ratings), library(times), 0.25)
    when = dict(zip(zip(*(x.tolist() for x in ratings[:3]), strict=True), times, strict=True))
    assert max(when[k] for k in pairs(train, library)) < min(when[k] for k in pairs(test, library))
    assert len(pairs(train, library)) + len(pairs(test, library)) == len(times)
    assert 0.15 * len(times) < len(pairs(test, library)) <= 0.25 * len(times)


def test_no_number_of_the_model_depends_on_what_is_held_out():
    ratings = draw()
    train, test = r.split_random(ratings, 0.3, rng=0)
    other = ratings.values.copy()
    other[np.isin(ratings.users * 20 + ratings.items, test.users * 20 + test.items)] += 100
    again = r.split_random(ratings._replace(values=other), 0.3, rng=0).train
    for ours, theirs in zip(r.als(train, 2, ridge=0.1, rng=0), r.als(again, 2, ridge=0.1, rng=0), strict=True):
        np.testing.assert_array_equal(ours, theirs)


# --- size ---


def test_no_array_of_all_ratings_times_the_rank_is_made():
    import tracemalloc

    made = data.ratings.generate(1500, 600, per_user=200)
    ratings = r.Ratings(made.users, made.items, made.values, made.shape)
    rank = 63
    whole = len(made.users) * 64 * 8
    tracemalloc.start()
    r.als(ratings, rank, ridge=0.1, sweeps=1, tol=0.1, rng=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.25 * whole
