"""The one generation behind a question: found, or begun by the first who asks, under limits.

Any number of first requests, over any number of processes, make one: they take turns at the scope's row, and whoever
comes second finds what the first has begun. What a visitor may cause is counted in the same transaction.
"""

from dataclasses import dataclass
from typing import cast

import structlog

from atpix import windows
from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.errors import AtpixError, ValidationFailed
from atpix.generations import admission, beginning
from atpix.generations.admission import Chosen
from atpix.generations.beginning import Order
from atpix.generations.references import Material
from atpix.ids import Slug
from atpix.live import errors, rows
from atpix.live.questions import Question
from atpix.live.rows import Scope, Seen
from atpix.providers.values import AspectRatio, Recipe
from atpix.services import Services
from atpix.windows import Window

log = structlog.get_logger("atpix.live")

PAUSE_MS = 60_000
"""A failed picture is tried again by a request, but not by every request."""
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks what. `who` is the project without a key; `share`: whose share of new pictures it takes; `names`:
    whether `@name` in the prompt means an image.
    """

    who: Caller
    scope: Slug
    question: Question
    share: str
    names: bool


def see(svc: Services, who: Caller, scope: Slug, question: str) -> Seen:
    """Raises ScopeNotFound."""
    with svc.db.read() as tx:
        return rows.see(tx, who.project, scope, question)


def is_wanted(seen: Seen, now: int) -> bool:
    """Whether there is nothing to show or to wait for, so that a generation would have to begin."""
    if seen.image is not None or seen.is_under_way:
        return False
    return seen.status != "failed" or now >= (seen.changed_at or 0) + PAUSE_MS


def begin(svc: Services, visit: Visit) -> tuple[Seen, bool]:
    """What stands behind the question afterwards, and whether it was begun now.

    Raises ScopeNotFound, ScopeGenerationLimitExceeded, TooManyNewPictures, NothingCanBeMade, and what
    `errors.for_visitors` makes of what `generations.actions.create` raises.
    """
    chosen = _chosen(svc, visit.who)
    try:
        return _begun(svc, visit, chosen)
    except AtpixError as error:
        raise errors.for_visitors(error) from None


def _chosen(svc: Services, who: Caller) -> Chosen:
    """Raises NothingCanBeMade: what this server has, and what it lacks, is told to the log and to those with a key."""
    try:
        return admission.choose(svc, who, None, None)
    except ValidationFailed as error:
        log.warning("live_provider_missing", project=who.project, reason=error.message)
        raise errors.NothingCanBeMade from error


def _begun(svc: Services, visit: Visit, chosen: Chosen) -> tuple[Seen, bool]:
    who, key = visit.who, visit.question.key
    if (already := _looked(svc, visit, chosen)) is not None:
        return already, False
    with svc.db.transaction() as tx:
        scope = rows.lock(tx, who, visit.scope)
        seen = rows.see(tx, who.project, visit.scope, key)
        if not is_wanted(seen, svc.now()):
            return seen, False
        _count(tx, svc, visit, scope, key)
        made = beginning.first_run(tx, svc, who, _order(visit), chosen, key=None)
        rows.answer(tx, scope.id, key, made.shown.generation.id, svc.now())
        rows.update(tx, scope.id, last_generated_at=svc.now())
        svc.failpoint("live.commit")
        return rows.see(tx, who.project, visit.scope, key), True


def _looked(svc: Services, visit: Visit, chosen: Chosen) -> Seen | None:
    """Who is over a limit shall cost no write. None: nothing stands against it, and the limits count anew in the
    transaction that begins it. Raises as `_begun`.
    """
    who, key, now = visit.who, visit.question.key, svc.now()
    with svc.db.read() as tx:
        try:
            scope = rows.find(tx, who, visit.scope)
            _require_place(tx, scope, key)
            _require_share(visit, _one_more(windows.seen(tx, _share(visit), now, period_ms=HOUR_MS)), now)
            _require_try(scope, _one_more(windows.seen(tx, _tries(scope), now, period_ms=HOUR_MS)), now)
            admission.would_admit(tx, svc, who)
            recipe = Recipe(identity="", prompt=visit.question.prompt, aspect_ratio=_ratio(visit), model=chosen.model)
            admission.within_budget(tx, svc, who, admission.estimate(chosen, recipe))
        except AtpixError:  # perhaps because another has begun just this meanwhile: that is looked at last
            seen = rows.see(tx, who.project, visit.scope, key)
            if not is_wanted(seen, now):
                return seen
            raise
    return None


def _ratio(visit: Visit) -> AspectRatio:
    return cast("AspectRatio", visit.question.aspect_ratio)


def _one_more(window: Window) -> Window:
    return window._replace(n=window.n + 1)


def _order(visit: Visit) -> Order:
    question = visit.question
    return Order(
        prompt=question.prompt,
        aspect_ratio=question.aspect_ratio,
        material=Material(words=visit.names),
        auto_enhance=question.auto_enhance,
        template=question.template,
    )


def _count(tx: Writing, svc: Services, visit: Visit, scope: Scope, key: str) -> None:
    """Places in the scope are taken by pictures and by what is under way. Tries, those that fail among them, count for
    an hour: as many as there are places, so that prompts which fail are no way around the limit.
    """
    now = svc.now()
    _require_place(tx, scope, key)
    _require_share(visit, windows.count(tx, _share(visit), now, period_ms=HOUR_MS), now)
    _require_try(scope, windows.count(tx, _tries(scope), now, period_ms=HOUR_MS), now)


def _require_try(scope: Scope, tries: Window, now: int) -> None:
    if tries.n > scope.new_generations_limit:
        raise errors.ScopeGenerationLimitExceeded(
            "This scope has had as many tries this hour as it has places; try again later.", _left_s(tries, now)
        )


def _require_place(tx: Reading, scope: Scope, key: str) -> None:
    if not scope.allow_new_generations:
        raise errors.ScopeGenerationLimitExceeded("This scope makes no new pictures; those that exist are served.")
    if rows.taken(tx, scope.id, besides=key) >= scope.new_generations_limit:
        raise errors.ScopeGenerationLimitExceeded("This scope has all the pictures that it may have; those are served.")


def _require_share(visit: Visit, window: Window, now: int) -> None:
    limit = visit.who.settings.live_new_per_ip_per_hour
    if window.n > limit:
        raise errors.TooManyNewPictures(limit, _left_s(window, now))


def _share(visit: Visit) -> str:
    return f"live-address:{visit.who.project}:{visit.share}"


def _tries(scope: Scope) -> str:
    return f"live-scope:{scope.id}"


def _left_s(window: Window, now: int) -> int:
    return max(1, -(-(window.ends_at - now) // 1000))
