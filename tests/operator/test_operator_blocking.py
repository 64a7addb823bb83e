"""Blocks of vehicles and drivers' breaks against every way to share out small timetables."""

import itertools
import random

import numpy as np
import pytest

from simulation.blocking import (
    Rules,
    Run,
    _Table,
    breaks_of,
    shortages,
    vehicle_blocks,
    vehicles_needed,
)
from simulation.turns import fewest_turns

MINUTE = 60.0


def random_runs(seed: int) -> tuple[list[Run], Rules]:
    """Draw a small timetable, with or without empty runs, with or without breaks."""
    draw = random.Random(seed)  # noqa: S311 - timetables, no secrets
    places = draw.randint(1, 3)
    runs = []
    for _ in range(draw.randint(1, 7)):
        start = draw.randrange(0, 12) * 10 * MINUTE
        length = draw.randint(1, 5) * 10 * MINUTE
        runs.append(Run(start, start + length, draw.randrange(places), draw.randrange(places)))
    empty_s = None
    if draw.random() < 0.6:
        empty_s = np.array(
            [
                [draw.choice((5, 10, 25, np.inf)) * MINUTE for _to in range(places)]
                for _from in range(places)
            ]
        )
    rules = Rules(draw.choice((0, 3, 10)) * MINUTE, empty_s)
    if draw.random() < 0.6:
        rules = Rules(
            rules.layover_s,
            empty_s,
            break_s=draw.choice((5, 15, 30)) * MINUTE,
            work_s=draw.choice((30, 60, 90)) * MINUTE,
        )
    return runs, rules


def rest_s(before: Run, after: Run, rules: Rules) -> float:
    """Return the rest between two runs; below none where no vehicle can make both."""
    empty_s = 0.0
    if before.end != after.start:
        if rules.empty_s is None:
            return -np.inf
        empty_s = rules.empty_s[before.end, after.start]
    return after.start_s - before.end_s - empty_s


def can_work(chain: tuple[Run, ...], rules: Rules) -> bool:
    """Say whether a vehicle can make some runs in this order, and its driver too."""
    since_s = chain[0].start_s
    for before, after in itertools.pairwise(chain):
        rest = rest_s(before, after, rules)
        if rest < rules.layover_s:
            return False
        if rules.break_s is None:
            continue
        if rest >= rules.break_s:
            since_s = after.start_s
        elif after.end_s - since_s > rules.work_s:
            return False
    return True


def fewest_by_trying_all(runs: list[Run], rules: Rules) -> tuple[int, float]:
    """Return the fewest vehicles, and the least time between runs, over all ways to share.

    A minute of running empty counts half as much again as one of standing.
    """
    ordered = sorted(runs)

    def tried(rank: int, chains: tuple[tuple[Run, ...], ...]) -> tuple[int, float]:
        if rank == len(ordered):
            return len(chains), sum(between_s(chain, rules) for chain in chains)
        run = ordered[rank]
        found = [tried(rank + 1, (*chains, (run,)))]
        for index, chain in enumerate(chains):
            if can_work((*chain, run), rules):
                joined = (*chains[:index], (*chain, run), *chains[index + 1 :])
                found.append(tried(rank + 1, joined))
        return min(found)

    return tried(0, ())


def between_s(chain: tuple[Run, ...], rules: Rules) -> float:
    """Return the time between the runs of a vehicle, a half more where it runs empty."""
    total = 0.0
    for before, after in itertools.pairwise(chain):
        gap_s = after.start_s - before.end_s
        total += gap_s + 0.5 * (gap_s - rest_s(before, after, rules))
    return total


@pytest.mark.parametrize("first", range(0, 500, 100))
def test_no_way_to_share_the_trips_takes_fewer_vehicles_or_hours(first: int) -> None:
    for seed in range(first, first + 100):
        runs, rules = random_runs(seed)
        blocks = vehicle_blocks(runs, rules)
        spent_s = 0.0
        for vehicle in set(blocks):
            mine = [run for run, block in zip(runs, blocks, strict=True) if block == vehicle]
            work = tuple(sorted(mine))
            assert can_work(work, rules), seed
            spent_s += between_s(work, rules)
        vehicles, least_s = fewest_by_trying_all(runs, rules)
        assert max(blocks) + 1 == len(set(blocks)) == vehicles, seed
        assert vehicles_needed(runs, rules) == vehicles, seed
        # evenness may cost a little where rests differ; never more than its weight
        assert spent_s <= least_s * 1.05 + MINUTE, seed


def test_the_random_timetables_need_empty_runs_and_breaks() -> None:
    drawn = [random_runs(seed) for seed in range(500)]
    without_empty = [(runs, Rules(r.layover_s, None, r.break_s, r.work_s)) for runs, r in drawn]
    relieved = [(runs, rules.relieved()) for runs, rules in drawn]
    vehicles = [vehicles_needed(*one) for one in drawn]
    assert (
        sum(vehicles_needed(*one) > n for one, n in zip(without_empty, vehicles, strict=True)) > 30
    )
    assert sum(vehicles_needed(*one) < n for one, n in zip(relieved, vehicles, strict=True)) > 15


def test_a_vehicle_runs_empty_only_where_it_saves_one() -> None:
    runs = [Run(0, 600, 0, 1), Run(1800, 2400, 0, 1)]
    apart = np.array([[0.0, 600.0], [600.0, 0.0]])
    assert vehicle_blocks(runs, Rules()) == [0, 1]
    assert vehicle_blocks(runs, Rules(empty_s=apart)) == [0, 0]
    assert vehicle_blocks(runs, Rules(layover_s=601, empty_s=apart)) == [0, 1]
    back = [*runs, Run(900, 1500, 1, 0)]
    assert vehicle_blocks(back, Rules(empty_s=apart)) == [0, 0, 0]


