"""Which file whom: contract 5. The whole of it as two tables, without a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atpix.delivery.negotiation import Accepts, Facts, accepts, is_negotiable, outputs, takes
from atpix.imaging.spec import Output, Spec

CHROME = b"image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
FIREFOX = b"image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
SAFARI_15 = b"image/webp,image/avif,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
SAFARI_14 = b"image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"
SAFARI_13 = b"image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (CHROME, Accepts.AVIF),
        (FIREFOX, Accepts.AVIF),
        (SAFARI_15, Accepts.AVIF),
        (SAFARI_14, Accepts.WEBP),
        (SAFARI_13, Accepts.PLAIN),
        (b"", Accepts.PLAIN),
        (b"*/*", Accepts.PLAIN),
        (b"image/*", Accepts.PLAIN),
        (b"image/*;q=0.5, */*;q=0.1", Accepts.PLAIN),
        (b"text/html", Accepts.PLAIN),
        (b"image/jpeg", Accepts.PLAIN),
        (b"image/webp", Accepts.WEBP),
        (b"IMAGE/WebP", Accepts.WEBP),
        (b"image/avif", Accepts.AVIF),
        (b" image/avif ; q=0.1 , image/webp;q=0.9", Accepts.AVIF),
        (b"image/avif;q=0,image/webp", Accepts.WEBP),
        (b"image/avif; Q=0.000 ,image/webp;q=1.0", Accepts.WEBP),
        (b"image/avif;q=0,image/webp;q=0", Accepts.PLAIN),
        (b"image/avif;q=0.001", Accepts.AVIF),
        (b"image/avif;v=b3;q=0", Accepts.PLAIN),
        (b"image/avif;q=nonsense", Accepts.AVIF),
        (b"image/avif;q=", Accepts.AVIF),
        (b"image/avif;q=-1", Accepts.AVIF),
        (b"image/avifx,image/webp2", Accepts.PLAIN),
        (b"ximage/avif", Accepts.PLAIN),
        (b"image/avif image/webp", Accepts.PLAIN),
        (b",,;,;;q=0,\xff\x00,image/webp,", Accepts.WEBP),
        (b"image/webp" + b",a/b" * 100_000, Accepts.WEBP),
        (b"a/b," * 100_000 + b"image/avif", Accepts.PLAIN),
    ],
)
def test_every_accept_header_is_of_one_class(header, taken):
    assert accepts(header) is taken


@given(st.binary(max_size=300))
def test_garbage_has_a_class_too(header):
    assert accepts(header) in set(Accepts)


JPEG = Facts("image/jpeg", has_alpha=False)
PNG = Facts("image/png", has_alpha=False)
CLEAR_PNG = Facts("image/png", has_alpha=True)
WEBP = Facts("image/webp", has_alpha=False)
CLEAR_WEBP = Facts("image/webp", has_alpha=True)
AVIF = Facts("image/avif", has_alpha=False)
CLEAR_AVIF = Facts("image/avif", has_alpha=True)
GIF = Facts("image/gif", has_alpha=True)
ON_WHITE = Spec(background="ffffff")
ON_MIST = Spec(background="ffffff80")
STILL = Spec(animate=False)

_MATRIX = [
    # original, asked for,       avif,            webp,    plain
    (JPEG, Spec(width=100), "avif webp", "webp", "jpeg"),
    (JPEG, ON_MIST, "avif webp", "webp", "jpeg"),
    (JPEG, Spec(background="ffffff80", fit="pad"), "avif webp", "webp", "png"),
    (JPEG, Spec(background="ffffff", fit="pad"), "avif webp", "webp", "jpeg"),
    (PNG, Spec(), "avif webp", "webp", "png"),
    (CLEAR_PNG, Spec(), "avif webp", "webp", "png"),
    (CLEAR_PNG, ON_WHITE, "avif webp", "webp", "png"),
    (WEBP, Spec(), "webp", "webp", "jpeg"),
    (WEBP, STILL, "avif webp", "webp", "jpeg"),
    (WEBP, Spec(page=2), "avif webp", "webp", "jpeg"),
    (CLEAR_WEBP, Spec(), "webp", "webp", "png"),
    (CLEAR_WEBP, ON_WHITE, "webp", "webp", "jpeg"),
    (CLEAR_WEBP, Spec(background="ffffffff"), "webp", "webp", "jpeg"),
    (CLEAR_WEBP, ON_MIST, "webp", "webp", "png"),
    (AVIF, Spec(), "avif webp", "webp", "jpeg"),
    (CLEAR_AVIF, Spec(), "avif webp", "webp", "png"),
    (CLEAR_AVIF, ON_WHITE, "avif webp", "webp", "jpeg"),
    (GIF, Spec(), "webp", "webp", "gif"),
    (GIF, STILL, "avif webp", "webp", "gif"),
]


@pytest.mark.parametrize(
    ("original", "spec", "taken", "expected"),
    [
        (original, spec, taken, by_class)
        for original, spec, *row in _MATRIX
        for taken, by_class in zip(Accepts, row, strict=True)
    ],
)
def test_every_class_gets_the_best_it_takes(original, spec, taken, expected):
    assert outputs(taken, original, spec) == tuple(Output(name) for name in expected.split())
    assert is_negotiable(spec)


@pytest.mark.parametrize("output", list(Output))
@pytest.mark.parametrize("taken", list(Accepts))
def test_an_explicit_format_is_not_negotiated(output, taken):
    spec = Spec(output=output)

    assert outputs(taken, CLEAR_PNG, spec) == (output,)
    assert not is_negotiable(spec)


@pytest.mark.parametrize(
    ("media_type", "readers"),
    [
        ("image/jpeg", set(Accepts)),
        ("image/png", set(Accepts)),
        ("image/gif", set(Accepts)),
        ("image/webp", {Accepts.AVIF, Accepts.WEBP}),
        ("image/avif", {Accepts.AVIF}),
    ],
)
def test_an_original_in_its_own_type_is_for_those_who_read_it(media_type, readers):
    assert {taken for taken in Accepts if takes(taken, media_type)} == readers


@given(
    st.sampled_from(Accepts),
    st.sampled_from(["image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"]),
    st.sampled_from([None, "00000000", "ffffff7f"]),
)
def test_what_is_transparent_never_becomes_jpeg(taken, media_type, background):
    spec = Spec(background=background)

    assert Output.JPEG not in outputs(taken, Facts(media_type, has_alpha=True), spec) or media_type == "image/jpeg"


@given(st.sampled_from(["image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"]), st.booleans())
def test_nobody_gets_what_he_did_not_name(media_type, has_alpha):
    facts = Facts(media_type, has_alpha)

    assert Output.AVIF not in outputs(Accepts.WEBP, facts, Spec())
    assert {Output.AVIF, Output.WEBP}.isdisjoint(outputs(Accepts.PLAIN, facts, Spec()))
