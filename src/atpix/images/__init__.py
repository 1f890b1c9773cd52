"""Images, their names and the history of those names. The model feature: read `actions.py` first."""
