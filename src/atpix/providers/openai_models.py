"""What OpenAI's image models can do and what they cost, as published; no network. Figures as of November 2026."""

import msgspec

from atpix.providers.values import Capabilities, Recipe, UnknownModel, nearest, pixels

_THREE_SIZES = {"1:1": "1024x1024", "3:2": "1536x1024", "2:3": "1024x1536"}
_DALLE_3_SIZES = {"1:1": "1024x1024", "16:9": "1792x1024", "9:16": "1024x1792"}
_PREFIXES = ("gpt-image-", "chatgpt-image-", "dall-e-3")


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """`sizes` by aspect ratio; None: any size. Prices in micro-dollars, which is dollars a million tokens.

    `picture` is for one picture of the best quality, as square and as oblong: what "auto" may choose, so that a budget
    is not overrun. What a picture did cost is counted from its tokens, where the model says them.
    """

    sizes: dict[str, str] | None = None
    edits: bool = True
    asks_for_base64: bool = False
    picture: tuple[int, int] = (0, 0)
    text_in: float = 0
    image_in: float = 0
    out: float = 0

    @property
    def capabilities(self) -> Capabilities:
        ratios = Capabilities().aspect_ratios if self.sizes is None else frozenset(self.sizes)
        return Capabilities(aspect_ratios=ratios, max_references=16 if self.edits else 0, mask=self.edits)

    def size(self, aspect_ratio: str) -> str:
        """The nearest one there is, by proportion."""
        if self.sizes is None:
            across, down = pixels(aspect_ratio, multiple=16)
            return f"{across}x{down}"
        return self.sizes[nearest(self.sizes, aspect_ratio)]


_GPT_IMAGE_1 = Model(sizes=_THREE_SIZES, picture=(167_000, 250_000), text_in=5, image_in=10, out=40)
_UNPRICED = Model()

_MODELS = {
    "gpt-image-1": _GPT_IMAGE_1,
    "gpt-image-1-mini": Model(sizes=_THREE_SIZES, picture=(36_000, 52_000), text_in=2, image_in=2.5, out=8),
    "gpt-image-1.5": Model(sizes=_THREE_SIZES, picture=(133_000, 200_000), text_in=5, image_in=8, out=32),
    "chatgpt-image-latest": Model(sizes=_THREE_SIZES),
    "gpt-image-2": Model(picture=(211_000, 211_000), text_in=5, image_in=8, out=30),
    "dall-e-3": Model(
        sizes=_DALLE_3_SIZES,
        edits=False,
        asks_for_base64=True,
        picture=(40_000, 80_000),
    ),
}


def named(name: str, *, configured: str) -> Model:
    """A dated snapshot is its model; a later one of the family is taken to know any size, at no known price, and so is
    the one that the operator has configured, by whatever name: he may know of a model that we do not.

    Raises UnknownModel for what is none of OpenAI's image models by its name.
    """
    if model := _MODELS.get(name) or _MODELS.get(_undated(name)):
        return model
    if name == configured or name.startswith(_PREFIXES):
        return _UNPRICED
    raise UnknownModel(f"OpenAI has no image model {name!r}. There are: {', '.join(sorted(_MODELS))}.")


def estimate(model: Model, recipe: Recipe) -> int:
    """Micro-dollars of one picture, and of what goes in: a token is about four letters of a prompt or less than a
    thousandth part of a reference of 1 megapixel.
    """
    square = recipe.aspect_ratio == "1:1"
    given = len(recipe.prompt) / 4 * model.text_in + len(recipe.references) * 1_000 * model.image_in
    return round(model.picture[0 if square else 1] + given)


def _undated(name: str) -> str:
    """gpt-image-2-2026-04-21 is gpt-image-2."""
    head, *date = name.rsplit("-", 3)
    return head if len(date) == 3 and all(part.isdecimal() for part in date) else name
