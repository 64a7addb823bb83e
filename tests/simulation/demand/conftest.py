"""Small worlds for the tests of demand and choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import demand_worlds
import pytest

if TYPE_CHECKING:
    from simulation.choice import ChoiceParameters
    from simulation.demand import DemandInputs
    from simulation.levels import LevelsOfService


@pytest.fixture
def inputs() -> DemandInputs:
    """Return a park of two entrances with the same visits in every month."""
    return demand_worlds.make_inputs()


@pytest.fixture
def parameters() -> ChoiceParameters:
    """Return round weights, no calibrated constants and no elasticity."""
    return demand_worlds.make_parameters()


@pytest.fixture
def levels() -> LevelsOfService:
    """Return levels where car, bus, bike and feet lead to both entrances."""
    return demand_worlds.make_levels()
