"""Last-mile trip planner for Espoo: streets, timetables and door-to-door itineraries."""

from importlib.metadata import version

__version__ = version("lastmile")
