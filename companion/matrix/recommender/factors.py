"""What a recommender knows of each user and item, and what it says of a pair of them."""

from typing import Any, NamedTuple

from array_api_compat import array_namespace, device
from jaxtyping import Float, Int

from companion._array import Scalar, normal
from companion.matrix.recommender.ratings import Ratings, Table, ids, table, transposed

Users = Float[Any, "m r"]
Items = Float[Any, "n r"]
PAIRS = 2**16  # pairs at once: their factors are gathered, the table of all is never formed


class Factors(NamedTuple):
    """rating(u, i) ≈ mean + user_bias[u] + item_bias[i] + users[u] · items[i]; users and items never seen have zeros.

    `losses` is the objective, penalty included, after each sweep. Factors of counts have no biases: theirs are zeros.
    """

    users: Users
    items: Items
    user_bias: Float[Any, " m"]
    item_bias: Float[Any, " n"]
    mean: Scalar
    losses: Float[Any, " sweeps"]


def predict(factors: Factors, users: Int[Any, " k"], items: Int[Any, " k"]) -> Float[Any, " k"]:
    """mean + user_bias[u] + item_bias[i] + users[u] · items[i] for each pair (u, i) of the two lists.

    Who has no ratings is answered by what is left: mean and the other's bias. Raises ValueError for numbers outside the
    table: new users come in by `fold_in`. Of a table of 1 to 5 stars, clip the answers yourself.
    """
    P, Q, b, c, mean, _ = factors
    xp = array_namespace(P)
    users, items = ids(users, "users", P.shape[0], P), ids(items, "items", Q.shape[0], P)
    if users.shape[0] != items.shape[0]:
        raise ValueError(f"users holds {users.shape[0]} numbers, items {items.shape[0]}; one of each a pair is needed.")
    parts = []
    for first in range(0, users.shape[0], PAIRS):
        u, i = users[first : first + PAIRS], items[first : first + PAIRS]
        product = xp.vecdot(xp.take(P, u, axis=0), xp.take(Q, i, axis=0))
        parts.append(mean + xp.take(b, u) + xp.take(c, i) + product)
    return xp.concat(parts)


def tables(xp, ratings: Ratings, width: int) -> tuple[Table, Table]:
    """The ratings by user and by item."""
    return table(xp, ratings, width), table(xp, transposed(ratings), width)


def start(xp, ratings: Ratings, items: Table, width: int, rng: Any) -> tuple[Users, Items]:
    """Zeros for the users, small normals for the items, zeros for items without ratings."""
    (m, n), values = ratings.shape, ratings.values
    X = xp.zeros((m, width), dtype=values.dtype, device=device(values))
    known = xp.astype(items.counts > 0, values.dtype)
    return X, normal(rng, (n, width), like=values) * known[:, None] / width**0.5


def fits(factors: Factors, ratings: Ratings, name: str = "ratings") -> None:
    """Raises ValueError unless the ratings have the columns and the library that the factors have."""
    Q = factors.items
    if ratings.shape[1] != Q.shape[0]:
        raise ValueError(f"{name} has {ratings.shape[1]} items, the factors have {Q.shape[0]}: give it their columns.")
    if array_namespace(Q) is not array_namespace(ratings.values) or Q.dtype != ratings.values.dtype:
        kinds = (
            f"{type(ratings.values).__name__} of {ratings.values.dtype}, the factors a {type(Q).__name__} of {Q.dtype}"
        )
        raise TypeError(f"{name}.values is a {kinds}; one kind is needed: convert {name}.values.")
