"""The Python client of Atpix."""
