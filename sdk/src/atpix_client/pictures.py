"""HTML for pages: one image in as many widths and formats as screens ask for. Everything is made offline."""

import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any, Unpack

from atpix_client import shapes
from atpix_client.models import Image
from atpix_client.urls import Look, transformed

Source = Image | str
"""A known image, or an address that `urls.image_url` made."""
Signer = Callable[[str], str]

WIDTHS = (320, 480, 640, 960, 1280, 1600, 1920, 2560)
_SEE_THROUGH = re.compile("transparent|#?([0-9a-f]{3}[0-9a-e]|[0-9a-f]{6}(?!ff)[0-9a-f]{2})")


def srcset(
    source: Source,
    *,
    widths: Iterable[int] = WIDTHS,
    format: str = "auto",  # noqa: A002  the parameter's name
    in_path: bool = False,
    sign: Signer | None = None,
    **look: Unpack[Look],
) -> str:
    """For an `<img>` or `<source>`. Of a known image no width is offered beyond the largest that this look of it has:
    nothing is enlarged, and a crop is smaller than the whole.
    """
    _check(look)
    return ", ".join(
        f"{_url(source, sign, in_path=in_path, w=width, format=format, **look)} {_seen(source, look, width)}w"
        for width in _offered(source, widths, look)
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
    _check(look)
    offered = _offered(source, widths, look)
    sets = srcset(source, widths=offered, in_path=in_path, sign=sign, **look)
    src = _url(source, sign, in_path=in_path, w=_middle(offered), format="auto", **look)
    return _img(source, {"src": src, "srcset": sets, "sizes": sizes, "alt": alt}, look, placeholder, attributes)


def picture(  # noqa: PLR0913
    source: Source,
    *,
    alt: str,
    sizes: str = "100vw",
    widths: Iterable[int] = WIDTHS,
    formats: Iterable[str] | None = None,
    fallback: str | None = None,
    placeholder: bool = True,
    in_path: bool = False,
    sign: Signer | None = None,
    attributes: Mapping[str, str] | None = None,
    **look: Unpack[Look],
) -> str:
    """A `<picture>` whose browser chooses the format, for caches that cannot tell browsers apart. `fallback` is for
    those that know none of `formats`.

    By default AVIF, WebP and JPEG, unless the image is known: one that is transparent falls back to PNG, a GIF to GIF;
    and what may move, GIF or WebP, is offered as no AVIF, which stands still, unless `page` or `anim=False` asks for a
    still.
    """
    _check(look)
    offered = _offered(source, widths, look)
    formats = _formats(source, look) if formats is None else formats
    fallback = fallback or _fallback(source, look)

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
    width, height = shapes.largest(image, look)
    found = {"width": str(width), "height": str(height)}
    if placeholder and not image.has_alpha:
        if image.dominant_color:
            found["style"] = f"background-color:{image.dominant_color}"
        if image.thumbhash:
            found["data-thumbhash"] = image.thumbhash
    return found


def _check(look: Mapping[str, Any]) -> None:
    """Raises TypeError."""
    if unknown := look.keys() - Look.__annotations__.keys():
        raise TypeError(f"Not for a picture in many sizes: {', '.join(sorted(unknown))}")


def _formats(source: Source, look: Mapping[str, Any]) -> tuple[str, ...]:
    """As the server decides: how many frames a WebP has, it does not tell."""
    asks_for_still = look.get("page") is not None or look.get("anim") is False
    may_move = isinstance(source, Image) and source.mime_type in {"image/gif", "image/webp"}
    return ("webp",) if may_move and not asks_for_still else ("avif", "webp")


def _fallback(source: Source, look: Mapping[str, Any]) -> str:
    """Never a JPEG of what can be seen through, in the image or around it; a `bg` that covers makes it opaque."""
    if not isinstance(source, Image):
        return "jpeg"
    if source.mime_type == "image/gif":
        return "gif"
    background = look.get("bg")
    if background is None:
        return "png" if source.has_alpha else "jpeg"
    shows_background = source.has_alpha or look.get("fit") in {"pad", "contain"}
    return "png" if shows_background and _SEE_THROUGH.fullmatch(background.strip().lower()) else "jpeg"


def _offered(source: Source, widths: Iterable[int], look: Mapping[str, Any]) -> list[int]:
    wanted = sorted(set(widths))
    if not wanted:
        raise ValueError("widths: at least one is needed")
    limit = shapes.limit(source, look) if isinstance(source, Image) else None
    if limit is None or wanted[-1] <= limit:
        return wanted
    return [*(width for width in wanted if width < limit), limit]


def _seen(source: Source, look: Mapping[str, Any], width: int) -> int:
    """How wide it comes out; only `fit=inside` makes it another number."""
    return shapes.answered(source, look, width)[0] if isinstance(source, Image) else width


def _middle(widths: list[int]) -> int:
    """For browsers and robots that know no srcset."""
    return widths[len(widths) // 2]


def _url(source: Source, sign: Signer | None, *, in_path: bool, **parameters: Any) -> str:  # noqa: ANN401
    url = transformed(source.storage_url if isinstance(source, Image) else source, in_path=in_path, **parameters)
    return url if sign is None else sign(url)


def _written(attributes: Mapping[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
