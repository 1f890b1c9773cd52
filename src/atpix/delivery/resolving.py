"""From a wish to what it is answered with: project, guard, image, decision, shelf or render."""

from typing import Final

import msgspec

from atpix.caller import Caller
from atpix.delivery import dressing, guards, ladders, negotiation
from atpix.delivery.making import Job, Made
from atpix.delivery.negotiation import Facts
from atpix.delivery.outcomes import Chosen, Looked, Resolved
from atpix.delivery.publics import Publics
from atpix.delivery.rendering import Renderings
from atpix.delivery.timing import Steps
from atpix.delivery.wishes import Wish
from atpix.http.types import Receive
from atpix.ids import FlowId
from atpix.images import rows
from atpix.images.rows import Found, Image
from atpix.imaging import geometry, grammar
from atpix.imaging.orders import Original
from atpix.imaging.settling import settled
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output, Spec
from atpix.renditions import rendition_key
from atpix.services import Services

_ALSO: Final = {
    Original.NEVER: ("made",),
    Original.OF_SAME_TYPE: (),
    Original.OF_ANY_TYPE: ("negotiated",),
    Original.ALWAYS: ("original",),
}
"""What a key says of it."""


class Resolver:
    """One a process, used from its event loop."""

    def __init__(self, svc: Services, publics: Publics, renderings: Renderings) -> None:
        self._svc = svc
        self._publics = publics
        self._renderings = renderings

    async def resolve(self, wish: Wish, receive: Receive, key_holder: Caller | None = None) -> Resolved:
        """Raises ImageNotFound, AliasNotFound, Forbidden, ValidationFailed, StorageUnavailable, and what
        `Renderings.made` does.
        """
        steps = Steps()
        looked = await self._look_up(wish, key_holder)
        steps.ended("resolve")
        if not (wish.has_transformation or looked.show_focus):
            return dressing.original(self._svc, looked, steps)
        best, stand_in = self._jobs(looked)
        steps.ended("negotiate")
        chosen = await self._chosen(best, stand_in, receive, steps)
        if chosen.made.is_original:
            chosen = await self._original(looked, chosen, receive, steps)
        return dressing.rendition(self._svc, looked, chosen, steps)

    async def _look_up(self, wish: Wish, key_holder: Caller | None) -> Looked:
        address = wish.address
        public = await self._publics.of(address)
        who = public.who
        private = key_holder is not None and key_holder.project == who.project and "read" in key_holder.scopes
        may_look = private or who.settings.delivery_debug
        show_focus = may_look and wish.parsed.handling.debug
        admitted = guards.admit(
            who.settings,
            wish.parsed,
            address.resource,
            self._svc.now() // 1000,
            has_transformation=wish.has_transformation or show_focus,
            by_owner=private,
        )
        wish.negotiable = (wish.has_transformation or show_focus) and negotiation.is_negotiable(admitted.spec)
        found = await self._svc.db.on_loop(self._find, wish, who)
        return Looked(
            wish=wish,
            public=public,
            admitted=admitted,
            found=found,
            may_look=may_look,
            private=private,
            show_focus=show_focus,
        )

    def _find(self, wish: Wish, who: Caller) -> Found:
        flow = wish.parsed.handling.flow
        with self._svc.db.read() as tx:
            return rows.find(tx, who, wish.address.ref, None if flow is None else FlowId(flow))

    def _jobs(self, looked: Looked) -> tuple[Job, Job | None]:
        """What to answer with, and what stands in while that takes too long."""
        image = looked.image
        facts = Facts(image.media_type, image.has_alpha)
        best, *others = (
            self._job(looked, output)
            for output in negotiation.outputs(looked.wish.accepts, facts, looked.admitted.spec)
        )
        if looked.show_focus:  # for a person who waits for it, once
            return (others or [best])[-1], None
        return best, others[0] if others else None

    def _job(self, looked: Looked, output: Output) -> Job:
        image, admitted = looked.image, looked.admitted
        size, most_pixels = (image.width, image.height), self._svc.settings.max_output_pixels
        spec = grammar.normal(msgspec.structs.replace(admitted.spec, output=output))
        spec = ladders.land(size, spec, admitted.ladder, most_pixels)
        if not looked.show_focus:  # a point is shown that changes nothing, too
            kind = MediaType(image.media_type)
            spec = settled(size, spec, kind, has_alpha=image.has_alpha, max_output_pixels=most_pixels)
        follows = geometry.depends_on_focus(size, spec, most_pixels)
        original = self._may_be_original(looked, spec, output)
        also = (
            *looked.who.settings.keep_metadata,
            *_ALSO[original],
            *(("shown",) if looked.show_focus else ()),
        )
        canonical = grammar.canonical(spec)
        key = rendition_key(
            image.project_id,
            image.id,
            canonical,
            output,
            follows_focus=follows,
            focus=image.focal_point,
            also=also,
        )
        return Job(
            who=looked.who,
            image=image,
            spec=spec,
            output=output,
            key=key,
            key_parameters=canonical,
            show_focus=looked.show_focus,
            original=original,
        )

    def _may_be_original(self, looked: Looked, spec: Spec, output: Output) -> Original:
        """In another type only where one was negotiated, and where it can matter: all else shares its key with what was
        asked for by name.
        """
        image, admitted = looked.image, looked.admitted
        if not admitted.may_send_original:
            return Original.NEVER
        named = not negotiation.is_negotiable(admitted.spec) or output == _own_output(image)
        if named or not negotiation.takes(looked.wish.accepts, image.media_type):
            return Original.OF_SAME_TYPE
        found = geometry.of((image.width, image.height), spec, None, self._svc.settings.max_output_pixels)
        return Original.OF_ANY_TYPE if geometry.shows_source(found, spec) else Original.OF_SAME_TYPE

    async def _chosen(self, best: Job, stand_in: Job | None, receive: Receive, steps: Steps) -> Chosen:
        if (found := await self._on_shelf(best, steps)) is not None:
            return found
        if stand_in is None:
            return await self._made(best, receive, steps)
        within_s = self._svc.settings.avif_wait_s if self._is_small(best) else 0.0
        if within_s > 0 and (made := await self._renderings.made_within(best, within_s, receive)) is not None:
            steps.ended("render")
            return Chosen(job=best, made=made, cache="miss")
        steps.ended("wait")
        chosen = await self._on_shelf(stand_in, steps) or await self._made(stand_in, receive, steps)
        self._renderings.begin(best)
        return Chosen(job=chosen.job, made=chosen.made, cache=chosen.cache, stands_in=True)

    async def _original(self, looked: Looked, chosen: Chosen, receive: Receive, steps: Steps) -> Chosen:
        """Without what it tells about its maker, in place of what would be no smaller: one file, whatever led to it."""
        image, output = looked.image, _own_output(looked.image)
        job = Job(
            who=looked.who,
            image=image,
            spec=Spec(output=output),
            output=output,
            key=rendition_key(
                image.project_id, image.id, "", output, follows_focus=False, focus=None, also=_ALSO[Original.ALWAYS]
            ),
            key_parameters="",
            original=Original.ALWAYS,
        )
        found = await self._on_shelf(job, steps) or await self._made(job, receive, steps)
        cache = chosen.cache if found.cache == "hit" else found.cache
        return Chosen(job=job, made=found.made, cache=cache, stands_in=chosen.stands_in)

    async def _on_shelf(self, job: Job, steps: Steps) -> Chosen | None:
        stored = None if job.show_focus else await self._svc.renditions.find(job.key)
        steps.ended("shelf")
        return None if stored is None else Chosen(job=job, made=Made.of(stored), cache="hit")

    async def _made(self, job: Job, receive: Receive, steps: Steps) -> Chosen:
        made = await self._renderings.made(job, receive)
        steps.ended("render")
        steps.inside(made.steps_ms)
        return Chosen(job=job, made=made, cache="miss")

    def _is_small(self, job: Job) -> bool:
        """Whether an AVIF of this size is waited for."""
        settings, image = self._svc.settings, job.image
        width, height = geometry.of((image.width, image.height), job.spec, None, settings.max_output_pixels).canvas
        return width * height <= settings.avif_max_pixels


def _own_output(image: Image) -> Output:
    """What is made in the type that it has."""
    return Output(image.media_type.removeprefix("image/"))
