"""Real days compared: intervals, common random numbers, verdict, report, and the commands."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lastmile.cli import cli
from lastmile.errors import LastmileError, RequestError
from lastmile.parameters import Parameters
from scenarios.load import load_scenario
from simulation.day import run_day
from simulation.experiment import (
    KEY_FIGURES,
    Comparison,
    Plan,
    compare,
    known_figure,
    simulate,
    subject_of,
)
from simulation.figure_names import figure_name
from simulation.kpis import KPIS, kpis
from simulation.linefigures import Upkeep
from simulation.prepare import prepare
from simulation.report import render, write_report
from simulation.report_texts import TEXTS
from simulation.statistics import Precision, variance_ratio
from simulation.store import RunStore, data_digest
from simulation.verdict import LANGUAGES, place_name, verdict

if TYPE_CHECKING:
    from pathlib import Path

    from scenarios.schema import Scenario
    from simulation.verdict import Language

DAY = {"day.visit_level": 1.5}
DAYS = 10


def scenario(name: str) -> Scenario:
    return load_scenario(name).with_changes(DAY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data") / "runs"


@pytest.fixture(scope="module")
def compared(folder: Path) -> Comparison:
    """Return the shuttle and the signs against the base, on the same ten days."""
    plan = Plan(DAYS, workers=1, store=RunStore(folder))
    pilots = [scenario("shuttle-espoo-haltia"), scenario("parking-signs")]
    return compare(scenario("baseline"), pilots, plan)


def test_every_figure_is_the_plain_mean_of_the_plain_days(compared: Comparison) -> None:
    """The oracle: the same days one by one, their differences by hand."""
    runs = []
    for name in ("baseline", "shuttle-espoo-haltia"):
        model = prepare(scenario(name))
        runs.append([kpis(run_day(model, 1, number), model) for number in range(DAYS)])
    for name in ("visitors", "parking_full_min.haltia", "co2_kg", "trail_crowding_peak"):
        before, after = (np.array([day[name] for day in run]) for run in runs)
        effect = compared.pilots[0].effects[name]
        assert effect.difference is not None
        assert effect.difference.mean == pytest.approx(float((after - before).mean()))
        assert effect.base_mean == pytest.approx(float(before.mean()))


def test_the_same_visitors_meet_every_pilot(compared: Comparison) -> None:
    """Common random numbers: the shuttle's effect varies at least five times less."""
    base, shuttle = compared.base.sample, compared.pilots[0].run.sample
    for name in ("cars_arrived", "visitors", "car_km"):
        ratio = variance_ratio(base.figure(name), shuttle.figure(name))
        print(f"variance of the shuttle's effect on {name}: {ratio:.0f} times less")  # noqa: T201
        assert ratio >= 5


def test_the_joint_intervals_are_the_wider_ones(compared: Comparison) -> None:
    for pilot in compared.pilots:
        for name, effect in pilot.effects.items():
            if effect.joint is None or effect.interval is None:
                assert name.partition(".")[0] not in KEY_FIGURES or effect.interval is None
                continue
            assert effect.joint.low <= effect.interval.low + 1e-9
            assert effect.joint.high >= effect.interval.high - 1e-9


def test_the_json_keeps_to_the_contract(compared: Comparison) -> None:
    said = json.loads(json.dumps(compared.to_json()))
    assert {"base", "replications", "seed", "pilots", "wall_s"} <= set(said)
    kpi = said["pilots"][0]["kpis"]["visitors"]
    assert {"base_mean", "mean", "diff", "diff_ci95", "p_better", "unit"} <= set(kpi)
    low, high = kpi["diff_ci95"]
    assert low <= kpi["diff"] <= high
    assert kpi["diff"] == pytest.approx(kpi["mean"] - kpi["base_mean"])


