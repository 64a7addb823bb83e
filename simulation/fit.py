"""Rows that set the model beside what was observed, and the bundled table of them.

The table takes some ten seconds to work out and is the same every time, so that it is kept in
the bundle: ``lastmile validate --write`` writes it, and a test fails where it is out of date.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from lastmile.datasets import bundle_path, read_bundle
from lastmile.errors import DataError
from lastmile.exports import write_text
from lastmile.messages import Message

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

VALIDATION_FILE: Final = "demand/validation.json"
PERCENTILES: Final = ("p5", "p50", "p95")


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes
    ----------
    topic, name
        What is compared.
    kind
        "fit" or "check".
    observed, simulated
        The two figures; observed is nan where nobody counted.
    error
        Their difference: relative where `relative`, else in the unit.
    unit
        Of the figures.
    tolerance
        Largest error allowed; nan where none is set.
    relative
        Whether error and tolerance are shares of the observed figure.
    source
        Where the observation is from.
    """

    topic: Message
    name: Message
    kind: str
    observed: float
    simulated: float
    error: float
    unit: Message
    tolerance: float
    relative: bool
    source: Message

    @property
    def holds(self) -> bool | None:
        """Whether the error is within the tolerance; None where there is none to keep."""
        if math.isnan(self.tolerance) or math.isnan(self.error):
            return None
        return abs(self.error) <= self.tolerance

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON has it: what is not known is null."""
        return {
            "topic": self.topic,
            "name": self.name,
            "kind": self.kind,
            "observed": _known(self.observed),
            "simulated": _known(self.simulated),
            "error": _known(self.error),
            "unit": self.unit,
            "tolerance": _known(self.tolerance),
            "relative": self.relative,
            "holds": self.holds,
            "source": self.source,
        }

    def to_table(self) -> dict[str, Any]:
        """Return the row as the bundled table keeps it: the name can be said again."""
        name = {"template": self.name.template, "values": self.name.values}
        return {key: value for key, value in self.to_json().items() if key != "holds"} | {
            "name": name
        }

    @classmethod
    def from_table(cls, row: Mapping[str, Any]) -> Self:
        """Return the row of the bundled table."""
        return cls(
            topic=Message.again(row["topic"], {}),
            name=Message.again(row["name"]["template"], row["name"]["values"]),
            kind=str(row["kind"]),
            observed=_figure(row["observed"]),
            simulated=_figure(row["simulated"]),
            error=_figure(row["error"]),
            unit=Message.again(row["unit"], {}),
            tolerance=_figure(row["tolerance"]),
            relative=bool(row["relative"]),
            source=Message.again(row["source"], {}),
        )


@dataclass(frozen=True, slots=True)
class Validation:
    """All comparisons, and the distribution of the highest days.

    Attributes
    ----------
    rows
        The comparisons.
    months
        Those behind the rows of monthly counts, one a counter and month.
    highest_days
        (3, n) visits of the park on the n busiest days of a year: 5th, 50th and 95th percentile
        over years. Nobody has published counts of single days.
    """

    rows: tuple[Row, ...]
    months: tuple[Row, ...]
    highest_days: NDArray[np.float64]

    def to_json(self) -> dict[str, Any]:
        """Return everything as ``lastmile validate --json`` prints it."""
        return {
            "rows": [row.to_json() for row in self.rows],
            "months": [row.to_json() for row in self.months],
            "highest_days": self._highest_days(),
        }

    def _highest_days(self) -> dict[str, list[float]]:
        return {
            name: np.round(values).tolist()
            for name, values in zip(PERCENTILES, self.highest_days, strict=True)
        }


def write_validation(validation: Validation, path: Path) -> None:
    """Write the table as the bundle keeps it.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    table = {
        "rows": [row.to_table() for row in validation.rows],
        "months": [row.to_table() for row in validation.months],
        "highest_days": validation.to_json()["highest_days"],
    }
    write_text(path, json.dumps(table, ensure_ascii=False, indent=1) + "\n")


def load_validation() -> Validation:
    """Return the bundled table.

    Raises
    ------
    DataError
        The file is missing or damaged.
    """
    try:
        table = json.loads(read_bundle(VALIDATION_FILE))
        return Validation(
            tuple(Row.from_table(row) for row in table["rows"]),
            tuple(Row.from_table(row) for row in table["months"]),
            np.array([table["highest_days"][name] for name in PERCENTILES], np.float64),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{bundle_path(VALIDATION_FILE)} is wrong: {error!r}; write it anew: lastmile validate "
            f"--write {bundle_path(VALIDATION_FILE)}"
        ) from error


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _figure(value: float | None) -> float:
    return math.nan if value is None else float(value)
