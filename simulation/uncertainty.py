"""What survives of a result when the unknown numbers are drawn from their ranges.

A *world* is one plausible set of parameters. In each world the base is calibrated to that
world's targets and people learn anew, so that no world contradicts the counts. The worlds are a
Latin hypercube over the ranges of all parameters: few worlds cover every range evenly.
"""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats
from scipy.stats import qmc

from lastmile.errors import RequestError
from lastmile.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from scenarios.schema import Scenario

    Floats = NDArray[np.float64]

FEWEST_TO_RANK: Final = 30
"""Worlds below which a ranking of parameters says nothing."""

RESAMPLES: Final = 25
HARMONICS: Final = 10
FEW_HARMONICS: Final = 4
"""Harmonics of a parameter's effect; fewer where the worlds are few."""

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Worlds:
    """Plausible worlds.

    Attributes
    ----------
    names
        Parameters with a range, in the order of the table.
    quantiles
        (worlds, parameters) where in its range each parameter lies, 0 to 1.
    """

    names: tuple[str, ...]
    quantiles: Floats

    def __len__(self) -> int:
        """Count the worlds."""
        return len(self.quantiles)

    def parameters(self, world: int, table: Parameters) -> Parameters:
        """Return the parameters of one world."""
        return table.at_quantiles(self.quantiles[world])


def draw_worlds(table: Parameters, count: int, seed: int) -> Worlds:
    """Draw plausible worlds.

    Parameters
    ----------
    table
        Parameters with their ranges.
    count
        How many worlds.
    seed
        Root seed; the same gives the same worlds.

    Raises
    ------
    RequestError
        If the count is below 1 or the seed negative.
    """
    if count < 1 or seed < 0:
        raise RequestError(f"{count} worlds from seed {seed}: at least 1, from a seed of 0 or more")
    names = table.uncertain()
    sampler = qmc.LatinHypercube(d=max(len(names), 1), rng=np.random.default_rng(seed))
    return Worlds(names, sampler.random(count)[:, : len(names)])


@dataclass(frozen=True, slots=True)
class Survival:
    """In how many plausible worlds a pilot is better than the base.

    Attributes
    ----------
    share
        Share of the worlds, ties by half.
    low, high
        Its 95 % interval (Wilson), from the number of worlds.
    worlds
        Worlds in which both have the figure.
    median_diff, p5_diff, p95_diff
        Of the difference, pilot less base, over the worlds.
    """

    share: float
    low: float
    high: float
    worlds: int
    median_diff: float
    p5_diff: float
    p95_diff: float

    def sentence(self, name: str) -> str:
        """Return what a planner would say."""
        return (
            f"{name} helps in {self.share:.0%} of {self.worlds} plausible worlds "
            f"(95 % interval {self.low:.0%} to {self.high:.0%})"
        )


@dataclass(frozen=True, slots=True)
class Influence:
    """How much an unknown parameter moves a figure.

    Attributes
    ----------
    name
        The parameter.
    share
        Share of the figure's variance over the worlds that the parameter explains by itself
        (first-order Sobol index).
    share_conf
        Half of its 95 % interval, by bootstrap.
    direction
        Spearman's rank correlation: below 0, the figure falls as the parameter grows.
    visible
        Whether the rank correlation is beyond chance, at 5 % over all parameters together
        (Bonferroni): of a hundred parameters without effect, some look strong in few worlds.
        An effect that goes up and down again shows in `share` alone.
    """

    name: str
    share: float
    share_conf: float
    direction: float
    visible: bool


