"""HTML for pages: one image in as many widths and formats as screens ask for. Everything is made offline."""

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any, TypedDict, Unpack

from atpix_client.models import Image
from atpix_client.urls import transformed

Source = Image | str
"""A known image, or an address that `urls.image_url` made."""
Signer = Callable[[str], str]

WIDTHS = (320, 480, 640, 960, 1280, 1600, 1920, 2560)


class Look(TypedDict, total=False):
    """What all widths have in common: `ar` for the shape, where `h` would be a height for each of them."""

    fit: str
    q: int | str
    ar: str
    fp: Any
    bg: str
    rot: int
    flip: str
    blur: float
    sharpen: float
    max_bytes: int


def srcset(
    source: Source,
    *,
    widths: Iterable[int] = WIDTHS,
    format: str = "auto",  # noqa: A002  the parameter's name
    in_path: bool = False,
    sign: Signer | None = None,
    **look: Unpack[Look],
) -> str:
    """For an `<img>` or `<source>`. Of a known image no width beyond its own is offered, since nothing is enlarged."""
    if unknown := look.keys() - Look.__annotations__.keys():
        raise TypeError(f"Not for a picture in many sizes: {', '.join(sorted(unknown))}")
    return ", ".join(
        f"{_url(source, sign, in_path=in_path, w=width, format=format, **look)} {width}w"
        for width in _offered(source, widths)
    )


def img(
    source: Source,
    *,
    alt: str,
    sizes: str = "100vw",
    widths: Iterable[int] = WIDTHS,
    placeholder: bool = True,
    in_path: bool = False,
    sign: Signer | None = None,
    attributes: Mapping[str, str] | None = None,
    **look: Unpack[Look],
) -> str:
    """An `<img>` whose server chooses the format. A known image brings its width and height, so that the page does
    not jump, and with `placeholder` its colour and ThumbHash, unless one could see through it.
    """
    offered = _offered(source, widths)
    sets = srcset(source, widths=offered, in_path=in_path, sign=sign, **look)
    src = _url(source, sign, in_path=in_path, w=_middle(offered), format="auto", **look)
    return _img(source, {"src": src, "srcset": sets, "sizes": sizes, "alt": alt}, look, placeholder, attributes)


def picture(  # noqa: PLR0913
    source: Source,
    *,
    alt: str,
    sizes: str = "100vw",
    widths: Iterable[int] = WIDTHS,
    formats: Iterable[str] = ("avif", "webp"),
    fallback: str = "jpeg",
    placeholder: bool = True,
    in_path: bool = False,
    sign: Signer | None = None,
    attributes: Mapping[str, str] | None = None,
    **look: Unpack[Look],
) -> str:
    """A `<picture>` whose browser chooses the format, for caches that cannot tell browsers apart. `fallback` is for
    those that know none of `formats`; give `png` where there is transparency.
    """
    offered = _offered(source, widths)

    def of(format_: str) -> str:
        return srcset(source, widths=offered, format=format_, in_path=in_path, sign=sign, **look)

    src = _url(source, sign, in_path=in_path, w=_middle(offered), format=fallback, **look)
    own = {"src": src, "srcset": of(fallback), "sizes": sizes, "alt": alt}
    sources = [
        f"<source{_written({'type': f'image/{format_}', 'srcset': of(format_), 'sizes': sizes})}>"
        for format_ in formats
    ]
    return f"<picture>{''.join(sources)}{_img(source, own, look, placeholder, attributes)}</picture>"


def _img(
    source: Source,
    own: Mapping[str, str],
    look: Mapping[str, Any],
    placeholder: bool,  # noqa: FBT001
    more: Mapping[str, str] | None,
) -> str:
    known = _of_known(source, look, placeholder=placeholder) if isinstance(source, Image) else {}
    return f"<img{_written({**own, **known, 'loading': 'lazy', 'decoding': 'async', **(more or {})})}>"


def _of_known(image: Image, look: Mapping[str, Any], *, placeholder: bool) -> dict[str, str]:
    width, height = _shape(image, look)
    found = {"width": str(width), "height": str(height)}
    if placeholder and not image.has_alpha:
        if image.dominant_color:
            found["style"] = f"background-color:{image.dominant_color}"
        if image.thumbhash:
            found["data-thumbhash"] = image.thumbhash
    return found


def _shape(image: Image, look: Mapping[str, Any]) -> tuple[int, int]:
    """As displayed: browsers need the ratio only."""
    width, height = image.width, image.height
    if look.get("rot") in {90, 270}:
        width, height = height, width
    if "ar" in look:
        across, _, down = str(look["ar"]).partition(":")
        height = max(1, round(width * float(down or 1) / float(across)))
    return width, height


def _offered(source: Source, widths: Iterable[int]) -> list[int]:
    wanted = sorted(set(widths))
    if not wanted:
        raise ValueError("widths: at least one is needed")
    if not isinstance(source, Image) or wanted[-1] <= source.width:
        return wanted
    return [*(width for width in wanted if width < source.width), source.width]


def _middle(widths: list[int]) -> int:
    """For browsers and robots that know no srcset."""
    return widths[len(widths) // 2]


def _url(source: Source, sign: Signer | None, *, in_path: bool, **parameters: Any) -> str:  # noqa: ANN401
    url = transformed(source.storage_url if isinstance(source, Image) else source, in_path=in_path, **parameters)
    return url if sign is None else sign(url)


def _written(attributes: Mapping[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
