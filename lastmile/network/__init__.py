"""OpenStreetMap data as a routable street network."""
