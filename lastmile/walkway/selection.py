"""Which of many things to build for a budget, with a bound on what any choice could be worth.

The worth of a set is, item by item, that of its best member for the item:
``f(S) = sum_j max_{i in S} value[i, j]`` (maximum coverage where values are 0 or the item's
weight). It is submodular, so taking the best gain for the cost again and again is near the best:
within 1 - 1/e of it where everything costs the same (G. L. Nemhauser, L. A. Wolsey and
M. L. Fisher, An analysis of approximations for maximizing submodular set functions I, Mathematical
Programming 14, 1978), within (1 - 1/e) / 2 where costs differ and the best single thing is taken
if it is worth more (J. Leskovec et al., Cost-effective outbreak detection in networks, KDD 2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import e
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_matrix

from lastmile.errors import RequestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GUARANTEE_EQUAL = 1 - 1 / e
GUARANTEE = (1 - 1 / e) / 2


@dataclass(frozen=True)
class Selection:
    """What was chosen, and how good it must be.

    Attributes
    ----------
    chosen
        Positions in the order of choosing.
    gains
        What each of them added.
    value
        Worth of all of them together.
    bound
        No choice within the budget is worth more.
    cost
        What they cost.
    """

    chosen: tuple[int, ...]
    gains: tuple[float, ...]
    value: float
    bound: float
    cost: float


def worth(values: Floats, chosen: tuple[int, ...]) -> float:
    """Return the worth of a set of rows of ``values``."""
    return float(values[list(chosen)].max(axis=0).sum()) if chosen else 0.0


def select(values: Floats, costs: Floats, budget: float) -> Selection:
    """Choose greedily by gain for cost, or the best single thing if that is worth more.

    Parameters
    ----------
    values
        (n, m) what thing ``i`` is worth to item ``j``, not negative.
    costs
        (n,) positive.
    budget
        What the costs may add up to.

    Raises
    ------
    RequestError
        A value is negative or not a number, or a cost or the budget is not positive.
    """
    _check(values, costs, budget)
    if not len(values):
        return Selection((), (), 0.0, 0.0, 0.0)
    best = np.zeros(values.shape[1])
    chosen: list[int] = []
    gains: list[float] = []
    left = float(budget)
    bound = np.inf
    while True:
        gain = np.maximum(values - best, 0.0).sum(axis=1)
        bound = min(bound, float(best.sum()) + _fractional(gain, costs, budget))
        fits = (costs <= left) & (gain > 0)
        if not fits.any():
            break
        nxt = int(np.argmax(np.where(fits, gain / costs, -1.0)))
        chosen.append(nxt)
        gains.append(float(gain[nxt]))
        best = np.maximum(best, values[nxt])
        left -= float(costs[nxt])
    value = float(best.sum())
    alone = np.where(costs <= budget, values.sum(axis=1), 0.0)
    if alone.max() > value:
        chosen = [int(alone.argmax())]
        value = float(alone.max())
        gains = [value]
    return Selection(
        tuple(chosen), tuple(gains), value, max(bound, value), float(costs[chosen].sum())
    )


def select_exactly(values: Floats, costs: Floats, budget: float) -> Selection:
    """Choose the best set, by HiGHS's mixed-integer solver; for small cases.

    Raises
    ------
    RequestError
        As :func:`select`, or the solver found no answer.
    """
    _check(values, costs, budget)
    things, items = np.nonzero(values > 0)
    n, pairs = len(values), len(things)
    if not pairs:
        return Selection((), (), 0.0, 0.0, 0.0)
    served = np.arange(pairs)
    rows = [
        # an item is served by a thing only if that is chosen
        LinearConstraint(
            coo_matrix(
                (
                    np.concatenate([np.ones(pairs), -np.ones(pairs)]),
                    (np.concatenate([served, served]), np.concatenate([n + served, things])),
                ),
                shape=(pairs, n + pairs),
            ).tocsr(),
            -np.inf,
            0.0,
        ),
        # and by one thing only
        LinearConstraint(
            coo_matrix(
                (np.ones(pairs), (items, n + served)), shape=(values.shape[1], n + pairs)
            ).tocsr(),
            -np.inf,
            1.0,
        ),
        LinearConstraint(np.concatenate([costs, np.zeros(pairs)])[None, :], -np.inf, budget),
    ]
    answer = milp(
        -np.concatenate([np.zeros(n), values[things, items]]),
        constraints=rows,
        integrality=np.concatenate([np.ones(n), np.zeros(pairs)]),
        bounds=Bounds(0, 1),
    )
    if answer.x is None:
        raise RequestError(f"no exact choice was found ({answer.message}); use the greedy one")
    chosen = tuple(np.flatnonzero(answer.x[:n] > 0.5).tolist())  # noqa: PLR2004 - of 0 and 1
    value = worth(values, chosen)
    return Selection(chosen, (), value, value, float(costs[list(chosen)].sum()))


def _fractional(gain: Floats, costs: Floats, budget: float) -> float:
    """Return the most that gains could add up to if things could be built in part."""
    order = np.argsort(-gain / costs, kind="stable")
    before = np.cumsum(costs[order]) - costs[order]
    share = np.clip((budget - before) / costs[order], 0.0, 1.0)
    return float((gain[order] * share).sum())


def _check(values: Floats, costs: Floats, budget: float) -> None:
    if not np.all(values >= 0):
        raise RequestError("a gain cannot be negative or unknown")
    if not (np.all(costs > 0) and budget > 0):
        raise RequestError("costs and the budget must be above 0")