def figures_of_world(
    world: int,
    *,
    scenarios: Sequence[Scenario],
    worlds: Worlds,
    table: Parameters,
    seed: int,
    replications: int,
) -> list[dict[str, float]]:
    """Return the mean key figures of some scenarios in one world, on the same visitors.

    Parameters
    ----------
    world
        Which world.
    scenarios
        Base and pilots.
    worlds, table
        The worlds, and the parameters they are drawn from.
    seed
        Root seed of the days.
    replications
        Days in each world, no two worlds with the same.
    """
    from simulation.day import run_day  # noqa: PLC0415 - needs streets and timetable
    from simulation.kpis import kpis  # noqa: PLC0415
    from simulation.prepare import prepare  # noqa: PLC0415

    parameters = worlds.parameters(world, table)
    means = []
    for scenario in scenarios:
        model = prepare(scenario, parameters)
        days = [
            kpis(run_day(model, seed, world * replications + day), model)
            for day in range(replications)
        ]
        names = {name for day in days for name in day}
        means.append(
            {
                name: _mean([day[name] for day in days if not math.isnan(day.get(name, math.nan))])
                for name in sorted(names)
            }
        )
    return means


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def run_worlds(
    scenarios: Sequence[Scenario],
    worlds: Worlds,
    *,
    seed: int,
    replications: int = 2,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> list[dict[str, Floats]]:
    """Simulate scenarios in every world.

    Parameters
    ----------
    scenarios
        Base and pilots.
    worlds
        The worlds, drawn from the bundled parameters.
    seed
        Root seed of the days.
    replications
        Days in each world.
    workers
        Processes; the results do not depend on it.
    progress
        Told after each world how many are done.

    Returns
    -------
    list of dict of str to (worlds,) arrays
        Key figures of each scenario, nan where a world has none.

    Raises
    ------
    RequestError
        If there is no replication or no worker.
    """
    if replications < 1 or workers < 1:
        raise RequestError(f"{replications} days on {workers} workers: both must be 1 or more")
    one = partial(
        figures_of_world,
        scenarios=tuple(scenarios),
        worlds=worlds,
        table=Parameters.bundled(),
        seed=seed,
        replications=replications,
    )
    rows = []
    if workers == 1 or len(worlds) == 1:
        for world in range(len(worlds)):
            rows.append(one(world))
            if progress is not None:
                progress(len(rows))
    else:
        with ProcessPoolExecutor(min(workers, len(worlds))) as pool:
            for row in pool.map(one, range(len(worlds))):
                rows.append(row)
                if progress is not None:
                    progress(len(rows))
    return [_columns([row[index] for row in rows]) for index in range(len(scenarios))]


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, Floats]:
    names = sorted({name for row in rows for name in row})
    return {name: np.array([row.get(name, math.nan) for row in rows]) for name in names}


def survival(base: Floats, pilot: Floats, *, less_is_better: bool) -> Survival:
    """Return in how many worlds a pilot is better than the base.

    Parameters
    ----------
    base, pilot
        (worlds,) a figure in the same worlds; nan where it has none.
    less_is_better
        Which way is better.

    Raises
    ------
    RequestError
        If no world has the figure in both.
    """
    known = np.isfinite(base) & np.isfinite(pilot)
    count = int(known.sum())
    if not count:
        raise RequestError("no world has the figure both in the base and with the pilot")
    diff = pilot[known] - base[known]
    gain = -diff if less_is_better else diff
    wins = float((gain > 0).sum() + 0.5 * (gain == 0).sum())
    share = wins / count
    low, high = _wilson(share, count)
    p5, median, p95 = np.percentile(diff, [5, 50, 95])
    return Survival(share, low, high, count, float(median), float(p5), float(p95))


def _wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (E. B. Wilson, JASA 22, 1927)."""
    z = float(stats.norm.ppf((1 + _CONFIDENCE) / 2))
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    half /= 1 + z * z / count
    return min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share)


def ranking(worlds: Worlds, figure: Floats, seed: int = 0) -> list[Influence]:
    """Rank the unknown parameters by how much they move a figure: what to go and count.

    Parameters
    ----------
    worlds
        The worlds.
    figure
        (worlds,) a key figure, or a difference between pilot and base.
    seed
        Of the bootstrap.

    Returns
    -------
    list of Influence
        Those visible first, the most influential first.

    Raises
    ------
    RequestError
        If fewer than `FEWEST_TO_RANK` worlds have the figure, or it never changes.

    Notes
    -----
    SALib's RBD-FAST, which takes any sample: S. Tarantola, D. Gatelli and T. A. Mara, "Random
    balance designs for the estimation of first order global sensitivity indices", Reliability
    Engineering and System Safety 91 (2006), with the bias correction of J.-Y. Tissot and
    C. Prieur (2012). It sees what a parameter does by itself, not what it does only together
    with others.
    """
    known = np.isfinite(figure)
    count = int(known.sum())
    if count < FEWEST_TO_RANK:
        raise RequestError(
            f"{count} worlds have the figure; a ranking needs {FEWEST_TO_RANK} or more"
        )
    values = figure[known]
    if np.ptp(values) == 0:
        raise RequestError("the figure is the same in every world: there is nothing to rank")
    from SALib.analyze import rbd_fast  # noqa: PLC0415 - slow to load

    sample = worlds.quantiles[known]
    columns = sample.shape[1]
    problem = {
        "num_vars": columns,
        "names": list(worlds.names),
        "bounds": [[0.0, 1.0]] * columns,
    }
    found = rbd_fast.analyze(
        problem,
        sample,
        values,
        M=HARMONICS if count > 4 * HARMONICS**2 else FEW_HARMONICS,
        num_resamples=RESAMPLES,
        conf_level=_CONFIDENCE,
        seed=seed,
    )
    ranks = [stats.spearmanr(column, values) for column in sample.T]
    influences = [
        Influence(
            name=name,
            share=max(float(share), 0.0),
            share_conf=float(conf),
            direction=float(rank.statistic),
            visible=bool(rank.pvalue * columns < 1 - _CONFIDENCE),
        )
        for name, share, conf, rank in zip(
            worlds.names, found["S1"], found["S1_conf"], ranks, strict=True
        )
    ]
    return sorted(influences, key=lambda one: (not one.visible, -one.share))
