"""Demand simulator: days, pilots and experiments."""
