"""The dashboard's entry point: navigation only."""

from dashboard.navigation import run

run()