def test_the_store_answers_the_same_question(compared: Comparison, folder: Path) -> None:
    plan = Plan(DAYS, workers=1, store=RunStore(folder))
    again = compare(
        scenario("baseline"), [scenario("shuttle-espoo-haltia"), scenario("parking-signs")], plan
    )
    one, other = compared.to_json(), again.to_json()
    one.pop("wall_s")
    other.pop("wall_s")
    assert one == other


def test_another_day_seed_or_scenario_is_another_run() -> None:
    keys = [
        subject_of(scenario("baseline"), 1).key.id,
        subject_of(scenario("baseline"), 2).key.id,
        subject_of(load_scenario("baseline"), 1).key.id,
        subject_of(scenario("parking-signs"), 1).key.id,
    ]
    assert len(set(keys)) == 4
    assert data_digest() == data_digest()


# --- plain words


@pytest.mark.parametrize("language", LANGUAGES)
def test_displacement_stands_beside_relief_in_every_language(
    compared: Comparison, language: str
) -> None:
    roadside = {"en": "roadside", "fi": "Tienvar", "sv": "vägkanten"}[language]
    trails = {"en": "trails", "fi": "Pol", "sv": "stigarna"}[language]
    for pilot in compared.pilots:
        said = " ".join(verdict(compared, pilot, language))  # type: ignore[arg-type]
        assert "{" not in said
        assert "nan" not in said
        assert roadside in said
        assert re.search(trails, said, re.IGNORECASE)
        for entrance in ("Haltia", "Haukkalampi", "Kattila"):
            assert entrance in said


def test_the_words_say_what_the_numbers_say(compared: Comparison) -> None:
    pilot = compared.pilots[0]
    effect = pilot.effects["cars_arrived.haltia"]
    said = " ".join(verdict(compared, pilot, "en"))
    assert effect.joint is not None
    assert effect.difference is not None
    if effect.joint.high < 0:
        assert re.search(rf"Fewer cars go to [^:]*Haltia: {-effect.difference.mean:.0f} ", said)
    cost = pilot.effects["operating_cost_eur"].difference
    assert cost is not None
    assert f"Running it costs {cost.mean:,.2f} EUR more a day" in said


def test_finnish_and_swedish_write_numbers_their_way(compared: Comparison) -> None:
    cost = compared.pilots[0].effects["operating_cost_eur"].difference
    assert cost is not None
    cents = f"{cost.mean:,.2f}"[-2:]
    for language in ("fi", "sv"):
        said = " ".join(verdict(compared, compared.pilots[0], language))  # type: ignore[arg-type]
        assert re.search(rf"\d\s\d{{3}},{cents} euro", said)


def test_few_and_failed_days_are_said(compared: Comparison) -> None:
    from simulation.trial import Failure  # noqa: PLC0415

    failed = replace(
        compared,
        replications=3,
        base=replace(compared.base, failures=(Failure(1, 2, "ZeroDivisionError: x"),)),
    )
    said = verdict(failed, failed.pilots[0], "en")
    assert any("only 3 days" in sentence for sentence in said)
    assert any("1 of the days could not be simulated" in sentence for sentence in said)


