"""The methods of both clients about pictures that are made. `tests/test_both_clients.py` checks that the two halves
offer the same.
"""

from dataclasses import dataclass

from atpix_client import flows, generations
from atpix_client.methods import follow, follow_async, last, last_async, run, run_async, walk, walk_async
from atpix_client.runners import AsyncRunner, Runner


@dataclass(frozen=True)
class Generations:
    runner: Runner

    create = run(generations.create)
    get = run(generations.get)
    list = run(generations.list_page)
    iterate = walk(generations.iterate)
    update = run(generations.update)
    regenerate = run(generations.regenerate)
    replay = run(generations.replay)
    cancel = run(generations.cancel)
    delete = run(generations.delete)
    wait = last(generations.wait)
    stream = follow(generations.stream)


@dataclass(frozen=True)
class AsyncGenerations:
    runner: AsyncRunner

    create = run_async(generations.create)
    get = run_async(generations.get)
    list = run_async(generations.list_page)
    iterate = walk_async(generations.iterate)
    update = run_async(generations.update)
    regenerate = run_async(generations.regenerate)
    replay = run_async(generations.replay)
    cancel = run_async(generations.cancel)
    delete = run_async(generations.delete)
    wait = last_async(generations.wait)
    stream = follow_async(generations.stream)


@dataclass(frozen=True)
class Flows:
    runner: Runner

    create = run(flows.create)
    get = run(flows.get)
    list = run(flows.list_page)
    iterate = walk(flows.iterate)
    update = run(flows.update)
    images = run(flows.images)
    iterate_images = walk(flows.iterate_images)
    generations = run(flows.generations_of)
    iterate_generations = walk(flows.iterate_generations)
    assign_aliases = run(flows.assign_aliases)
    remove_alias = run(flows.remove_alias)
    regenerate = run(flows.regenerate)
    delete = run(flows.delete)


@dataclass(frozen=True)
class AsyncFlows:
    runner: AsyncRunner

    create = run_async(flows.create)
    get = run_async(flows.get)
    list = run_async(flows.list_page)
    iterate = walk_async(flows.iterate)
    update = run_async(flows.update)
    images = run_async(flows.images)
    iterate_images = walk_async(flows.iterate_images)
    generations = run_async(flows.generations_of)
    iterate_generations = walk_async(flows.iterate_generations)
    assign_aliases = run_async(flows.assign_aliases)
    remove_alias = run_async(flows.remove_alias)
    regenerate = run_async(flows.regenerate)
    delete = run_async(flows.delete)
