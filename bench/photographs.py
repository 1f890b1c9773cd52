"""Real photographs in the sizes that the table names, made from those inside the scikit-image wheel."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pyvips
import skimage
from PIL import Image

_SOURCE = Path(skimage.__file__).parent / "data"
_PHOTOGRAPH, _TEXTURE = "coffee.png", "gravel.png"


@dataclass(frozen=True)
class Photographs:
    small: Path
    """About 100 KB."""
    middle: Path
    """About 2 MB."""
    large: Path
    """12 megapixels, about 5 MB."""
    huge: Path
    """45 MB, under the limit of 50: pixels full of noise, as PNG."""


def make(folder: Path) -> Photographs:
    folder.mkdir(parents=True, exist_ok=True)
    return Photographs(
        small=_jpeg(folder / "small.jpg", 100_000, (1200, 800), grain=4),
        middle=_jpeg(folder / "middle.jpg", 2_000_000, (3000, 2000), grain=8),
        large=_jpeg(folder / "large.jpg", 5_000_000, (4000, 3000), grain=8),
        huge=_noise(folder / "huge.png", 45_000_000),
    )


def detailed(
    folder: Path, size: tuple[int, int] = (4000, 3000), *, suffix: str = "jpg", progressive: bool = False
) -> Path:
    """With detail down to the pixel, which scaling up alone does not give: a photograph's light, another's fine texture
    and grain. 12 megapixels as JPEG of quality 90 are 4 MB. Other sizes are scaled from it; each file is made once.
    `progressive`: from coarse to fine; in a PNG that is interlaced.
    """
    path = folder / f"detailed-{size[0]}x{size[1]}{'-progressive' if progressive else ''}.{suffix}"
    if not path.exists():
        scene = _scene()
        image = scene if scene.size == size else scene.resize(size, Image.Resampling.BICUBIC)
        if suffix == "png" and progressive:  # Pillow writes none
            pyvips.Image.new_from_array(np.asarray(image)).pngsave(str(path), compression=1, interlace=True)
        else:
            image.save(path, quality=90, method=2, compress_level=1, progressive=progressive)
    return path


def numbered(jpeg: bytes, number: int) -> bytes:
    """The same pixels in other bytes: a comment that says the number."""
    comment = f"copy {number:08}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def _scene() -> Image.Image:
    width, height = 4000, 3000
    photograph = Image.open(_SOURCE / _PHOTOGRAPH).convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    light = np.asarray(photograph, dtype=np.float32)
    texture = np.asarray(Image.open(_SOURCE / _TEXTURE).convert("L"), dtype=np.float32)
    texture = np.block([[texture, texture[:, ::-1]], [texture[::-1], texture[::-1, ::-1]]])
    repeats = -(-height // texture.shape[0]), -(-width // texture.shape[1])
    texture = np.tile((texture - texture.mean()) / 4, repeats)[:height, :width]
    grain = np.random.default_rng(1).normal(0, 5, (height, width))
    pixels = light * (1 + texture[:, :, None] / 255) + texture[:, :, None] / 5 + grain[:, :, None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _jpeg(path: Path, wanted_bytes: int, size: tuple[int, int], *, grain: float) -> Path:
    """Scaled, with the grain that a sensor gives (scaling up takes it away), at the quality that meets the size."""
    photograph = Image.open(_SOURCE / _PHOTOGRAPH).convert("RGB").resize(size, Image.Resampling.LANCZOS)
    pixels = np.asarray(photograph, dtype=np.float32)
    pixels += np.random.default_rng(1).normal(0, grain, pixels.shape)
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    path.write_bytes(_closest(lambda quality: _encoded(image, quality), wanted_bytes))
    return path


def _closest(encode: Callable[[int], bytes], wanted_bytes: int) -> bytes:
    low, high, best = 5, 97, b""
    while low <= high:
        quality = (low + high) // 2
        data = encode(quality)
        if abs(len(data) - wanted_bytes) < abs(len(best) - wanted_bytes):
            best = data
        low, high = (quality + 1, high) if len(data) < wanted_bytes else (low, quality - 1)
    return best


def _encoded(image: Image.Image, quality: int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _noise(path: Path, wanted_bytes: int) -> Path:
    """Noise does not compress, so the bytes of the pixels are the bytes of the file."""
    width = 4000
    rows = wanted_bytes // (3 * width)
    pixels = np.random.default_rng(1).integers(0, 256, (rows, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, "PNG", compress_level=1)
    return path
