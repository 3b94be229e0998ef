"""A table with holes, filled by a network: the factorization of the chapter on recommenders, and what came after it."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from companion._array import nonnegative, whole
from companion.matrix.recommender import Factors


class Embeddings(nn.Module):
    """rating(u, i) ≈ mean + b_u + c_i + p_u·q_i: as `recommender.als` fits it, here with weights that can learn.

    An embedding is a table of which a row is looked up. That is a dense layer without bias on a one-hot vector, without
    the products by zero. Biases are the last column of each table.
    """

    mean: Tensor

    def __init__(self, shape: tuple[int, int], rank: int, *, mean: float = 0.0, scale: float = 0.1) -> None:
        super().__init__()
        rank = whole(rank, "rank", 1)
        self.users, self.items = (nn.Embedding(whole(n, "each of shape", 1), rank + 1) for n in shape)
        for table in (self.users, self.items):
            nn.init.normal_(table.weight[:, :-1], std=scale)
            nn.init.zeros_(table.weight[:, -1])
        self.register_buffer("mean", torch.tensor(float(mean)))

    def forward(self, users: Int[Tensor, " k"], items: Int[Tensor, " k"]) -> Float[Tensor, " k"]:
        x, y = self.users(users), self.items(items)
        return self.mean + x[:, -1] + y[:, -1] + self.taste(x[:, :-1], y[:, :-1])

    def taste(self, p: Float[Tensor, "k r"], q: Float[Tensor, "k r"]) -> Float[Tensor, " k"]:
        """p·q for each pair."""
        return (p * q).sum(1)

    @torch.no_grad()
    def load(self, factors: Factors) -> "Embeddings":
        """Take over what ALS has found (torch factors of the same shape)."""
        self.users.weight.copy_(torch.cat([factors.users, factors.user_bias[:, None]], 1))
        self.items.weight.copy_(torch.cat([factors.items, factors.item_bias[:, None]], 1))
        self.mean.copy_(factors.mean)
        return self


class Perceptron(Embeddings):
    """The same with a small network on (p_u, q_i) in the place of the inner product (He et al. 2017)."""

    def __init__(
        self, shape: tuple[int, int], rank: int, *, hidden: int = 32, mean: float = 0.0, scale: float = 0.1
    ) -> None:
        super().__init__(shape, rank, mean=mean, scale=scale)
        hidden = whole(hidden, "hidden", 1)
        self.head = nn.Sequential(nn.Linear(2 * rank, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def taste(self, p: Float[Tensor, "k r"], q: Float[Tensor, "k r"]) -> Float[Tensor, " k"]:
        """What the network makes of both together."""
        return self.head(torch.cat([p, q], 1)).squeeze(1)


def objective(
    net: Embeddings, users: Int[Tensor, " k"], items: Int[Tensor, " k"], values: Float[Tensor, " k"], *, ridge: float
) -> Float[Tensor, ""]:
    """Σ (r − r̂)² + ridge·(‖p_u‖² + b_u² + ‖q_i‖² + c_i²) over the ratings given.

    Over all ratings that is what `recommender.als` minimizes with `ridge_per="rating"`: a user with n ratings pays the
    penalty n times. Since it is a sum over ratings, a batch's share of it needs no correction.
    """
    penalty = net.users(users).square().sum() + net.items(items).square().sum()
    return (values - net(users, items)).square().sum() + nonnegative(ridge, "ridge") * penalty


class AutoRec(nn.Module):
    """h(x) = W σ(Vx + μ) + b: a row of the table in, zeros where unknown, the whole row out (Sedhain et al. 2015).

    `Linear → sigmoid → Linear`; rows are ratings minus their mean. Of items or of users, as the rows are.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.encode = nn.Linear(whole(inputs, "inputs", 1), whole(hidden, "hidden", 1))
        self.decode = nn.Linear(hidden, inputs)

    def forward(self, x: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
        return self.decode(torch.sigmoid(self.encode(x)))


def masked(net: AutoRec, x: Float[Tensor, "n m"], known: Bool[Tensor, "n m"], *, ridge: float) -> Float[Tensor, ""]:
    """Σ (x − h(x))² over the known entries, plus ridge/2·(‖V‖² + ‖W‖²) (Sedhain et al. 2015)."""
    penalty = net.encode.weight.square().sum() + net.decode.weight.square().sum()
    return ((x - net(x)) * known).square().sum() + nonnegative(ridge, "ridge") / 2 * penalty
