"""The figures that the project promises, each against a baseline of the same run: `make bench`."""
