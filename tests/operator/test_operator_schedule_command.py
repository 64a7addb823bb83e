"""``lastmile schedule check``: what a timetable takes, on the bundled scenarios."""

import json
from pathlib import Path

import pytest

from lastmile.cli import run


def checked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict], str]:
    """Run the command; return its exit status, its JSON and what it says on stderr."""
    status = run(["schedule", "check", *words, "--json"])
    said = capsys.readouterr()
    return status, json.loads(said.out) if said.out else [], said.err


def test_the_bundled_shuttle_runs(capsys: pytest.CaptureFixture[str]) -> None:
    status, services, _ = checked(capsys, "shuttle-espoo-haltia")
    shuttle = services[-1]
    assert status == 0
    assert (shuttle["vehicles"], shuttle["vehicles_needed"], shuttle["feasible"]) == (3, 3, True)
    assert len(shuttle["trips"]) == 2 * 28  # every 20 minutes from 9 to 18, there and back


def test_too_few_vehicles_are_named_with_the_departure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, services, said = checked(
        capsys, "shuttle-espoo-haltia", "--set", "services.shuttle.vehicles=2"
    )
    assert status == 2
    assert not services[-1]["feasible"]
    assert "the 09:40 from Espoo needs a third vehicle: leave at 09:48" in said


def test_the_advice_mends_it(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("shuttle-espoo-haltia", "--set", "services.shuttle.vehicles=2", "--departures")
    assert checked(capsys, *words, "9:00, 9:20, 9:40")[0] == 2
    assert checked(capsys, *words, "9:00, 9:20, 9:48")[0] == 0
    assert checked(capsys, *words, "9:00, 9:20, 9:47")[0] == 2


def test_a_table_gives_the_trips(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table = tmp_path / "saturday.csv"
    table.write_text("\ufeffEspoo;Haltia\n9:00;9:25\n9.40;10.05\n25:10;25:30\n", encoding="utf-8")
    status, services, _ = checked(capsys, "shuttle-espoo-haltia", "--table", str(table))
    trips = [(trip["start_s"], trip["end_s"]) for trip in services[-1]["trips"]]
    assert status == 0
    assert sorted(trips) == [(32400, 33900), (34800, 36300), (90600, 91800)]
    assert services[-1]["vehicles_needed"] == 2  # one runs back empty in the course of the day
    assert services[-1]["empty_km"] > 10
    still = ("--table", str(table), "--set", "services.shuttle.empty_runs=false")
    _, services, _ = checked(capsys, "shuttle-espoo-haltia", *still)
    assert services[-1]["vehicles_needed"] == 3  # nothing brings a vehicle back
    assert services[-1]["empty_km"] == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_is_read_as_spreadsheets_save_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, encoding: str
) -> None:
    table = tmp_path / "saturday.csv"
    table.write_text("Lähtö;Espoo;Haltia\n1 ä;9:00;9:25\n2 ö;9.40;10.05\n", encoding=encoding)
    status, services, _ = checked(capsys, "shuttle-espoo-haltia", "--table", str(table))
    assert status == 0
    assert sorted(trip["start_s"] for trip in services[-1]["trips"]) == [32400, 34800]


@pytest.mark.parametrize("content", [b"PK\x03\x04\0\0\x81\x8d", b"\xff\xfe\0\xd8\0\xd8"])
def test_what_is_no_text_is_no_table(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes
) -> None:
    table = tmp_path / "saturday.xlsx"
    table.write_bytes(content)
    status, _, said = checked(capsys, "shuttle-espoo-haltia", "--table", str(table))
    assert status == 2
    assert "save the table as CSV" in said


def test_drivers_have_their_breaks(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ("--set", "services.shuttle.break_min=30", "--set", "services.shuttle.last=16:00")
    more = ("--set", "services.shuttle.vehicles=4")
    status, services, _ = checked(capsys, "shuttle-espoo-haltia", *wanted, *more)
    shuttle = services[-1]
    assert status == 0
    assert shuttle["break_hours"] == 0.5 * sum(trip["break_s"] > 0 for trip in shuttle["trips"]) > 0
    since: dict[int, float] = {}
    ended: dict[int, float] = {}
    for trip in shuttle["trips"]:
        vehicle = trip["vehicle"]
        if trip["break_s"]:
            assert trip["start_s"] - ended[vehicle] >= 1800
            since[vehicle] = trip["start_s"]
        since.setdefault(vehicle, trip["start_s"])
        ended[vehicle] = trip["end_s"]
        assert trip["end_s"] - since[vehicle] <= 5.5 * 3600
    assert run(["schedule", "check", "shuttle-espoo-haltia", *wanted]) == 2
    assert "needs a fourth vehicle, or a driver goes without a break" in capsys.readouterr().err


def test_a_trip_too_long_for_a_driver_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ("services.shuttle.break_min=30", "services.shuttle.break_after_h=0.3")
    words = ["schedule", "check", "shuttle-espoo-haltia", "--set", wanted[0], "--set", wanted[1]]
    assert run(words) == 2
    assert "takes longer than a driver works without a break" in capsys.readouterr().err


@pytest.mark.parametrize(("headway", "last"), [("8.3", "10:23"), ("16.1", "11:41")])
def test_the_last_departure_is_made_where_minutes_have_a_fraction(
    capsys: pytest.CaptureFixture[str], headway: str, last: str
) -> None:
    times = (f"headway={headway}", "first=09:00", f"last={last}", "vehicles=9")
    words = [word for time in times for word in ("--set", f"services.shuttle.{time}")]
    _, services, _ = checked(capsys, "shuttle-espoo-haltia", *words)
    starts = {trip["start_s"] for trip in services[-1]["trips"] if trip["from"] == "Espoo"}
    hours, minutes = last.split(":")
    assert len(starts) == 11
    assert max(starts) == int(hours) * 3600 + int(minutes) * 60


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            ("--set", 'services.bus245.extension={stops=["kattila"], run_times_min=[5, 6]}'),
            "1 stops need 1 run_times_min, not 2",
        ),
        (("--set", "services.shuttle.headway=1e-5"), "over 1500 departures a day"),
        (("--set", "services.shuttle.headway=1e-310"), "over 1500 departures a day"),
        (("--departures", "10:00, 9:00"), "row 1: departures run backwards"),
        (("--departures", "9:00", "--service", "tram"), "no service 'tram'"),
        (("--set", "services.shuttle.seats=0"), "services.shuttle.seats"),
        (
            ("--set", 'services.shuttle.stops=[{name="Sea", lat=59.9, lon=24.7}, "haltia"]'),
            "Sea lies more than 500 m off every road",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], reason: str
) -> None:
    status, services, said = checked(capsys, "shuttle-espoo-haltia", *words)
    assert status == 2
    assert services == []
    assert reason in said


def test_a_rest_of_years_is_answered_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ("--set", "services.shuttle.layover_min=1e7", "--departures", "9:00, 11:00")
    status, _, said = checked(
        capsys, "shuttle-espoo-haltia", *wanted, "--set", "services.shuttle.vehicles=1"
    )
    assert status == 2
    assert "drop the layover to" in said
