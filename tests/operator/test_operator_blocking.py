"""Blocks of vehicles against every way there is to share out small timetables."""

import itertools
import random

import pytest

from simulation.blocking import Run, shortages, vehicle_blocks, vehicles_needed

MINUTE = 60.0


def random_runs(seed: int) -> tuple[list[Run], float]:
    draw = random.Random(seed)  # noqa: S311 - timetables, no secrets
    places = draw.randint(1, 3)
    runs = []
    for _ in range(draw.randint(1, 7)):
        start = draw.randrange(0, 12) * 10 * MINUTE
        length = draw.randint(1, 5) * 10 * MINUTE
        runs.append(Run(start, start + length, draw.randrange(places), draw.randrange(places)))
    return runs, draw.choice((0, 3, 10)) * MINUTE


def can_follow(before: Run, after: Run, layover_s: float) -> bool:
    return before.end == after.start and before.end_s + layover_s <= after.start_s


def fewest_by_trying_all(runs: list[Run], layover_s: float) -> tuple[int, float]:
    """Return the fewest vehicles, and the fewest hours they are out, over all ways to share."""
    ordered = sorted(runs)

    def tried(rank: int, chains: tuple[tuple[Run, ...], ...]) -> tuple[int, float]:
        if rank == len(ordered):
            return len(chains), sum(chain[-1].end_s - chain[0].start_s for chain in chains)
        run = ordered[rank]
        found = [tried(rank + 1, (*chains, (run,)))]
        for index, chain in enumerate(chains):
            if can_follow(chain[-1], run, layover_s):
                joined = (*chains[:index], (*chain, run), *chains[index + 1 :])
                found.append(tried(rank + 1, joined))
        return min(found)

    return tried(0, ())


@pytest.mark.parametrize("first", range(0, 500, 100))
def test_no_way_to_share_the_trips_takes_fewer_vehicles_or_hours(first: int) -> None:
    for seed in range(first, first + 100):
        runs, layover_s = random_runs(seed)
        blocks = vehicle_blocks(runs, layover_s)
        hours_s = 0.0
        for vehicle in set(blocks):
            work = sorted(run for run, block in zip(runs, blocks, strict=True) if block == vehicle)
            for before, after in itertools.pairwise(work):
                assert can_follow(before, after, layover_s), seed
            hours_s += work[-1].end_s - work[0].start_s
        vehicles, fewest_s = fewest_by_trying_all(runs, layover_s)
        assert max(blocks) + 1 == len(set(blocks)) == vehicles, seed
        assert vehicles_needed(runs, layover_s) == vehicles, seed
        # evenness may cost a little where rests differ; never more than its weight
        assert hours_s <= fewest_s * 1.05 + MINUTE, seed


def test_vehicles_take_turns() -> None:
    runs = [Run(k * 600.0, k * 600.0 + 900, 0, 0) for k in range(9)]
    assert vehicle_blocks(runs, 0) == [0, 1] * 4 + [0]


def test_an_empty_timetable_takes_no_vehicle() -> None:
    assert vehicle_blocks([], 60) == []
    assert vehicles_needed([], 60) == 0


def rounds_every(minutes: int, count: int) -> list[list[Run]]:
    """Rounds of 40 minutes from one terminus."""
    return [[Run(k * minutes * 60.0, k * minutes * 60.0 + 2400, 0, 0)] for k in range(count)]


def test_the_departure_that_lacks_a_vehicle_is_named_with_what_mends_it() -> None:
    groups = rounds_every(22, 4)  # 0:00 and 0:22 leave; the first is back at 0:40, rested at 0:45
    (told,) = shortages(lambda _rest_s: groups, 300, 2)
    assert (told.start_s, told.vehicle, told.place) == (44 * MINUTE, 3, 0)
    assert told.layover_s == 4 * MINUTE
    assert told.later_s == 45 * MINUTE
    assert shortages(lambda _rest_s: groups, 300, 3) == []


@pytest.mark.parametrize("seed", range(60))
def test_advice_is_true(seed: int) -> None:
    drawn, layover_s = random_runs(seed)
    runs = list({run.start_s: run for run in drawn}.values())
    groups = [[run] for run in runs]
    need = vehicles_needed(runs, layover_s)
    for told in shortages(lambda _rest_s: groups, layover_s, need - 1):
        upto = [run for run in runs if run.start_s <= told.start_s]
        assert vehicles_needed(upto, layover_s) == need
        late = next(run for run in runs if (run.start_s, run.start) == (told.start_s, told.place))
        others = [run for run in runs if run is not late]
        if told.later_s is not None:
            moved = late.later(told.later_s - told.start_s)
            then = [run for run in others if run.start_s <= moved.start_s]
            assert vehicles_needed([*then, moved], layover_s) < need
        if told.layover_s is not None:
            earlier = [run for run in others if run.start_s < told.start_s]
            assert told.layover_s < layover_s
            assert vehicles_needed([*earlier, late], told.layover_s) < need
