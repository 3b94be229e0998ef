"""The checkers of the chapter on recommenders: right answers pass, each wrong one is told its own mistake."""

import itertools

import checkers
import numpy as np
import pytest

from companion.exercises import _ranked, recommender
from companion.matrix import recommender as matrix_recommender

# --- right -----------------------------------------------------------------------------------------------------------


def update(Q, r, ridge):
    return np.linalg.solve(Q.T @ Q + ridge * np.eye(Q.shape[1]), Q.T @ r)


def update_by_svd(Q, r, ridge):
    U, s, Vh = np.linalg.svd(Q, full_matrices=False)
    return Vh.T @ (s / (s**2 + ridge) * (U.T @ r))


def update_by_more_rows(Q, r, ridge):
    rank = Q.shape[1]
    return np.linalg.lstsq(np.vstack([Q, ridge**0.5 * np.eye(rank)]), np.append(r, np.zeros(rank)))[0][:, None]


def update_in_the_dual(Q, r, ridge):
    return Q.T @ np.linalg.solve(Q @ Q.T + ridge * np.eye(len(Q)), r)


def update_by_descent(Q, r, ridge):
    p = np.zeros(Q.shape[1])
    for _ in range(20000):
        p = p - 0.02 * (Q.T @ (Q @ p - r) + ridge * p)
    return p


def update_in_torch(Q, r, ridge):
    torch = pytest.importorskip("torch")
    Q, r = torch.tensor(Q, dtype=torch.float32), torch.tensor(r, dtype=torch.float32)
    return torch.linalg.solve(Q.T @ Q + ridge * torch.eye(Q.shape[1]), Q.T @ r)


def predict(mean, user_bias, item_bias, P, Q, u, i):
    value = mean
    value += user_bias[u] if u is not None else 0
    value += item_bias[i] if i is not None else 0
    return value + (P[u] @ Q[i] if u is not None and i is not None else 0)


def predict_with_a_row_of_zeros(mean, user_bias, item_bias, P, Q, u, i):
    P, Q = (np.vstack([F, np.zeros(F.shape[1])]) for F in (P, Q))
    b, c = np.append(user_bias, 0), np.append(item_bias, 0)
    u, i = (-1 if x is None else x for x in (u, i))
    return np.array(mean + b[u] + c[i] + P[u] @ Q[i])


def ndcg(listed, relevant, k):
    gains = np.isin(listed[:k], relevant)
    best = np.arange(min(k, len(relevant)))
    return np.sum(gains / np.log2(2 + np.arange(len(gains)))) / np.sum(1 / np.log2(2 + best))


def ndcg_by_loop(listed, relevant, k):
    got = sum(1 / np.log(j + 2) for j, item in enumerate(listed) if j < k and item in set(relevant))
    return float(got / sum(1 / np.log(j + 2) for j in range(min(k, len(relevant)))))  # any base: it cancels


def ndcg_by_companion(listed, relevant, k):
    table = matrix_recommender.Ratings(
        np.zeros(len(relevant), int), np.array(relevant), np.ones(len(relevant)), (1, 10)
    )
    return matrix_recommender.ndcg_at(np.array([listed]), table, k)


def split(users, share, rng):
    held = np.zeros(len(users), bool)
    for u in np.unique(users):
        where = np.flatnonzero(users == u)
        held[rng.choice(where, int(share * len(where)), replace=False)] = True
    return held


def split_by_ranks(users, share, rng):
    order = rng.permutation(len(users))
    order = order[np.argsort(users[order], kind="stable")]
    counts = np.bincount(users)
    place = np.arange(len(users)) - (np.cumsum(counts) - counts)[users[order]]
    held = np.zeros(len(users), int)
    held[order] = place < np.floor(share * counts)[users[order]]
    return held.tolist()


def split_by_companion(users, share, rng):
    k = np.arange(len(users))
    table = matrix_recommender.Ratings(users, k, np.ones(len(users)), (10, len(users)))
    return np.isin(k, matrix_recommender.split_random(table, share, rng=rng).test.items)


RIGHT = {
    "check_user_update": [update, update_by_svd, update_by_more_rows, update_in_the_dual, update_by_descent,
                          update_in_torch],
    "check_prediction": [predict, predict_with_a_row_of_zeros],
    "check_ndcg": [ndcg, ndcg_by_loop, ndcg_by_companion],
    "check_split": [split, split_by_ranks, split_by_companion],
}  # fmt: skip


# --- wrong -----------------------------------------------------------------------------------------------------------


def prediction(*, known=predict, cold=predict):
    """A prediction with one part of it wrong."""

    def student(mean, user_bias, item_bias, P, Q, u, i):
        return (cold if None in (u, i) else known)(mean, user_bias, item_bias, P, Q, u, i)

    return student


def without(*names):
    def student(mean, user_bias, item_bias, P, Q, u, i):
        given = {"mean": mean, "user_bias": user_bias, "item_bias": item_bias, "P": P, "Q": Q}
        changed = [value * (name not in names) for name, value in given.items()]
        return predict(*changed, u, i)

    return student


