"""A provider that does what a test tells it to, and counts."""

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from tests.photographs import photo

from atpix.providers.registry import UnknownProvider
from atpix.providers.values import Capabilities, Enhancer, Pictured, ProviderFailed, Queued, Recipe, Usage
from atpix.settings import ProviderLimit

LONG_S = 30
WIDE = (160, 90)


def picture(number: int = 0) -> bytes:
    """Another one for every number, in the ratio that is asked for where nothing is said."""
    return photo(number, "PNG", WIDE)


class Gate:
    """A call that waits until it is let through. `reached`: it is under way."""

    def __init__(self, then: object = None) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()
        self._then = then

    def let_through(self) -> None:
        self._open.set()

    def __call__(self, recipe: Recipe, target: Path) -> object:
        self.reached.set()
        assert self._open.wait(LONG_S)
        return self._then(recipe, target) if callable(self._then) else self._then


Answer = bytes | Exception | Queued | Callable[[Recipe, Path], object] | None


class Scripted:
    """Answers in the order given, then with a picture of its own. `calls` and `polls` are what it was asked."""

    default_model: str | None = "scripted-1"
    name: ClassVar[str] = "scripted"

    def __init__(self, *answers: Answer) -> None:
        self.answers = deque(answers)
        self.calls: list[Recipe] = []
        self.polls: list[str] = []
        self.cancelled: list[str] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def capabilities(self, model: str | None) -> Capabilities:
        return Capabilities(seed=True)

    def estimate_micro_usd(self, recipe: Recipe) -> int:
        return 40_000

    def generate(self, recipe: Recipe, target: Path) -> Pictured | Queued:
        with self._lock:
            self.calls.append(recipe)
        return self._answered(recipe, target)

    def poll(self, ref: str, recipe: Recipe, target: Path) -> Pictured | Queued:
        with self._lock:
            self.polls.append(ref)
        return self._answered(recipe, target)

    def cancel(self, ref: str) -> None:
        self.cancelled.append(ref)

    def _answered(self, recipe: Recipe, target: Path) -> Pictured | Queued:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            answer = self.answers.popleft() if self.answers else None
            number = len(self.calls)
        try:
            while callable(answer):
                answer = answer(recipe, target)
        finally:
            with self._lock:
                self.at_once -= 1
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Queued | Pictured):
            return answer
        target.write_bytes(picture(number) if answer is None else answer)
        return Pictured(model="scripted-1", seed=7, usage=Usage(images=1), cost_micro_usd=40_000)


class Enhancing:
    def __init__(self, *answers: str | Exception) -> None:
        self.answers = deque(answers)
        self.prompts: list[tuple[str, str]] = []

    def enhance(self, prompt: str, template: str) -> str:
        self.prompts.append((prompt, template))
        answer = self.answers.popleft() if self.answers else f"{prompt}, enhanced"
        if isinstance(answer, Exception):
            raise answer
        return answer


class ScriptedProviders:
    """In the place of `providers.registry.Providers`."""

    default = "scripted"

    def __init__(self, *providers: Scripted, enhancer: Enhancer | None = None, **limits: ProviderLimit) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._limits = limits
        self.enhancer = enhancer

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._providers)

    def named(self, name: str) -> Scripted:
        if name not in self._providers:
            raise UnknownProvider(f"There is no provider {name}. There is {', '.join(self.names)}.")
        return self._providers[name]

    def give_up(self, name: str, ref: str) -> None:
        self.named(name).cancel(ref)

    def limit(self, name: str) -> ProviderLimit:
        return self._limits.get(name) or ProviderLimit(at_once=1000)


def failed(code: str = "PROVIDER_ERROR", **how: object) -> ProviderFailed:
    return ProviderFailed(code, "The provider is out of paint.", **how)
