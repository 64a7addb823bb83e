"""Streamlit pages, one per kind of user."""
