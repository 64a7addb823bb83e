"""What a planner takes along: the report, the tables, the scenarios, the page on paper."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard.comparison import to_toml
from dashboard.printing import print_button
from dashboard.texts import _, language, plain
from simulation.report import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dashboard.jobs import Job
    from simulation.experiment import Comparison, PilotResult


def show_downloads(comparison: Comparison, pilots: Mapping[str, PilotResult], job: Job) -> None:
    """Offer the report, the tables and the scenarios as files, made when asked for."""
    tongue = language()
    files: dict[str, tuple[Callable[[], str | bytes], str, str]] = {
        _("Report (HTML)"): (
            lambda: render(comparison, language=tongue),
            "lastmile-report.html",
            "text/html",
        ),
        _("All days (CSV)"): (
            lambda: _days(comparison).to_csv(index=False),
            "lastmile-days.csv",
            "text/csv",
        ),
        _("All days (Parquet)"): (
            lambda: _parquet(_days(comparison)),
            "lastmile-days.parquet",
            "application/vnd.apache.parquet",
        ),
        _("Differences (CSV)"): (
            lambda: _differences(comparison).to_csv(index=False),
            "lastmile-comparison.csv",
            "text/csv",
        ),
    }
    for name, pilot in pilots.items():
        one = pilot.run.scenario
        files[_("Scenario: {title}").format(title=plain(name))] = (
            partial(to_toml, one),
            f"{one.name}.toml",
            "application/toml",
        )
    with st.container(key="take-along-answer"):
        st.subheader(_("Downloads"))
        row = st.container(horizontal=True)
    with row:
        print_button()
        for label, (make, file_name, mime) in files.items():
            st.download_button(
                label,
                make,
                file_name=file_name,
                mime=mime,
                on_click="ignore",
                icon=":material/download:",
                key=f"{file_name}-{job.question.id}-{label}",
            )


def _days(comparison: Comparison) -> pd.DataFrame:
    """Return every figure of every day."""
    frames = []
    for run in comparison.runs:
        wide = pd.DataFrame(dict(run.sample.figures), index=run.sample.replications)
        long = wide.rename_axis("replication").reset_index().melt("replication", var_name="kpi")
        frames.append(long.dropna().assign(scenario=run.name))
    return pd.concat(frames, ignore_index=True)


def _parquet(table: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    table.to_parquet(content, index=False)
    return content.getvalue()


def _differences(comparison: Comparison) -> pd.DataFrame:
    """Return every figure's difference with its interval."""
    said = comparison.to_json()
    return pd.DataFrame(
        [
            {
                "pilot": pilot["name"],
                "kpi": kpi,
                "unit": one["unit"],
                "base_mean": one["base_mean"],
                "mean": one["mean"],
                "diff": one["diff"],
                "diff_low": one["diff_ci95"][0],
                "diff_high": one["diff_ci95"][1],
                "p_better": one["p_better"],
            }
            for pilot in said["pilots"]
            for kpi, one in pilot["kpis"].items()
        ]
    )
