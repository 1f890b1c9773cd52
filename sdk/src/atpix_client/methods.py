"""Turns a function that builds an operation into a method that runs it. Each call of the API is thus written once:
both clients get its parameters, its documentation and its exact types from that one function.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, get_args

from atpix_client.operations import Following, Operation, Walk
from atpix_client.runners import AsyncRunner, Runner

P = ParamSpec("P")
T = TypeVar("T")


class Blocking(Protocol):
    @property
    def runner(self) -> Runner: ...


class Asynchronous(Protocol):
    @property
    def runner(self) -> AsyncRunner: ...


def run(build: Callable[P, Operation[T]]) -> Callable[Concatenate[Blocking, P], T]:
    @wraps(build)
    def method(self: Blocking, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.runner.run(build(*args, **kwargs))

    return _documented(method, build)


def run_async(build: Callable[P, Operation[T]]) -> Callable[Concatenate[Asynchronous, P], Coroutine[Any, Any, T]]:
    @wraps(build)
    async def method(self: Asynchronous, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.runner.run(build(*args, **kwargs))

    return _documented(method, build)


def walk(build: Callable[P, Walk[T]]) -> Callable[Concatenate[Blocking, P], Iterator[T]]:
    @wraps(build)
    def method(self: Blocking, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        pages = build(*args, **kwargs)
        page = self.runner.run(pages.first())
        yield from page
        while following := pages.after(page):
            page = self.runner.run(following)
            yield from page

    return _documented(method, build)


def walk_async(build: Callable[P, Walk[T]]) -> Callable[Concatenate[Asynchronous, P], AsyncIterator[T]]:
    @wraps(build)
    async def method(self: Asynchronous, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        pages = build(*args, **kwargs)
        page = await self.runner.run(pages.first())
        for item in page:
            yield item
        while following := pages.after(page):
            page = await self.runner.run(following)
            for item in page:
                yield item

    return _documented(method, build)


def follow(build: Callable[P, Following[T]]) -> Callable[Concatenate[Blocking, P], Iterator[T]]:
    @wraps(build)
    def method(self: Blocking, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        yield from self.runner.follow(build(*args, **kwargs))

    return _documented(method, build)


def follow_async(build: Callable[P, Following[T]]) -> Callable[Concatenate[Asynchronous, P], AsyncIterator[T]]:
    @wraps(build)
    async def method(self: Asynchronous, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        async for thing in self.runner.follow(build(*args, **kwargs)):
            yield thing

    return _documented(method, build)


def last(build: Callable[P, Following[T]]) -> Callable[Concatenate[Blocking, P], T]:
    """What it is in the end."""

    @wraps(build)
    def method(self: Blocking, /, *args: P.args, **kwargs: P.kwargs) -> T:
        *_, thing = self.runner.follow(build(*args, **kwargs))
        return thing

    return _documented(method, build)


def last_async(build: Callable[P, Following[T]]) -> Callable[Concatenate[Asynchronous, P], Coroutine[Any, Any, T]]:
    @wraps(build)
    async def method(self: Asynchronous, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return [thing async for thing in self.runner.follow(build(*args, **kwargs))][-1]

    return _documented(method, build)


M = TypeVar("M", bound=Callable[..., Any])


def _documented(method: M, build: Callable[..., object]) -> M:
    """What `help()` and notebooks show: the builder's parameters after `self`, and the result they lead to."""
    signature = inspect.signature(build)
    me = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    (result,) = get_args(signature.return_annotation)
    method.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[me, *signature.parameters.values()], return_annotation=result
    )
    return method
