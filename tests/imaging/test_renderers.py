"""Renditions are made in children: who is next, who gets which child, and what a dead or slow one costs."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import psutil
import pytest
from PIL import Image

from atpix.imaging.errors import Busy, DecoderFailed, GaveUp
from atpix.imaging.orders import Order
from atpix.imaging.pool import Queued
from atpix.imaging.renderers import Renderers
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output, Spec


@pytest.fixture
def build():
    built = []

    def renderers(**options):
        built.append(Renderers(**{"workers": 1, "timeout_s": 60, "max_memory_bytes": 1 << 30} | options))
        return built[-1]

    yield renderers
    for one in built:
        one.close()


@pytest.fixture
def photograph(encode, tmp_path):
    path = tmp_path / "photograph.jpg"
    path.write_bytes(encode(MediaType.JPEG))
    return path


@pytest.fixture
def order(photograph, tmp_path):
    """A rendition 60 pixels wide, of an image by this name."""

    def made(same="one", source=photograph, target="out.jpg"):
        return Order(
            source=str(source),
            media_type=MediaType.JPEG,
            target=str(tmp_path / target),
            spec=Spec(width=60, output=Output.JPEG),
            output=Output.JPEG,
            same=same,
        )

    return made


@pytest.fixture
def held(tmp_path, order):
    """An order whose source gives nothing until `let_go`: its child is busy exactly as long as a test wants."""

    class Held:
        def __init__(self, name: str, same: str) -> None:
            self.path = tmp_path / name
            os.mkfifo(self.path)
            self.order = order(same, self.path, f"{name}.jpg")

        def let_go(self) -> None:
            os.close(os.open(self.path, os.O_WRONLY))

    numbers = iter(range(100))
    return lambda same="held": Held(f"pipe-{next(numbers)}", same)


@pytest.fixture
def children():
    """Those of this test. Other tests of this process may have left theirs to the next."""
    before = set(psutil.Process().children())

    def found() -> list[psutil.Process]:
        new = (child for child in psutil.Process().children() if child not in before)
        return [child for child in new if "atpix.imaging.render_child" in child.cmdline()]

    return found


def turned(order: Order) -> Order:
    """At its own size, all of it in memory."""
    return msgspec.structs.replace(order, spec=Spec(rotate=90, output=Output.JPEG), max_output_pixels=10**8)


def until(holds) -> None:
    while not holds():
        pass


def in_order(renderers, orders, finished):
    """Start each in a thread of its own once the one before it waits; append their names as they end."""
    started = []
    for name, what, options in orders:

        def run(name=name, what=what, options=options):
            renderers.render(what, **options)
            finished.append(name)

        thread = threading.Thread(target=run)
        waiting = renderers.load.waiting
        thread.start()
        until(lambda waiting=waiting: renderers.load.waiting > waiting)
        started.append(thread)
    return started


def test_an_order_becomes_a_file(build, order, tmp_path):
    rendered = build().render(order())

    with Image.open(tmp_path / "out.jpg") as made:
        assert made.size == (rendered.width, rendered.height) == (60, 41)
    assert rendered.size == (tmp_path / "out.jpg").stat().st_size


def test_a_source_that_is_not_there_is_an_oserror(build, order, tmp_path):
    with pytest.raises(FileNotFoundError, match="No such file"):
        build().render(order(source=tmp_path / "nothing"))


def test_a_child_that_needed_more_memory_than_there_is_is_replaced(build, order, tmp_path, encode, children):
    renderers = build(max_memory_bytes=256 << 20)
    (tmp_path / "large").write_bytes(encode(MediaType.JPEG, Image.new("RGB", (9900, 9400))))
    renderers.render(order())
    (child,) = children()

    with pytest.raises(DecoderFailed, match="memory"):
        renderers.render(turned(order(source=tmp_path / "large")))

    assert not child.is_running()
    assert renderers.render(order("two")).width == 60


def test_a_child_that_keeps_much_memory_after_its_work_is_replaced(build, order, tmp_path, encode, children):
    renderers = build(max_memory_bytes=256 << 20)
    (tmp_path / "large.png").write_bytes(encode(MediaType.PNG, Image.new("RGBA", (2560, 2560))))
    renderers.render(order())
    (first,) = children()
    renderers.render(order())
    assert first.is_running()

    large = order("large", source=tmp_path / "large.png")
    renderers.render(msgspec.structs.replace(large, media_type=MediaType.PNG))
    many = [renderers.render(order()).width for _ in range(2)]

    assert many == [60, 60]
    assert psutil.Process(children()[0].pid).memory_info().rss < 256 << 20


def test_a_render_that_takes_too_long_ends_and_its_child_with_it(build, order, children):
    renderers = build(timeout_s=3)
    renderers.render(order())
    (child,) = children()
    child.suspend()

    with pytest.raises(DecoderFailed, match="too long"):
        renderers.render(order())

    assert not child.is_running()
    assert renderers.render(order()).width == 60


def test_a_child_that_died_while_idle_costs_nothing(build, order, children):
    renderers = build()
    renderers.render(order())
    (child,) = children()
    child.kill()
    psutil.wait_procs([child], timeout=10)

    assert renderers.render(order()).width == 60


def test_one_order_too_many_is_told_so_at_once(build, order, held):
    renderers, slow = build(max_waiting=0), held()
    with ThreadPoolExecutor() as threads:
        first = threads.submit(renderers.render, slow.order)
        until(lambda: renderers.load.busy)
        with pytest.raises(Busy):
            renderers.render(order())
        with pytest.raises(Busy):
            renderers.render(order(), background=True)
        slow.let_go()
        assert first.exception()

    assert renderers.render(order()).width == 60


def test_who_gives_up_leaves_the_line_at_once(build, order, held):
    renderers, slow, queued = build(max_waiting=1), held(), Queued()
    with ThreadPoolExecutor() as threads:
        first = threads.submit(renderers.render, slow.order)
        until(lambda: renderers.load.busy)
        second = threads.submit(renderers.render, order(target="second.jpg"), queued=queued)
        until(lambda: renderers.load.waiting)

        queued.give_up()

        assert renderers.load.waiting == 0
        assert isinstance(second.exception(), GaveUp)
        third = threads.submit(renderers.render, order())
        until(lambda: renderers.load.waiting)
        slow.let_go()
        assert first.exception()
        assert third.result().width == 60
    assert not queued.began


def test_who_has_given_up_before_is_given_no_child(build, order, tmp_path):
    queued = Queued()
    queued.give_up()

    with pytest.raises(GaveUp):
        build().render(order(), queued=queued)

    assert not (tmp_path / "out.jpg").exists()


def test_what_a_child_has_begun_goes_on_to_its_end(build, order, held):
    renderers, slow, queued = build(), held(), Queued()
    with ThreadPoolExecutor() as threads:
        under_way = threads.submit(renderers.render, slow.order, queued=queued)
        until(lambda: queued.began)
        queued.give_up()
        assert renderers.load.busy == 1
        slow.let_go()
        assert not isinstance(under_way.exception(), GaveUp)


def test_those_who_wait_are_told_when_the_service_stops(build, order, held, children):
    renderers, slow = build(), held()
    with ThreadPoolExecutor() as threads:
        first = threads.submit(renderers.render, slow.order)
        until(lambda: renderers.load.busy)
        second = threads.submit(renderers.render, order())
        until(lambda: renderers.load.waiting)
        renderers.close()
        assert isinstance(second.exception(), Busy)
        slow.let_go()
        assert first.exception()
    assert children() == []


def test_what_somebody_waits_for_goes_before_the_background(build, order, held):
    renderers, slow, finished = build(), held(), []
    with ThreadPoolExecutor() as threads:
        threads.submit(renderers.render, slow.order)
        until(lambda: renderers.load.busy)
        started = in_order(
            renderers,
            [
                ("background", order("a", target="a.jpg"), {"background": True}),
                ("foreground", order("b", target="b.jpg"), {}),
            ],
            finished,
        )
        slow.let_go()
        for thread in started:
            thread.join()
    assert finished == ["foreground", "background"]


def test_the_background_leaves_a_child_free(build, order, held):
    renderers, slow = build(workers=2), held()
    with ThreadPoolExecutor() as threads:
        behind = threads.submit(renderers.render, slow.order, background=True)
        until(lambda: renderers.load.busy)
        more = threads.submit(renderers.render, order(target="more.jpg"), background=True)
        until(lambda: renderers.load.waiting)

        assert renderers.render(order()).width == 60
        assert renderers.load.busy == 1
        assert not more.done()

        slow.let_go()
        assert behind.exception()
        assert more.result().width == 60


def test_orders_of_the_image_that_a_child_has_go_before_others(build, order, held):
    renderers, slow, finished = build(), held("one"), []
    with ThreadPoolExecutor() as threads:
        threads.submit(renderers.render, slow.order)
        until(lambda: renderers.load.busy)
        started = in_order(
            renderers,
            [(name, order(name[:3], target=f"{name}.jpg"), {}) for name in ("two", "one", "one again")],
            finished,
        )
        slow.let_go()
        for thread in started:
            thread.join()
    assert finished == ["one", "one again", "two"]


def test_an_image_goes_before_others_eight_times_at_most(build, order, held):
    renderers, slow, finished = build(), held("one"), []
    with ThreadPoolExecutor() as threads:
        threads.submit(renderers.render, slow.order)
        until(lambda: renderers.load.busy)
        names = ["two", *(f"one {number}" for number in range(10))]
        started = in_order(renderers, [(name, order(name[:3], target=f"{name}.jpg"), {}) for name in names], finished)
        slow.let_go()
        for thread in started:
            thread.join()
    assert finished.index("two") == 8


def test_the_next_order_of_an_image_goes_to_the_same_child(build, order):
    renderers = build(workers=2)
    renderers.warm()
    for same in ("one", "two", "one", "one", "two", "one"):
        renderers.render(order(same))
    tasks = sorted(seat.process.tasks for seat in renderers._pool._seats)
    assert tasks == [2, 4]


def test_nobody_waits_for_long_for_the_child_that_has_an_image(build, order, held):
    renderers, slow = build(workers=2), held("one")
    with ThreadPoolExecutor() as threads:
        threads.submit(renderers.render, slow.order)
        until(lambda: renderers.load.busy)

        assert renderers.render(order("one")).width == 60

        slow.let_go()


def test_the_parent_imports_no_decoder_and_a_render_child_nothing_of_uploads():
    parent = "import sys, atpix.imaging.renderers; sys.exit('pyvips' in sys.modules or 'litestar' in sys.modules)"
    child = "import sys, atpix.imaging.render_child; sys.exit('atpix.imaging.examine' in sys.modules)"
    for program in (parent, child):
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
