"""The course of simulated days, read from the store once and kept for every look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from simulation.daytrial import SERIES

if TYPE_CHECKING:
    from simulation.experiment import ScenarioRun

KEPT = 48


def series_of(run: ScenarioRun) -> pd.DataFrame:
    """Return the course of every day: ``series``, ``time_s``, ``value``; not to be changed."""
    return table_of(run, SERIES, ("series", "time_s", "value"))


def table_of(run: ScenarioRun, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return one of a run's tables; one with no rows where the run has none."""
    return _read(run.run_id, len(run.sample), name, columns, run)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _read(
    run_id: str, days: int, name: str, columns: tuple[str, ...], _run: ScenarioRun
) -> pd.DataFrame:
    del run_id, days  # they name what is kept
    found = _run.tables(name)
    if found is None:
        return pd.DataFrame({column: [] for column in columns})
    frame: pd.DataFrame = found.to_pandas()
    return frame
