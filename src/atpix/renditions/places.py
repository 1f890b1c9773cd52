"""Budgets of new renditions: a place is claimed before a render, and given back when nothing came of it."""

import sqlite3
from typing import NewType

from atpix.ids import ImageId, ProjectId
from atpix.renditions.folder import STALE_MS
from atpix.renditions.index import Index
from atpix.renditions.keys import Key
from atpix.renditions.stored import BudgetSpent

Place = NewType("Place", int)

_MINUTE_MS = 60_000
# A place that led to a rendition counts once; one whose holder died is over with its time.
_OF_IMAGE = """
SELECT count(*) FROM (
    SELECT digest FROM renditions WHERE project = :project AND image = :image
    UNION SELECT digest FROM places WHERE project = :project AND image = :image AND at > :since
)
"""
_OF_PROJECT = "SELECT count(*), min(at) FROM places WHERE project = ? AND at > ?"


def claim(db: sqlite3.Connection, key: Key, now: int, *, most_of_image: int | None, most_a_minute: int | None) -> Place:
    """Raises BudgetSpent."""
    if most_of_image is not None and _count(db, key.project, key.image, now) >= most_of_image:
        raise BudgetSpent(None)
    if most_a_minute is not None:
        count, oldest = db.execute(_OF_PROJECT, (key.project, now - _MINUTE_MS)).fetchone()
        if count >= most_a_minute:
            raise BudgetSpent(max(1, -(-((oldest or now) + _MINUTE_MS - now) // 1000)))
    row = (key.project, key.image, key.digest, now)
    made = db.execute("INSERT INTO places (project, image, digest, at) VALUES (?, ?, ?, ?)", row)
    return Place(made.lastrowid or 0)


def _count(db: sqlite3.Connection, project: ProjectId, image: ImageId, now: int) -> int:
    values = {"project": project, "image": image, "since": now - STALE_MS}
    return int(db.execute(_OF_IMAGE, values).fetchone()[0])


def give_back(db: sqlite3.Connection, place: Place) -> None:
    db.execute("DELETE FROM places WHERE id = ?", (place,))


def of_image(index: Index, project: ProjectId, image: ImageId, now: int) -> int:
    values = {"project": project, "image": image, "since": now - STALE_MS}
    return int(index.read(_OF_IMAGE, values)[0][0])


def since(index: Index, project: ProjectId, since_ms: int, image: ImageId | None) -> int:
    query = "SELECT count(*) FROM places WHERE project = :project AND at > :since AND image = coalesce(:image, image)"
    return int(index.read(query, {"project": project, "since": since_ms, "image": image})[0][0])


def no_longer_of(db: sqlite3.Connection, project: ProjectId, image: ImageId) -> None:
    """What it had was dropped, so it begins afresh; the project's minute goes on."""
    db.execute("UPDATE places SET image = '' WHERE project = ? AND image = ?", (project, image))


def forget_old(db: sqlite3.Connection, now: int) -> None:
    db.execute("DELETE FROM places WHERE at <= ?", (now - STALE_MS,))
