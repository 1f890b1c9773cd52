"""Pictures that go into the picture: prints pinned to it, or the ground that a mask lets through."""

from PIL import Image, ImageChops

from atpix.providers.offline_canvas import Canvas
from atpix.providers.values import Reference


def pin(c: Canvas, references: tuple[Reference, ...]) -> None:
    """As framed prints in a row, top left, the first one the largest."""
    x, y = c.unit(56), c.unit(56)
    for n, reference in enumerate(references):
        wide = c.unit(300 if n == 0 else 190)
        frame = c.unit(12)
        if x + wide + 2 * frame > c.width - c.unit(40):
            break
        with Image.open(reference.path) as image:
            print_ = fitted(image.convert("RGB"), wide, _high(image, wide))
        c.shadow(
            x + wide // 2 + frame, y + print_.height // 2 + 2 * frame, wide * 6 // 10, print_.height * 6 // 10, 120
        )
        c.rectangle(x, y, x + wide + 2 * frame, y + print_.height + 2 * frame, (250, 249, 245))
        c.image.paste(print_, (x + frame, y + frame))
        x += wide + 2 * frame + c.unit(28)


def _high(image: Image.Image, wide: int) -> int:
    """Its own shape, within 3:2 and 2:3."""
    return max(wide * 2 // 3, min(wide * 3 // 2, wide * image.height // max(1, image.width)))


def repainted(c: Canvas, ground: Reference, mask: Reference) -> None:
    """The first reference everywhere but where the mask is transparent, or white if it is opaque throughout."""
    with Image.open(ground.path) as image:
        below = fitted(image.convert("RGB"), c.width, c.height)
    with Image.open(mask.path) as image:
        alpha = image.convert("RGBA").getchannel("A")
        opaque = alpha.getextrema() == (255, 255)
        changes = image.convert("L") if opaque else ImageChops.invert(alpha)
    below.paste(c.image, (0, 0), fitted(changes, c.width, c.height))
    c.image.paste(below, (0, 0))


def fitted(image: Image.Image, wide: int, high: int) -> Image.Image:
    """Its middle in this size. The one place where the size decides in floating point; yet Pillow rounds each weight
    of the filter to 1/4,194,304 before it is used, where the last bit of a double makes no difference.
    """
    across = min(image.width, image.height * wide // high) or 1
    down = min(image.height, image.width * high // wide) or 1
    x, y = (image.width - across) // 2, (image.height - down) // 2
    return image.resize((wide, high), Image.Resampling.BILINEAR, (x, y, x + across, y + down))