KINDS = {
    "en": ("by itself", "hold together"),
    "fi": ("yksinään", "yhtä aikaa"),
    "sv": ("för sig", "samtidigt"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_range_says_of_which_kind_it_is(compared: Comparison, language: str) -> None:
    """Those of figures outside the family of the joint intervals are marked."""
    pilot = compared.pilots[0]
    alone, together = KINDS[language]
    said = verdict(compared, pilot, language)  # type: ignore[arg-type]
    assert any(together in sentence for sentence in said)
    fare = pilot.run.estimates()["break_even_fare_eur"]
    cents = f"{fare.mean:.2f}"[-2:]
    cost = next(one for one in said if re.search(rf"[.,]{cents} [Ee][Uu][Rr]", one))
    assert f", {alone})" in cost
    place = place_name(compared.base.about["entrances"][0], language)  # type: ignore[arg-type]
    about_cars = [one for one in said if place in one and "(" in one]
    assert about_cars
    assert not any(alone in one for one in about_cars)


def test_a_single_day_has_no_range(folder: Path, compared: Comparison) -> None:
    assert compared.replications == DAYS  # its days are stored
    plan = Plan(1, workers=1, store=RunStore(folder))
    pilots = [scenario("shuttle-espoo-haltia"), scenario("parking-signs")]
    found = compare(scenario("baseline"), pilots, plan)
    said = verdict(found, found.pilots[0], "en")
    assert "This is a single day: how sure the figures are cannot be told." in said
    assert not any("together" in one or re.search(r"\d to [\d-]", one) for one in said)


def test_car_parks_that_are_not_full_are_named(compared: Comparison) -> None:
    """Nobody is left to guess whether the entrance the pilot is for fills up at all."""
    for pilot in compared.pilots:
        said = " ".join(verdict(compared, pilot, "en"))
        for gate in compared.base.about["entrances"]:
            effect = pilot.effects.get(f"parking_full_min.{gate['id']}")
            if effect is None or not gate["places"]:
                continue
            words = "hardly ever full" if max(effect.base_mean, effect.mean) else "do not fill"
            if max(effect.base_mean, effect.mean) < 1:
                assert re.search(rf"{place_name(gate, 'en')}[^.]*: the car parks.* {words}", said)


# --- the page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_nothing_from_elsewhere(compared: Comparison, language: str) -> None:
    page = render(compared, language=language)  # type: ignore[arg-type]
    assert f'<html lang="{language}">' in page
    assert not re.search(r"""(src|href)\s*=|url\(|@import|<script|<link|<iframe""", page)
    for sentence in verdict(compared, compared.pilots[0], language):  # type: ignore[arg-type]
        assert sentence.split("(")[0].strip() in page.replace("&#39;", "'").replace("&#34;", '"')
    assert page.count("<svg") > 10
    assert compared.base.run_id in page
    assert "lastmile compare baseline shuttle-espoo-haltia parking-signs --seed 1" in page


def test_every_key_figure_and_assumption_stands_on_the_page(compared: Comparison) -> None:
    page = render(compared)
    for name in compared.pilots[0].effects:
        assert f'<td title="{name}">' in page
    for name in Parameters.bundled():
        assert f">{name}</td>" in page


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_key_figures_and_lines_speak_the_page_s_language(
    compared: Comparison, language: Language
) -> None:
    page = render(compared, language=language).partition(TEXTS[language]["assumptions"])[0]
    english = {figure_name(name, "en") for name in KPIS} - {figure_name(n, language) for n in KPIS}
    for word in (*english, "persons", "person-events", "share", "parking_full_min.haltia"):
        assert f">{word}</td>" not in page
    assert "%-yks." in page or "procentenheter" in page
    assert f">{TEXTS[language]['row_by_row']}</th>" in page
    title = compared.pilots[0].run.scenario.title.said_in(language)
    captions = re.findall(r"<figcaption>([^<]*)</figcaption>", page)
    assert any(title in one for one in captions)
    assert not any(one.endswith(": shuttle") for one in captions)


def test_a_chapter_stands_on_the_page_as_plain_text(compared: Comparison) -> None:
    from lastmile.walkway.chapter import Chapter  # noqa: PLC0415

    sea = Chapter(
        "To the sea", ("Far <b>away</b>.",), ("Station", "Point"), (("Soukka", "A & B"),), ("(c)",)
    )
    page = render(compared, chapters=[sea])
    assert "<h2>To the sea</h2>" in page
    assert "Far &lt;b&gt;away&lt;/b&gt;." in page
    assert "<td>Soukka</td><td>A &amp; B</td>" in page
    assert "<h2>To the sea</h2>" not in render(compared)


def test_a_page_that_cannot_be_written_is_told(compared: Comparison, tmp_path: Path) -> None:
    with pytest.raises(LastmileError, match="cannot write the report"):
        write_report(compared, tmp_path / "nowhere" / "report.html")
    assert list(tmp_path.iterdir()) == []


# --- the commands


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr("simulation.store.user_data_dir", lambda: folder.parent)
    return CliRunner()


def call(run: CliRunner, *words: str) -> Result:
    return run.invoke(cli, words)


def told(run: CliRunner, *words: str) -> str:
    """Return what a command that is refused says."""
    result = call(run, *words)
    assert isinstance(result.exception, LastmileError), result.output
    return str(result.exception)


LEVEL = ("--set", "day.visit_level=1.5")


def test_a_precision_is_reached_or_said_not_to_be(compared: Comparison, folder: Path) -> None:
    assert compared.replications == DAYS
    plan = Plan(
        precision=Precision(0.2, first=4, most=8),
        workers=1,
        store=RunStore(folder),
        figures=("cars_arrived",),
    )
    found = simulate(scenario("baseline"), plan)
    assert found.precision is not None
    wide = max(found.precision.half_widths.values())
    assert found.precision.reached == (wide <= 0.2)
    assert found.to_json()["precision"]["reached"] == found.precision.reached


def test_simulate_prints_json_only(run: CliRunner, compared: Comparison) -> None:
    assert compared.replications == DAYS
    result = call(
        run, "simulate", "baseline", "--replications", "2", "--workers", "1", *LEVEL, "--json"
    )
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert {"scenario", "seed", "replications", "kpis", "wall_s"} <= set(said)
    assert said["kpis"]["visitors"]["unit"] == "persons"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("search", "shuttle-espoo-haltia", "--vary", "services.shuttle.headwy=10"), "headway"),
        (
            (
                *("search", "shuttle-espoo-haltia", "--vary", "services.shuttle.headway=20"),
                *("--promise", "shuttle_wait_p90<=900"),
            ),
            "shuttle_wait_s_p90",
        ),
        (("simulate", "baselin"), "baseline"),
        (("simulate", "baseline", "--precision", "5%", "--figure", "visitor"), "visitors"),
        (("simulate", "baseline", "--precision", "much"), "no share"),
        (("simulate", "baseline", "--precision", "5%", "--replications", "5"), "not both"),
        (("compare", "baseline", "parking-signs", "--figure", "visitors"), "--precision too"),
        (("search", "parking-signs", "--vary", "day.month"), "KEY=V1,V2"),
        (("report", "baseline", "parking-signs", "-o", "/no/such/folder/r.html"), "no such folder"),
        (("runs", "show", "nothing-of-the-kind"), "no run is called"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_is_near(
    run: CliRunner, words: tuple[str, ...], hint: str
) -> None:
    assert hint in told(run, *words)


def test_every_figure_has_its_name_and_none_other(compared: Comparison) -> None:
    for name in compared.pilots[0].effects:
        assert known_figure(name) == name
    with pytest.raises(RequestError, match="parking_full_min"):
        known_figure("parking_full")
    assert set(KEY_FIGURES) <= set(KPIS)


def test_a_search_tells_the_cheapest_and_what_cannot_run(
    run: CliRunner, compared: Comparison
) -> None:
    assert compared.replications == DAYS  # the days of the base are stored
    result = call(
        run,
        *("search", "shuttle-espoo-haltia", "--vary", "services.shuttle.headway=20"),
        *("--vary", "services.shuttle.vehicles=1,3,4", "--promise", "shuttle_wait_s_p90<=7200"),
        *("--first", "3", "--most", "6", "--workers", "1", *LEVEL, "--json"),
    )
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    impossible, design, larger = said["designs"]
    assert impossible["status"] == "infeasible"
    assert "vehicle" in impossible["refusal"]
    assert design["status"] == "best"
    assert said["best"] == {"services.shuttle.headway": 20, "services.shuttle.vehicles": 3}
    assert said["front"] == [said["best"]]
    assert said["simulated"] <= 12
    # A vehicle that stands idle costs its price: 19 seats of a minibus over years and days.
    idle_eur = 19 * Upkeep.of(Parameters.bundled()).seat_day_eur
    assert said["minimise"] == "total_cost_eur"
    assert larger["status"] != "best"
    costs = [one["trade_off"]["total_cost_eur"]["mean"] for one in (design, larger)]
    assert costs[1] - costs[0] == pytest.approx(idle_eur, abs=1.0)


def test_runs_are_listed_shown_exported_and_pruned(
    run: CliRunner,
    compared: Comparison,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = tmp_path / "data"
    monkeypatch.setattr("simulation.store.user_data_dir", lambda: own)
    run_id = compared.base.run_id
    shutil.copytree(folder / run_id, own / "runs" / run_id)
    listed = json.loads(call(run, "runs", "list", "--json").stdout)
    assert [one["run"] for one in listed] == [run_id]
    shown = json.loads(call(run, "runs", "show", run_id[:5], "--json").stdout)
    assert shown["replications"] == DAYS
    assert shown["manifest"]["about"]["document"]["day"]["visit_level"] == 1.5
    expected = compared.base.sample.figure("visitors").mean()
    assert shown["kpis"]["visitors"]["mean"] == pytest.approx(expected)
    table = tmp_path / "figures.csv"
    assert call(run, "runs", "export", "baseline", str(table)).exit_code == 0
    assert table.read_text().startswith('"replication","kpi","value"')
    asked = call(run, "runs", "query", "SELECT count(*) AS n FROM runs", "--json")
    assert json.loads(asked.stdout) == [{"n": 1}]
    assert "1 runs removed" in call(run, "runs", "prune", "--all").stdout
    assert json.loads(call(run, "runs", "list", "--json").stdout) == []


def test_no_table_is_cut_at_80_columns(run: CliRunner, compared: Comparison) -> None:
    """Every figure and entrance by its whole name, whatever reads it."""
    assert compared.replications == DAYS
    words = ("compare", "baseline", "shuttle-espoo-haltia", "parking-signs")
    result = call(run, *words, "--replications", str(DAYS), "--workers", "1", *LEVEL)
    assert result.exit_code == 0, result.output
    table = result.stdout[result.stdout.index("figure ") :].splitlines()
    rows = [line for line in table if "  " in line and not line.startswith("The table")]
    assert "…" not in result.stdout
    for pilot in compared.pilots:
        for name in pilot.effects:
            stem, _, entrance = name.partition(".")
            begin = f"  {entrance} " if entrance else f"{stem} "
            assert any(row.startswith(begin) for row in rows), name
    assert max(map(len, rows)) <= 80
    assert "hold one by one" in result.stdout


def test_a_search_says_what_its_columns_are(run: CliRunner, compared: Comparison) -> None:
    assert compared.replications == DAYS
    result = call(
        run,
        *("search", "shuttle-espoo-haltia", "--vary", "services.shuttle.headway=20"),
        *("--vary", "services.shuttle.vehicles=3", "--promise", "shuttle_wait_s_p90<=7200"),
        *("--promise", "shuttle_left_behind<=500"),
        *("--first", "3", "--most", "6", "--workers", "1", *LEVEL),
    )
    assert result.exit_code == 0, result.output
    heads, rows = re.split(r"\n(?=\d)", result.stdout, maxsplit=1)
    assert max(map(len, [*heads.splitlines(), rows.splitlines()[0]])) <= 80
    for part in ("parking_", "full_min", "co2_kg", "change", "wait_s_", "<=7200", "<=500"):
        assert part in heads
    assert "change: less the base (baseline)" in rows
    assert re.search(r"best +[\d,]+ +[\d,]+ +[\d.]+ +[-+]", rows)
