"""Put the bundle and the dashboard's entry point into the wheel.

In a checkout ``data/`` and ``app.py`` are read where they stand, so an editable install takes
neither; a real wheel carries them inside the packages that read them.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelData(BuildHookInterface):  # type: ignore[type-arg]
    """Adds ``lastmile/data`` and ``dashboard/app.py`` to a wheel that is not editable."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the extra files of a standard wheel."""
        if version == "standard":
            build_data["force_include"].update(
                {"data": "lastmile/data", "app.py": "dashboard/app.py"}
            )
