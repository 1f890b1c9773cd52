"""Pictures made from originals, kept to be found again: a cache that may be deleted at any time. See `shelf.py`."""

from atpix.renditions.keys import Key, rendition_key
from atpix.renditions.shelf import Shelf
from atpix.renditions.stored import FAULTS, BudgetSpent, Facts, Stats, Stored, Unwanted

__all__ = [
    "FAULTS",
    "BudgetSpent",
    "Facts",
    "Key",
    "Shelf",
    "Stats",
    "Stored",
    "Unwanted",
    "rendition_key",
]
