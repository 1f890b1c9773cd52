"""One render per key at a time, over tasks and processes; nobody waits for the dead."""

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tests.renditions.shelves import OpenShelf, files_of, found, keep, key_of

from atpix.errors import Overloaded
from atpix.renditions import Shelf

HOLDS = """
    import sys
    from pathlib import Path
    from atpix.renditions.locks import Locks

    locks = Locks(Path(sys.argv[1]))
    assert locks.take(sys.argv[2])
    print("held", flush=True)
    sys.stdin.read()
"""

RENDERS = """
    import asyncio, sys, time
    from pathlib import Path
    from tests.renditions.shelves import PROJECT, keep, key_of, open_on

    folder, image, project = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

    async def ask(shelf, number):
        key = key_of(f"w={number % 5}", image=image, project=project)
        async with shelf.alone(key, within_s=30) as there:
            if there is None:
                rendered.append(number)
                await asyncio.sleep(0.01)
                await asyncio.to_thread(keep, shelf, key)

    async def main():
        await asyncio.gather(*(ask(shelf, number) for number in range(40)))

    rendered = []
    shelf = open_on(folder, f"file://{folder / 'blobs'}", lambda: time.time_ns() // 1_000_000)
    asyncio.run(main())
    shelf.close()
    print(len(rendered))
"""


def process(script: str, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def shelf(on_disk: OpenShelf) -> Shelf:
    return on_disk()


def test_one_render_a_key_over_tasks_and_processes(tmp_path: Path, image):
    processes = [process(RENDERS, tmp_path, image, image) for _ in range(3)]
    renders = [int(each.communicate(timeout=60)[0]) for each in processes]

    assert sum(renders) == 5
    assert len(files_of(tmp_path)) == 5


def test_other_keys_do_not_wait(shelf: Shelf):
    async def both() -> None:
        async with shelf.alone(key_of(), within_s=1), shelf.alone(key_of(), within_s=0) as second:
            assert second is None

    asyncio.run(both())


def test_whoever_waits_gets_what_another_has_made(shelf: Shelf):
    key = key_of()
    order: list[str] = []

    async def make() -> None:
        async with shelf.alone(key, within_s=5) as there:
            assert there is None
            order.append("making")
            await asyncio.to_thread(keep, shelf, key)

    async def wait() -> None:
        async with shelf.alone(key, within_s=5) as there:
            order.append("waited")
            assert there is not None

    async def both() -> None:
        await asyncio.gather(make(), wait(), wait())

    asyncio.run(both())

    assert order[0] == "making"


def test_a_turn_that_ended_without_a_rendition_is_the_next_ones(shelf: Shelf):
    key = key_of()

    async def fail() -> None:
        async with shelf.alone(key, within_s=1):
            raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture"):
        asyncio.run(fail())

    assert shelf._locks.take(key.digest)


def test_a_client_that_hangs_up_while_it_waits_takes_no_turn(shelf: Shelf):
    key = key_of()

    async def wait() -> None:
        async with shelf.alone(key, within_s=30):
            raise AssertionError("the turn is another's")

    async def hang_up() -> None:
        assert shelf._locks.take(key.digest)
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        shelf._locks.let_go(key.digest)

    asyncio.run(hang_up())

    assert shelf._locks.take(key.digest)


def test_patience_ends(shelf: Shelf):
    key = key_of()
    assert shelf._locks.take(key.digest)

    async def wait() -> None:
        async with shelf.alone(key, within_s=0):
            pass

    with pytest.raises(Overloaded):
        asyncio.run(wait())


def test_a_killed_process_lets_go(tmp_path: Path, shelf: Shelf):
    key = key_of()
    with process(HOLDS, tmp_path / "renditions.lock", key.digest) as holder:
        assert holder.stdout.readline() == "held\n"
        assert not shelf._locks.take(key.digest)
        holder.kill()

    assert shelf._locks.take(key.digest)


def test_without_a_lock_file_renditions_are_made_all_the_same(tmp_path: Path, shelf: Shelf):
    (tmp_path / "renditions.lock").mkdir()
    key = key_of()

    async def make() -> None:
        async with shelf.alone(key, within_s=1) as there:
            assert there is None
            await asyncio.to_thread(keep, shelf, key)

    asyncio.run(make())

    assert found(shelf, key) is not None
