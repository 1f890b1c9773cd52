"""Budgets of new renditions, of an image and of a project's minute, exact over processes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.renditions.shelves import PROJECT, OpenShelf, keep, key_of

from atpix.ids import ImageId, ProjectId, new_id
from atpix.renditions import BudgetSpent, Key, Shelf


def claim(shelf: Shelf, key: Key, of_image: int | None = None, a_minute: int | None = None):
    return shelf.claim_place(key, most_of_image=of_image, most_a_minute=a_minute)


def test_an_image_has_so_many_renditions_and_no_more(shelf: Shelf, image: ImageId):
    for number in range(3):
        key = key_of(f"w={number}", image=image)
        claim(shelf, key, of_image=3)
        keep(shelf, key)

    with pytest.raises(BudgetSpent) as raised:
        claim(shelf, key_of("w=9", image=image), of_image=3)

    assert raised.value.retry_after_s is None
    assert shelf.made(PROJECT, image) == 3
    claim(shelf, key_of(), of_image=3)


def test_those_that_are_being_made_count_and_what_failed_does_not(shelf: Shelf, image: ImageId):
    place = claim(shelf, key_of("w=1", image=image), of_image=1)
    with pytest.raises(BudgetSpent):
        claim(shelf, key_of("w=2", image=image), of_image=1)

    shelf.give_back(place)

    claim(shelf, key_of("w=2", image=image), of_image=1)


def test_a_dead_process_does_not_hold_its_place_for_ever(shelf: Shelf, image: ImageId, clock):
    claim(shelf, key_of("w=1", image=image), of_image=1)
    clock.advance(601)

    claim(shelf, key_of("w=2", image=image), of_image=1)
    shelf.sweep()

    assert shelf.made(PROJECT, image) == 1


def test_an_image_whose_renditions_were_dropped_begins_afresh(shelf: Shelf, image: ImageId):
    key = key_of("w=1", image=image)
    claim(shelf, key, of_image=1)
    keep(shelf, key)

    shelf.drop(PROJECT, image)

    assert shelf.made(PROJECT, image) == 0
    claim(shelf, key_of("w=2", image=image), of_image=1)


def test_a_project_makes_so_many_a_minute_and_is_told_when_to_come_back(shelf: Shelf, clock):
    claim(shelf, key_of(), a_minute=2)
    clock.advance(20)
    claim(shelf, key_of(), a_minute=2)

    with pytest.raises(BudgetSpent) as raised:
        claim(shelf, key_of(), a_minute=2)
    assert raised.value.retry_after_s in {39, 40}
    claim(shelf, key_of(project=ProjectId(new_id())), a_minute=2)
    clock.advance(41)

    claim(shelf, key_of(), a_minute=2)


def test_what_was_made_since_can_be_asked(shelf: Shelf, image: ImageId, clock):
    claim(shelf, key_of("w=1", image=image))
    clock.advance(60)
    since = clock() - 1000
    claim(shelf, key_of("w=2", image=image))
    claim(shelf, key_of())

    assert shelf.made_since(PROJECT, since) == 2
    assert shelf.made_since(PROJECT, since, image) == 1
    assert shelf.made_since(PROJECT, 0, image) == 2


def test_budgets_are_exact_while_everybody_asks_at_once(open_shelf: OpenShelf, image: ImageId):
    shelves = [open_shelf() for _ in range(4)]

    def ask(number: int) -> bool:
        try:
            claim(shelves[number % 4], key_of(f"w={number}", image=image), of_image=10, a_minute=10)
        except BudgetSpent:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        granted = list(threads.map(ask, range(60)))

    assert granted.count(True) == 10
