"""What Gemini's image models can do and what they cost, as published; no network. Figures as of November 2026."""

import msgspec

from atpix.providers.values import Capabilities, Recipe, UnknownModel


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """Prices in micro-dollars a token, which is dollars a million. A picture of 1K is `picture_tokens`."""

    max_references: int = 14
    picture_tokens: int = 1_120
    text_in: float = 0
    text_out: float = 0
    picture_out: float = 0

    @property
    def capabilities(self) -> Capabilities:
        """A seed is taken; that the same picture comes again is not promised."""
        return Capabilities(max_references=self.max_references, seed=True)


_UNPRICED = Model()

_MODELS = {
    "gemini-2.5-flash-image": Model(max_references=3, picture_tokens=1_290, text_in=0.3, text_out=2.5, picture_out=30),
    "gemini-3-pro-image": Model(text_in=2, text_out=12, picture_out=120),
    "gemini-3.1-flash-image": Model(text_in=0.5, text_out=3, picture_out=60),
}


def named(name: str, *, configured: str) -> Model:
    """A preview is its model; another one of the family has no known price, nor has the one that the operator has
    configured, by whatever name: he may know of a model that we do not. Raises UnknownModel.
    """
    if model := _MODELS.get(name.removesuffix("-preview")):
        return model
    if name == configured or (name.startswith("gemini-") and "image" in name):
        return _UNPRICED
    raise UnknownModel(f"Gemini has no image model {name!r}. There are: {', '.join(sorted(_MODELS))}.")


def estimate(model: Model, recipe: Recipe) -> int:
    """Micro-dollars of one picture, and of what goes in: a token is four letters, a reference as many as a picture."""
    given = len(recipe.prompt) / 4 + len(recipe.references) * model.picture_tokens
    return round(model.picture_tokens * model.picture_out + given * model.text_in)
