"""Timetables (GTFS) and the RAPTOR router."""
