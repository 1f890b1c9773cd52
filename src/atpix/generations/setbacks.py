"""What becomes of a run whose attempt came to nothing: another one, later, or its end."""

import structlog

from atpix.errors import AtpixError
from atpix.generations import finishing
from atpix.generations.work import Work, Workplace, backoff_s, ends_at, insist
from atpix.providers.values import ProviderFailed, Queued
from atpix.services import Services

log = structlog.get_logger("atpix.generations")

WENT_WRONG = "Something went wrong on our side; the server's log says what."
TOO_LATE = "It took longer than ATPIX_GENERATION_TIMEOUT_S allows; generate again, or ask for something simpler."


class Spoiled(Exception):
    """What the provider sent is no picture that we take."""


def after_failure(place: Workplace, work: Work, failure: ProviderFailed) -> Queued | None:
    svc, run = place.svc, work.run
    pause_s = failure.retry_after_s
    if failure.job_over:
        work.ref = None
    if work.ref and failure.worth_retrying and svc.now() < work.deadline:
        work.failed_polls += 1
        return Queued(work.ref, backoff_s(work.failed_polls) if pause_s is None else pause_s)
    due_at = svc.now() + int((backoff_s(run.attempts) if pause_s is None else pause_s) * 1000)
    again = failure.worth_retrying and run.attempts < svc.settings.generation_attempts and due_at < ends_at(svc, run)
    if again:
        work.is_back = insist(place, work, lambda: finishing.begin_anew(svc, work.claimed, due_at, keep_job=False))
    else:
        fail(place, work, failure.code, failure.message)
    return None


def after_spoiled(place: Workplace, work: Work, reason: str) -> None:
    svc = place.svc
    due_at = svc.now() + int(backoff_s(work.run.attempts) * 1000)
    if may_be_repeated(work) and work.run.attempts < svc.settings.generation_attempts:
        work.is_back = insist(place, work, lambda: finishing.spoil(svc, work.claimed, due_at))
    else:
        fail(place, work, "PROVIDER_ERROR", reason)


def after_own_failure(place: Workplace, work: Work, error: AtpixError) -> None:
    """What was stored stays, for the next attempt, and so does a job that was written down. A process that stops gives
    back what it has not begun.
    """
    svc, run = place.svc, work.run
    stopping = place.stopping.is_set()
    due_at = svc.now() + (0 if stopping else int(backoff_s(run.attempts) * 1000))
    if stopping or (run.attempts < svc.settings.generation_attempts and due_at < ends_at(svc, run)):
        untried = stopping and not work.called
        keeps = work.ref is not None
        work.is_back = finishing.begin_anew(svc, work.claimed, due_at, keep_job=keeps, untried=untried)
    else:
        end(svc, work, error.code, error.message)


def may_be_repeated(work: Work) -> bool:
    """A provider that sends rubbish is asked once more: each answer is paid for."""
    return work.run.attempts < 2


def fail(place: Workplace, work: Work, code: str, message: str) -> None:
    insist(place, work, lambda: end(place.svc, work, code, message))


def end(svc: Services, work: Work, code: str, message: str) -> None:
    """With it goes the job that its provider may be at work on still. Raises StorageUnavailable, Overloaded."""
    if _ended(svc, work, code, message) and work.ref is not None:
        svc.providers.give_up(work.run.provider, work.ref)


def _ended(svc: Services, work: Work, code: str, message: str) -> bool:
    """What others have said may be more than the database takes; then it ends without their words: nothing may keep a
    run from its end, or its provider is paid for every attempt. False: it was not ours any more.
    """
    try:
        return finishing.fail(svc, work.claimed, code, message, work.warnings)
    except AtpixError:
        raise
    except Exception:
        log.exception("end_refused", generation=work.run.id)
        return finishing.fail(svc, work.claimed, "INTERNAL_ERROR", WENT_WRONG, [])
