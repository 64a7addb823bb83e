"""A comparison as one page that needs nothing else: verdict, figures, charts, map, assumptions."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from babel.dates import get_month_names
from babel.numbers import format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lastmile.errors import ExperimentError
from lastmile.parameters import Parameters
from simulation.charts import Dot, Line, day_chart, gain_map, legend
from simulation.daytrial import GAINS, SERIES
from simulation.experiment import subject_of
from simulation.figure_names import figure_name, unit_name
from simulation.kpis import kpi_of
from simulation.report_texts import TEXTS
from simulation.verdict import place_name, title_of, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from lastmile.walkway.chapter import Chapter
    from simulation.experiment import Comparison, Effect, PilotResult, ScenarioRun
    from simulation.statistics import Interval
    from simulation.verdict import Language

_BAND: Final = (10.0, 90.0)
_MAIN_ROADS: Final = ("motorway", "trunk", "primary", "secondary", "tertiary")
_SIMPLER_M: Final = 40.0
_THREE_DIGITS: Final = 100
_PERCENT: Final = 100.0
_ONE_DECIMAL: Final = 10


def write_report(
    comparison: Comparison,
    path: Path,
    *,
    language: Language = "en",
    changes: Sequence[str] = (),
    chapters: Sequence[Chapter] = (),
) -> None:
    """Write a comparison as a self-contained page.

    Parameters
    ----------
    comparison
        What to tell.
    path
        Where; written under another name first and then renamed.
    language
        Of the page.
    changes
        ``KEY=VALUE`` words that all scenarios were changed by, for the command that repeats it.
    chapters
        What else to tell, before the assumptions.

    Raises
    ------
    ExperimentError
        If the file cannot be written.
    """
    content = render(comparison, language=language, changes=changes, chapters=chapters)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as wrong:
        raise ExperimentError(f"cannot write the report {path}: {wrong.strerror}") from None


def render(
    comparison: Comparison,
    *,
    language: Language = "en",
    changes: Sequence[str] = (),
    chapters: Sequence[Chapter] = (),
) -> str:
    """Return the page of a comparison as HTML; see `write_report`."""
    texts = TEXTS[language]
    runs = comparison.runs
    environment = Environment(
        loader=PackageLoader("simulation", "."), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("report.html.jinja").render(
        t=texts,
        language=language,
        day=_day(comparison, language),
        base=_scenario(comparison.base, language),
        pilots=[_pilot(comparison, pilot, language) for pilot in comparison.pilots],
        legend=Markup(legend([title_of(run, language) for run in runs])),  # noqa: S704 - escaped there
        charts=_charts(runs, texts, language),
        maps=[_map(pilot, texts, language) for pilot in comparison.pilots],
        warnings=list(
            dict.fromkeys(warning for run in runs for warning in run.about.get("warnings", []))
        ),
        chapters=chapters,
        parameters=_parameters(language),
        command=_command(comparison, changes),
        runs=[_provenance(run, comparison.seed) for run in runs],
        attribution=_attribution(),
    )


def _scenario(run: ScenarioRun, language: Language) -> dict[str, Any]:
    return {
        "title": title_of(run, language),
        "description": run.scenario.description.said_in(language),
    }


def _day(comparison: Comparison, language: Language) -> str:
    """Say which day it is."""
    day = comparison.base.scenario.day
    month = get_month_names("wide", locale=language, context="stand-alone")[day.month]
    texts = TEXTS[language]
    said = f"{texts[day.day_type]}, {month}, {texts[day.weather]}"
    if day.percentile is not None:
        said += f", {texts['percentile'].format(value=f'{day.percentile:g}')}"
    if day.visit_level is not None:
        said += f", {texts['level'].format(value=_write(day.visit_level, language))}"
    return f"{said}; {texts['days_run'].format(count=comparison.replications)}"


def _pilot(comparison: Comparison, pilot: PilotResult, language: Language) -> dict[str, Any]:
    return {
        **_scenario(pilot.run, language),
        "verdict": verdict(comparison, pilot, language),
        "rows": [_row(name, effect, language) for name, effect in pilot.effects.items()],
    }


def _row(name: str, effect: Effect, language: Language) -> dict[str, str]:
    unit = kpi_of(name).unit
    scale = _PERCENT if unit == "share" else 1.0
    change = effect.difference
    return {
        "key": name,
        "name": figure_name(name, language),
        "base": _write(effect.base_mean * scale, language),
        "mean": _write(effect.mean * scale, language),
        "difference": "-" if change is None else _write(change.mean * scale, language),
        "interval": _between(effect.interval, language, scale),
        "joint": _between(effect.joint, language, scale),
        "better": "-"
        if not np.isfinite(effect.p_better)
        else f"{_write(100 * effect.p_better, language)} %",
        "unit": unit_name(unit, language),
    }


def _write(value: float, language: Language) -> str:
    """Return a number as people write it."""
    if not np.isfinite(value):
        return "-"
    if abs(value) >= _THREE_DIGITS:
        pattern = "#,##0"
    elif abs(value) >= _ONE_DECIMAL:
        pattern = "#,##0.0"
    else:
        pattern = "#,##0.00"
    return str(format_decimal(value, format=pattern, locale=language))


def _between(interval: Interval | None, language: Language, scale: float) -> str:
    if interval is None or not np.isfinite([interval.low, interval.high]).all():
        return "-"
    low, high = (_write(end * scale, language) for end in (interval.low, interval.high))
    return f"{low} ... {high}"


# --- the course of the day


def _charts(
    runs: Sequence[ScenarioRun], texts: Mapping[str, str], language: Language
) -> list[dict[str, Any]]:
    """Draw every series that any run has: occupancy, crowding, waiting and load."""
    frames = [_series(run) for run in runs]
    names = dict.fromkeys(
        str(name) for frame in frames if frame is not None for name in frame["series"].unique()
    )
    gates = {str(gate["id"]): gate for run in runs for gate in run.about.get("entrances", [])}
    charts = []
    for name in names:
        kind, _, place = name.partition(".")
        drawn = [
            _line(rank, frame[frame["series"] == name])
            for rank, frame in enumerate(frames)
            if frame is not None and (frame["series"] == name).any()
        ]
        where = (
            place_name(gates[place], language)
            if place in gates
            else _line_name(place, runs, language)
        )
        title = texts[kind].format(place=where)
        limit = float(gates[place]["places"]) if kind == "parked" else None
        if any(line.high.max(initial=0) > 0 for line in drawn):
            svg = Markup(day_chart(title, drawn, limit))  # noqa: S704 - escaped there
            charts.append({"title": title, "svg": svg})
    return charts


def _line_name(service: str, runs: Sequence[ScenarioRun], language: Language) -> str:
    """Return what a line is called: as its scenario where that has no other shuttle."""
    names = []
    for run in runs:
        lines = run.about.get("services", [])
        shuttles = [one["id"] for one in lines if one["mode"] == "shuttle"]
        names += [
            title_of(run, language) if shuttles == [service] else str(one["name"])
            for one in lines
            if one["id"] == service
        ]
    return " / ".join(dict.fromkeys(names))


def _series(run: ScenarioRun) -> pd.DataFrame | None:
    table = run.tables(SERIES)
    return None if table is None else table.to_pandas()


def _line(rank: int, frame: pd.DataFrame) -> Line:
    """Return the mean over the days, and the band that holds 8 days in 10."""
    times, middle, low, high = [], [], [], []
    for time_s, each in frame.groupby("time_s")["value"]:
        values = each.to_numpy()
        times.append(float(str(time_s)))
        middle.append(float(values.mean()))
        bottom, top = np.percentile(values, _BAND)
        low.append(float(bottom))
        high.append(float(top))
    return Line(rank, np.array(times), np.array(middle), np.array(low), np.array(high))


# --- the map


@cache
def _roads() -> tuple[NDArray[np.float64], ...]:
    """Return the main roads of our own street network, each (n, 2) east and north."""
    from lastmile.network.street import load_network  # noqa: PLC0415 - loads slowly

    edges = load_network().to_geodataframe()
    main = edges[edges["kind"].isin(_MAIN_ROADS)].to_crs(3067)
    return tuple(
        np.asarray(line.coords)[:, :2] for line in main.geometry.simplify(_SIMPLER_M) if line
    )


def _map(pilot: PilotResult, texts: Mapping[str, str], language: Language) -> dict[str, Any]:
    """Draw who gains against the base, by where they come from."""
    from pyproj import Transformer  # noqa: PLC0415 - loads slowly

    from simulation.visits import load_zones  # noqa: PLC0415

    run = pilot.run
    to_metres = Transformer.from_crs(4326, 3067, always_xy=True)
    zones = load_zones().set_index("id")
    gains = _gains_by_zone(run)
    people = max((one[0] for one in gains.values()), default=0.0) or 1.0
    most = max((abs(one[1]) for one in gains.values()), default=0.0) or 1.0
    dots = []
    for zone, (came, gain_min) in gains.items():
        if zone not in zones.index:
            continue
        place = zones.loc[zone]
        east, north = to_metres.transform(float(str(place["lon"])), float(str(place["lat"])))
        name = str(place.get(f"name_{language}") or zone)
        said = texts["zone"].format(
            place=name, people=_write(came, language), gain=_write(gain_min, language)
        )
        dots.append(Dot(east, north, said, came / people, gain_min / most))
    for gate in run.about.get("entrances", []):
        east, north = to_metres.transform(gate["lon"], gate["lat"])
        dots.append(Dot(east, north, place_name(gate, language)))
    routes = [
        np.column_stack(to_metres.transform(line["lon"], line["lat"]))
        for line in run.about.get("services", [])
        if line["mode"] == "shuttle"
    ]
    title = texts["gains_of"].format(pilot=title_of(run, language))
    svg = Markup(gain_map(title, _roads(), routes, dots)) if dots else ""  # noqa: S704 - escaped there
    return {"title": title, "svg": svg}


def _gains_by_zone(run: ScenarioRun) -> dict[str, tuple[float, float]]:
    """Return by zone how many come a day, and how many minutes each of them gains."""
    table = run.tables(GAINS)
    if table is None:
        return {}
    frame = table.to_pandas()
    days = len(run.sample)
    names = run.about.get("zones", [])
    summed = frame.groupby("zone")[["people", "gain_min"]].sum()
    return {
        names[int(str(zone))]: (
            float(row["people"]) / days,
            float(row["gain_min"]) / max(float(row["people"]), 1.0),
        )
        for zone, row in summed.iterrows()
    }


# --- what it rests on


def _parameters(language: Language) -> list[dict[str, str]]:
    return [
        {
            "name": one.name,
            "value": _write(one.value, language),
            "range": f"{_write(one.low, language)} ... {_write(one.high, language)}"
            if one.is_uncertain
            else "-",
            "unit": one.unit,
            "confidence": TEXTS[language][one.confidence],
            "source": one.source,
        }
        for one in Parameters.bundled().values()
    ]


def _command(comparison: Comparison, changes: Sequence[str]) -> str:
    names = [run.name for run in comparison.runs]
    words = ["lastmile", "compare", *names, "--seed", str(comparison.seed)]
    words += ["--replications", str(max(len(run.sample) for run in comparison.runs))]
    for change in changes:
        words += ["--set", change]
    return shlex.join(words)


def _provenance(run: ScenarioRun, seed: int) -> dict[str, Any]:
    return {
        "name": run.name,
        "id": run.run_id,
        "key": asdict(subject_of(run.scenario, seed).key),
        "days": len(run.sample),
        "document": json.dumps(run.scenario.document(), ensure_ascii=False, indent=1),
    }


def _attribution() -> str:
    from lastmile.network.street import load_network  # noqa: PLC0415 - loads slowly

    return load_network().attribution
