"""The pages, one per kind of user."""
