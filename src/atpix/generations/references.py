"""What goes into a generation: references, a mask, and the names in its prompt, each turned into an image.

All within the transaction that makes the generation, by the one function that turns a reference into an image; until
that transaction ends, none of them can be deleted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import bindparam

from atpix.caller import Caller
from atpix.db import Reading, Writing
from atpix.db.tables import aliases, images
from atpix.errors import ValidationFailed
from atpix.generations import prompts
from atpix.generations.errors import ReferenceGone
from atpix.generations.rows import Input
from atpix.ids import COMPUTED, Alias, FlowId, ImageRef
from atpix.images import rows as image_rows
from atpix.images.errors import AliasNotFound, ComputedAliasRequiresFlow, ImageNotFound
from atpix.images.rows import Image
from atpix.providers.values import Capabilities

USUAL_MOST = 3
"""Where a provider takes none, so that what is recorded stays bounded."""

_NAMES = sa.select(aliases.c.name).where(
    aliases.c.project_id == bindparam("project"),
    aliases.c.name.in_(bindparam("names", expanding=True)),
    sa.or_(aliases.c.flow_id.is_(None), aliases.c.flow_id == bindparam("flow")),
)
_KEEP = (
    sa.select(images.c.id)
    .where(images.c.id.in_(bindparam("images", expanding=True)), images.c.deleted_at.is_(None))
    .order_by(images.c.id)
    .with_for_update(read=True, key_share=True)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What was asked to go in, as it was said. `images` are inputs of an earlier run; `words`: whether names in the
    prompt count.
    """

    references: Sequence[ImageRef] = ()
    mask: ImageRef | None = None
    images: Sequence[Input] = ()
    words: bool = True


@dataclass(frozen=True, slots=True)
class Ingredient:
    """An input, and the image that it is."""

    row: Input
    image: Image


def resolve(
    tx: Writing, who: Caller, material: Material, prompt: str, flow: FlowId | None, capable: Capabilities
) -> list[Ingredient]:
    """In the order in which the provider gets them, each image once.

    Raises ImageNotFound, AliasNotFound, ComputedAliasRequiresFlow, ReferenceGone, ValidationFailed.
    """
    found = _Found()
    for one in material.images:
        if one.role == "reference":
            found.add(_again(tx, who, one), one.alias)
    for ref in material.references:
        found.add(_said(tx, who, ref, flow), _name(ref))
    for name in _resolving(tx, who, prompts.names(prompt) if material.words else (), flow):
        found.add(image_rows.find(tx, who, name, flow).image, name)
    _within(found, capable)
    if (mask := _mask(tx, who, material, flow)) is not None:
        if not found.images:
            raise ValidationFailed.at("mask", "needs a reference image, the first of which it is laid over.")
        found.mask = mask
    ingredients = found.in_order()
    _keep(tx, ingredients)
    return ingredients


class _Found:
    def __init__(self) -> None:
        self.images: dict[str, tuple[Image, str | None]] = {}
        self.mask: tuple[Image, str | None] | None = None

    def add(self, image: Image, name: str | None) -> None:
        """The same image twice goes in once, under the first name that was said."""
        _, known = self.images.get(image.id, (image, None))
        self.images[image.id] = (image, known or name)

    def in_order(self) -> list[Ingredient]:
        made = [
            Ingredient(Input(place, "reference", image.id, name, image.sha256), image)
            for place, (image, name) in enumerate(self.images.values())
        ]
        if self.mask is not None:
            image, name = self.mask
            made.append(Ingredient(Input(len(made), "mask", image.id, name, image.sha256), image))
        return made


def _again(tx: Reading, who: Caller, one: Input) -> Image:
    """Raises ReferenceGone."""
    image = None if one.image_id is None else image_rows.by_id(tx, who, one.image_id)
    if image is None or image.deleted_at is not None:
        raise ReferenceGone(one.alias, one.sha256, trashed=None if image is None else image.id)
    return image


def _said(tx: Reading, who: Caller, ref: ImageRef, flow: FlowId | None) -> Image:
    try:
        return image_rows.find(tx, who, ref, flow).image
    except ComputedAliasRequiresFlow:
        raise ComputedAliasRequiresFlow(Alias(ref), "add flowId to the body.") from None


def _mask(tx: Reading, who: Caller, material: Material, flow: FlowId | None) -> tuple[Image, str | None] | None:
    if material.mask is not None:
        return _said(tx, who, material.mask, flow), _name(material.mask)
    for one in material.images:
        if one.role == "mask":
            return _again(tx, who, one), one.alias
    return None


def _name(ref: ImageRef) -> str | None:
    return str(ref) if isinstance(ref, Alias) else None


def _resolving(tx: Reading, who: Caller, names: Sequence[Alias], flow: FlowId | None) -> list[Alias]:
    """Those words of a prompt that mean an image: the others are text."""
    if not names:
        return []
    values = {"project": who.project, "names": [str(name) for name in names], "flow": flow}
    given = {row.name for row in tx.all(_NAMES, values)}
    return [name for name in names if name in given or (name in COMPUTED and _computes(tx, who, name, flow))]


def _computes(tx: Reading, who: Caller, name: Alias, flow: FlowId | None) -> bool:
    if flow is None:
        return False
    try:
        image_rows.find(tx, who, name, flow)
    except AliasNotFound:
        return False
    return True


def _within(found: _Found, capable: Capabilities) -> None:
    most = capable.max_references or USUAL_MOST
    if len(found.images) > most:
        raise ValidationFailed.at(
            "referenceImages",
            f"{len(found.images)} images go in, with those that the prompt names; {most} are the limit.",
        )


def _keep(tx: Writing, ingredients: Sequence[Ingredient]) -> None:
    """One that was deleted a moment ago is not found, as if it had been so before. Raises ImageNotFound."""
    wanted = {one.image.id for one in ingredients}
    if wanted:
        kept = {row.id for row in tx.all(_KEEP, {"images": sorted(wanted)})}
        for image in sorted(wanted - kept):
            raise ImageNotFound(image)
