"""The provider that needs no key and no network: it draws by arithmetic, and the same recipe is the same bytes.

The same on every machine: whole numbers decide each pixel (see `offline_canvas`), and both the letters (FreeType) and
the JPEG (libjpeg-turbo) are made by what is inside Pillow's wheel, of one pinned version. libjpeg-turbo's slow integer
DCT is the default, and its authors promise, and test, that the code for every kind of processor gives the very numbers
of the plain C code for it; that does not hold for the fast and the floating-point ones.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from atpix.providers.offline_words import plan
from atpix.providers.values import (
    MAX_SEED,
    Capabilities,
    Pictured,
    ProviderFailed,
    Recipe,
    UnknownModel,
    pixels,
)
from atpix.settings import Settings

if TYPE_CHECKING:
    from PIL import Image

DEFAULT_MODEL = "offline-1"
BLANK_MODEL = "offline-blank"
QUALITY = 90
STATEMENT = "Made by the offline provider of Atpix, not by an AI model"
_IMAGE_DESCRIPTION, _SOFTWARE = 0x010E, 0x0131
_XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmp:CreatorTool="Atpix offline provider"
 Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia">
<dc:description xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Alt><rdf:li xml:lang="x-default">{STATEMENT}</rdf:li>
</rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>""".encode()
"""`algorithmicMedia`: made by a program, not by a model that was trained (IPTC's vocabulary of digital sources)."""


class Offline:
    """`offline-1` composes a picture; `offline-blank` is one colour, for measuring everything around it."""

    name: ClassVar[str] = "offline"
    default_model: ClassVar[str] = DEFAULT_MODEL

    def __init__(self, _: Settings) -> None: ...

    def capabilities(self, model: str | None) -> Capabilities:
        if model not in {None, DEFAULT_MODEL, BLANK_MODEL}:
            raise UnknownModel(f"The offline provider has the models {DEFAULT_MODEL} and {BLANK_MODEL}.")
        return Capabilities(seed=True, mask=True)

    def estimate_micro_usd(self, recipe: Recipe) -> int:  # noqa: ARG002  the Protocol's signature
        return 0

    def generate(self, recipe: Recipe, target: Path) -> Pictured:
        """Raises ProviderFailed when a reference cannot be read, UnknownModel."""
        self.capabilities(recipe.model)
        seed = seed_of(recipe.prompt, recipe.variation) if recipe.seed is None else recipe.seed
        try:
            picture = _blank(recipe, seed) if recipe.model == BLANK_MODEL else _composed(recipe, seed)
        except (OSError, SyntaxError) as error:  # what Pillow raises for a picture that is none
            raise ProviderFailed("PROVIDER_ERROR", "A reference image could not be read.") from error
        _save(picture, target)
        return Pictured(model=recipe.model or DEFAULT_MODEL, seed=seed)


def seed_of(prompt: str, variation: int = 1) -> int:
    """Where nobody asked for one: the same prompt is the same picture, and made again it is the next one."""
    said = prompt.encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(said if variation == 1 else b"%d\0%b" % (variation, said)).digest()
    return int.from_bytes(digest[:8]) % (MAX_SEED + 1)


def _composed(recipe: Recipe, seed: int) -> "Image.Image":
    from atpix.providers import offline_lettering, offline_references
    from atpix.providers.offline_canvas import Canvas, Dice
    from atpix.providers.offline_scenes import OUTDOORS
    from atpix.providers.offline_studio import INDOORS

    inputs = [*recipe.references, *([recipe.mask] if recipe.mask else [])]
    planned = plan(recipe.prompt, seed, " ".join(reference.sha256 for reference in inputs))
    canvas = Canvas(*pixels(recipe.aspect_ratio))
    scene = (OUTDOORS | INDOORS)[planned.scene]
    scene(canvas, planned.palette, Dice(planned.number))
    if recipe.mask:
        offline_references.repainted(canvas, recipe.references[0], recipe.mask)
        offline_references.pin(canvas, recipe.references[1:])
    else:
        offline_lettering.letter(canvas, planned.palette, recipe.prompt)
        offline_references.pin(canvas, recipe.references)
    offline_lettering.label(canvas)
    return canvas.image


def _blank(recipe: Recipe, seed: int) -> "Image.Image":
    from PIL import Image

    return Image.new("RGB", pixels(recipe.aspect_ratio), plan(recipe.prompt, seed).palette.far)


def _save(picture: "Image.Image", target: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[_IMAGE_DESCRIPTION] = STATEMENT
    exif[_SOFTWARE] = "Atpix offline provider"
    picture.save(target, "JPEG", quality=QUALITY, exif=exif, xmp=_XMP, comment=STATEMENT)
