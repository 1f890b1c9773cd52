"""Following a generation to its end, with a line on standard error that says how it stands."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from atpix.cli.outcome import Exit, Told
from atpix.cli.remote.connecting import told
from atpix.cli.remote.presenting import plain
from atpix_client import Atpix, Generation, errors


class GoesOn(Told):
    """Ctrl-C ends the watching, not what is watched."""

    exit: ClassVar[Exit] = Exit.INTERRUPTED


def until_ended(client: Atpix, generation: Generation, wait_s: float | None) -> Generation:
    """As it is in the end, or when `wait_s` is over. Raises the client's errors."""
    if generation.has_ended or wait_s == 0:
        return generation
    try:
        with _line(generation) as tell:
            for seen in client.generations.stream(generation.id, timeout_s=wait_s):
                generation = seen
                tell(generation)
    except errors.StillGenerating:
        pass
    return generation


@contextmanager
def perhaps_begun(client: Atpix, key: str, new_flow: str | None) -> Iterator[None]:
    """Around the request that begins one. Where its answer is lost nobody knows the generation's id: says how to look,
    and how to ask again without beginning another.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise GoesOn(_how_to_know(key, new_flow)) from None
    except errors.AtpixError as error:
        if not error.may_be_done:
            raise
        raise told(error, client.base_url, _how_to_know(key, new_flow)) from error


def _how_to_know(key: str, new_flow: str | None) -> str:
    flow = "" if new_flow is None else f" and --flow {new_flow}"
    return plain(
        "A generation may have been begun. To look: atpix generations list; "
        f"the same command with --idempotency-key {key}{flow} goes on with it and begins no other."
    )


@contextmanager
def kept_in_mind(client: Atpix, generation: Generation) -> Iterator[None]:
    """It may have cost money: however the command ends here, it says which generation it was, and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        raise GoesOn(what_now(generation)) from None
    except errors.GenerationNotFound:
        raise
    except errors.AtpixError as error:
        raise told(error, client.base_url, what_now(generation)) from error


def what_now(generation: Generation) -> str:
    if generation.output_image_id is not None and generation.has_ended:
        hint = f"has ended. To fetch its picture: atpix images download {generation.output_image_id}"
    elif generation.has_ended:
        hint = f"has ended. To look: atpix generations show {generation.id}"
    else:
        look, stop = (f"atpix generations {verb} {generation.id}" for verb in ("watch", "cancel"))
        hint = f"goes on without you. To look: {look}; to stop it: {stop}"
    return plain(f"Generation {generation.id} {hint}")


@contextmanager
def _line(generation: Generation) -> Iterator[Callable[[Generation], object]]:
    """Nothing at all where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _generation: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as drawn:
        task = drawn.add_task(_standing(generation), total=None)
        yield lambda seen: drawn.update(task, description=_standing(seen))


def _standing(generation: Generation) -> str:
    who = plain(f"{generation.provider} ({generation.model})" if generation.model else generation.provider)
    return f"waiting for {who}" if generation.status == "pending" else f"{who} is at work"