def mean_bias(mean, user_bias, item_bias, P, Q, u, i):
    b, c = (x.mean() if k is None else x[k] for x, k in ((user_bias, u), (item_bias, i)))
    return mean + b + c


def average_taste(mean, user_bias, item_bias, P, Q, u, i):
    p, q = (F.mean(axis=0) if k is None else F[k] for F, k in ((P, u), (Q, i)))
    return predict(mean, user_bias, item_bias, P, Q, u, i) + p @ q


def ndcg_of_found(listed, relevant, k):
    hits = np.isin(listed[:k], relevant)
    weights = 1 / np.log2(2 + np.arange(len(hits)))
    return hits @ weights / (np.sort(hits)[::-1] @ weights or 1)


def dcg(hits, start=2):
    return np.sum(np.asarray(hits) / np.log2(start + np.arange(len(hits))))


def dcg_of_2002(hits):
    return sum(hit / max(1, np.log2(j)) for j, hit in enumerate(hits, 1))


def own_places(users, share, rng):
    held = np.zeros(len(users), bool)
    for count in np.bincount(users):
        held[rng.choice(count, int(share * count), replace=False)] = True
    return held


def whole_users(users, share, rng):
    names = np.unique(users)
    return np.isin(users, rng.choice(names, int(share * len(names)), replace=False))


def split_with(count, chosen=lambda where, n, rng: rng.choice(where, n, replace=False)):
    """Of each user's places as many as `count` says, and those that `chosen` takes."""

    def student(users, share, rng):
        held = np.zeros(len(users), bool)
        for u in np.unique(users):
            where = np.flatnonzero(users == u)
            held[chosen(where, min(len(where), int(count(share * len(where), share))), rng)] = True
        return held

    return student


def split_with_its_own_chance(users, share, rng):
    return split(users, share, np.random.default_rng())


