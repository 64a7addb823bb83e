"""Pilot scenarios: the schema, the loader, and the TOML files themselves."""
