"""Fixtures of the operator's tests."""

import pytest

from lastmile.parameters import Parameters


@pytest.fixture(scope="session")
def parameters() -> Parameters:
    return Parameters.bundled()