def split_from_half(where, n, rng):
    return rng.permuted(where[: max(n, len(where) // 2)])[:n]


WRONG = {
    "check_user_update": {
        "the penalty is missing": lambda Q, r, ridge: np.linalg.lstsq(Q, r)[0],
        "ridge times the number of ratings": lambda Q, r, ridge: update(Q, r, ridge * len(Q)),
        "your penalty is ridge²": lambda Q, r, ridge: update(Q, r, ridge**2),
        "your penalty has the wrong sign": lambda Q, r, ridge: update(Q, r, -ridge),
        "added to every entry of QᵀQ": lambda Q, r, ridge: np.linalg.solve(Q.T @ Q + ridge, Q.T @ r),
        "your sign is wrong": lambda Q, r, ridge: -update(Q, r, ridge),
        "you divided by n once": lambda Q, r, ridge: update(Q, r, ridge) / len(Q),
        "half of ridge": lambda Q, r, ridge: update(Q, r, ridge / 2),
        "twice ridge": lambda Q, r, ridge: update(Q, r, ridge * 2),
        "an intercept was fitted": lambda Q, r, ridge: update(Q - Q.mean(axis=0), r - r.mean(), ridge),
        "the predictions Qp": lambda Q, r, ridge: Q @ update(Q, r, ridge),
        "at your p the gradient": lambda Q, r, ridge: update(Q, r, ridge) + 1,
        "You returned a 3 × 3 matrix; p for 3 factors": lambda Q, r, ridge: Q.T @ Q + ridge * np.eye(Q.shape[1]),
        "shapes that do not fit": lambda Q, r, ridge: np.linalg.solve(Q @ Q.T + ridge * np.eye(Q.shape[1]), Q.T @ r),
        "NaN or infinity in 3 of the 3": lambda Q, r, ridge: update(Q, r, ridge) * np.nan,
    },
    "check_prediction": {
        "the mean is missing. Biases and factors say": without("mean"),
        "the user's bias is missing": without("user_bias"),
        "the item's bias is missing": without("item_bias"),
        "both biases are missing": without("user_bias", "item_bias"),
        "the product of the factors is missing": without("P"),
        "a bias was subtracted": prediction(
            known=lambda mean, b, c, P, Q, u, i: mean - b[u] - c[i] + P[u] @ Q[i]
        ),
        "not the sum over all of them": prediction(
            known=lambda mean, b, c, P, Q, u, i: mean + b.sum() + c.sum() + P[u] @ Q[i]
        ),
        "no reason to say 0": prediction(cold=lambda *given: 0),
        "you fall back to the mean alone": prediction(cold=lambda mean, *given: mean),
        "i = 1 you returned 0.125: the mean is missing": prediction(cold=without("mean")),
        "you took the last row's bias": prediction(
            cold=lambda mean, b, c, P, Q, u, i: mean + b[-1 if u is None else u] + c[-1 if i is None else i]
        ),
        "you took the average of the biases": prediction(cold=mean_bias),
        "add the four terms by hand": lambda *given: 3,
        "a value of another type than you expect": prediction(
            cold=lambda mean, b, c, P, Q, u, i: mean + float(u) + float(i)
        ),
        "a prediction must be one number": lambda mean, b, c, P, Q, u, i: mean + b + 0,
        "u is None here, and an array indexed by None": lambda mean, b, c, P, Q, u, i: (
            mean + b[u] + c[i] + P[u] @ Q[i].T
        ),
        "i is None here, and an array indexed by None": prediction(
            cold=lambda mean, b, c, P, Q, u, i: mean + c[i] + (b[u] if u is not None else 0)
            if i is None
            else predict(mean, b, c, P, Q, u, i)
        ),
        "row 0 was taken for a newcomer: `if u`": lambda mean, b, c, P, Q, u, i: (
            predict(mean, b, c, P, Q, u or None, i)
        ),
        "item 0 was taken for a new one": lambda mean, b, c, P, Q, u, i: predict(mean, b, c, P, Q, u, i or None),
        "you took the average of the factors": prediction(cold=average_taste),
    },
    "check_ndcg": {
        "that is the DCG": lambda a, b, k: dcg(np.isin(a[:k], b)),
        "you divided by a list of k hits": lambda a, b, k: dcg(np.isin(a[:k], b)) / dcg([1] * k),
        "you divided by the gain of all relevant items": lambda a, b, k: dcg(np.isin(a[:k], b)) / dcg([1] * len(b)),
        "you divided by the best order of what you listed": ndcg_of_found,
        "the whole list was counted": lambda a, b, k: dcg(np.isin(a, b)) / dcg([1] * min(k, len(b))),
        "that is recall": lambda a, b, k: np.isin(a[:k], b).sum() / len(b),
        "that is precision": lambda a, b, k: np.isin(a[:k], b).sum() / k,
        "the discount is shifted": lambda a, b, k: dcg(np.isin(a[:k], b), 3) / dcg([1] * min(k, len(b)), 3),
        "you discount by 1/place": lambda a, b, k: np.sum(np.isin(a[:k], b) / np.arange(1, k + 1))
        / np.sum(1 / np.arange(1, min(k, len(b)) + 1)),
        "as the paper of 2002 does": lambda a, b, k: dcg_of_2002(np.isin(a[:k], b)) / dcg_of_2002([1] * min(k, len(b))),
        "the natural logarithm above": lambda a, b, k: ndcg(a, b, k) / np.log(2),
        "the natural logarithm below": lambda a, b, k: ndcg(a, b, k) * np.log(2),
        "write down the gain of each place": lambda a, b, k: 0.5,
        "You returned NaN or infinity": lambda a, b, k: dcg(np.isin(a[:k], b), 1) / dcg([1] * min(k, len(b)), 1),
        "an NDCG must be one number": lambda a, b, k: np.isin(a[:k], b) * 1.0,
    },
    "check_split": {
        "you hold out what was to be kept": lambda users, share, rng: ~split(users, share, rng),
        "you rounded up": split_with(lambda x, share: np.ceil(x)),
        "you rounded. Round down": split_with(lambda x, share: np.round(x)),
        "the same number of every user": split_with(lambda x, share: 3),
        "at least one was held out of everybody": split_with(lambda x, share: max(1, int(x))),
        "you drew from all ratings together": lambda users, share, rng: rng.random(len(users)) < share,
        "some were drawn twice": split_with(lambda x, s: x, lambda where, n, rng: rng.choice(where, n)),
        "you hold out users": whole_users,
        "places among the user's own ratings": own_places,
        "count them with np.bincount": split_with(lambda x, share: 0),
        "The same rng gave you two": split_with_its_own_chance,
        "the first ones of each user": split_with(lambda x, s: x, lambda where, n, rng: where[:n]),
        "the last ones of each user": split_with(lambda x, s: x, lambda where, n, rng: where[len(where) - n :]),
        "you hold out the same ratings": split_with(
            lambda x, s: x, lambda where, n, rng: np.random.default_rng(0).choice(where, n, replace=False)
        ),
        "draws you never held out": split_with(lambda x, s: x, split_from_half),
        "Those look like places": lambda users, share, rng: np.flatnonzero(split(users, share, rng)),
        "one mask is enough": lambda users, share, rng: (
            np.flatnonzero(~split(users, share, rng)), np.flatnonzero(split(users, share, rng))
        ),
        "other numbers than 0 and 1": lambda users, share, rng: users,
        "You returned the str 'test'": lambda users, share, rng: "test",
    },
}  # fmt: skip


TestCheckers = checkers.of(
    recommender, RIGHT, WRONG, calls={"check_user_update": 4, "check_prediction": 8, "check_ndcg": 7}
)


def test_no_two_mistakes_of_ndcg_look_alike():
    answers = [[rule(*case) for case in _ranked.LISTS] for rule in (_ranked._ndcg, *_ranked.NDCG_MISTAKES.values())]
    assert not any(np.allclose(one, other) for one, other in itertools.combinations(answers, 2))


def test_each_case_of_ndcg_is_right():
    for case in _ranked.LISTS:
        assert _ranked._ndcg(*case) == pytest.approx(ndcg(*case))


def test_a_split_that_goes_wrong_in_any_draw_of_the_second_share_is_noticed():
    count = itertools.count()

    def student(users, share, rng):
        return split(users, share, rng) if next(count) < 13 else ~split(users, share, rng)

    assert not recommender.check_split(student)