def test_drivers_have_their_break_as_late_as_they_can() -> None:
    hour = 3600.0
    work = [Run(k * hour, k * hour + 2400, 0, 0) for k in range(9)]
    rules = Rules(break_s=1200, work_s=3.7 * hour)
    assert vehicle_blocks(work, rules) == [0] * 9
    assert [rank for rank, taken in enumerate(breaks_of(work, rules)) if taken] == [4, 8]
    strict = Rules(break_s=1800, work_s=4 * hour)
    assert vehicles_needed(work, strict) == 2
    assert vehicles_needed(work, strict.relieved()) == 1
    assert breaks_of(work, strict.relieved()) == [False] * 9


def there_and_back(headway_min: int) -> list[Run]:
    """Return a day's trips of 39 minutes from nine to six, each followed by one back."""
    starts = [minute * MINUTE for minute in range(9 * 60, 18 * 60 + 1, headway_min)]
    out = [Run(start, start + 39 * MINUTE, 0, 1) for start in starts]
    return [*out, *(Run(run.end_s + 180, run.end_s + 42 * MINUTE, 1, 0) for run in out)]


@pytest.mark.parametrize(
    ("headway_min", "relieved", "fewest"),
    # the fewest as the integer programme proves them when it may take as long as it likes
    [(60, 2, 2), (30, 3, 4), (20, 5, 6), (15, 6, 7), (10, 9, 11)],
)
def test_a_whole_day_takes_the_fewest_vehicles(
    headway_min: int, relieved: int, fewest: int
) -> None:
    runs = there_and_back(headway_min)
    rules = Rules(180, break_s=1800, work_s=5.5 * 3600)
    blocks = vehicle_blocks(runs, rules)
    for vehicle in set(blocks):
        mine = [run for run, block in zip(runs, blocks, strict=True) if block == vehicle]
        assert can_work(tuple(sorted(mine)), rules)
    assert vehicles_needed(runs, rules.relieved()) == relieved
    assert max(blocks) + 1 == fewest


def test_taking_turns_comes_close_to_the_best() -> None:
    """Where both are tried: never fewer than the proven best, and nearly always as few."""
    with_breaks = [one for one in map(random_runs, range(500)) if one[1].break_s is not None]
    needed = [
        (len(runs) - len(fewest_turns(_Table.of(runs, rules).work(), 1)), vehicles_needed(*one))
        for one in with_breaks
        for runs, rules in [one]
    ]
    assert all(found >= best for found, best in needed)
    assert np.mean([found == best for found, best in needed]) > 0.98


def test_vehicles_take_turns() -> None:
    runs = [Run(k * 600.0, k * 600.0 + 900, 0, 0) for k in range(9)]
    assert vehicle_blocks(runs, Rules()) == [0, 1] * 4 + [0]


def test_an_empty_timetable_takes_no_vehicle() -> None:
    assert vehicle_blocks([], Rules(60)) == []
    assert vehicles_needed([], Rules(60)) == 0


def rounds_every(minutes: int, count: int) -> list[list[Run]]:
    """Rounds of 40 minutes from one terminus."""
    return [[Run(k * minutes * 60.0, k * minutes * 60.0 + 2400, 0, 0)] for k in range(count)]


def test_the_departure_that_lacks_a_vehicle_is_named_with_what_mends_it() -> None:
    groups = rounds_every(22, 4)  # 0:00 and 0:22 leave; the first is back at 0:40, rested at 0:45
    (told,) = shortages(lambda _rest_s: groups, Rules(300), 2)
    assert (told.start_s, told.vehicle, told.place) == (44 * MINUTE, 3, 0)
    assert told.layover_s == 4 * MINUTE
    assert told.later_s == 45 * MINUTE
    assert shortages(lambda _rest_s: groups, Rules(300), 3) == []


def test_a_departure_that_lacks_a_vehicle_for_a_break_says_so() -> None:
    hour = 3600.0
    groups = [[Run(k * hour, k * hour + 3000, 0, 0)] for k in range(6)]
    (told,) = shortages(lambda _rest_s: groups, Rules(300, break_s=1800, work_s=4 * hour), 1)
    assert (told.start_s, told.for_breaks, told.layover_s) == (4 * hour, True, None)
    assert told.later_s == 4 * hour + 20 * MINUTE


@pytest.mark.parametrize("seed", range(60))
def test_advice_is_true(seed: int) -> None:
    drawn, rules = random_runs(seed)
    runs = list({run.start_s: run for run in drawn}.values())
    groups = [[run] for run in runs]
    need = vehicles_needed(runs, rules)
    for told in shortages(lambda _rest_s: groups, rules, need - 1):
        upto = [run for run in runs if run.start_s <= told.start_s]
        assert vehicles_needed(upto, rules) == need
        late = next(run for run in runs if (run.start_s, run.start) == (told.start_s, told.place))
        others = [run for run in runs if run is not late]
        if told.later_s is not None:
            moved = late.later(told.later_s - told.start_s)
            then = [run for run in others if run.start_s <= moved.start_s]
            assert vehicles_needed([*then, moved], rules) < need
        earlier = [run for run in others if run.start_s < told.start_s]
        if told.layover_s is not None:
            assert told.layover_s < rules.layover_s
            assert vehicles_needed([*earlier, late], rules.rested(told.layover_s)) < need
        assert told.for_breaks == (
            rules.break_s is not None and vehicles_needed([*earlier, late], rules.relieved()) < need
        )
