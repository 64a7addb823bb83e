"""The report's own charts: nothing is drawn outside the picture."""

from __future__ import annotations

import re

import numpy as np
import pytest

from simulation.charts import Line, day_chart

HOUR = 3600.0
EM = 11.0
WIDEST = 0.65
"""Width of a digit in a wide sans serif, in em."""


@pytest.mark.parametrize("last_h", [21.0, 24.0, 27.0])
@pytest.mark.parametrize("first_h", [0.0, 6.0])
def test_the_hours_below_a_chart_are_whole(first_h: float, last_h: float) -> None:
    time_s = np.linspace(first_h * HOUR, last_h * HOUR, 50)
    ones = np.ones(50)
    svg = day_chart("Cars", [Line(0, time_s, ones, ones, ones)], limit=None)
    box = re.search(r'viewBox="0 0 (\d+) (\d+)"', svg)
    assert box is not None
    hours = re.findall(r'<text x="([\d.]+)"[^>]*text-anchor="middle">(\d\d:00)<', svg)
    assert hours[-1][1] == f"{last_h:02.0f}:00"
    for x, text in hours:
        reach = len(text) * WIDEST * EM / 2
        assert reach <= float(x) <= float(box[1]) - reach
