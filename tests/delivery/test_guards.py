"""What a project lets strangers ask for, without a server."""

import msgspec
import pytest

from atpix.caller import ProjectSettings, UrlKey
from atpix.delivery import guards
from atpix.delivery.guards import Snapped
from atpix.delivery.negotiation import Accepts
from atpix.delivery.wishes import Wish
from atpix.errors import Forbidden, ValidationFailed
from atpix.imaging import grammar
from atpix.imaging.spec import Output
from atpix_client import signing

PATH = "/acme/shop/img/@hero"
NOW_S = 1_800_000_000
PRESETS = {"card": "w=400&h=300&fit=cover", "round": "w=100&h=100&fm=webp&q=60"}


def admit(query="", **chosen):
    parsed = grammar.parse(grammar.pairs_of(query.encode()))
    transforms = any(name not in {"kid", "exp", "dl", "utm", "fp_debug"} for name, _ in parsed.given)
    return guards.admit(ProjectSettings(**chosen), parsed, PATH, NOW_S, has_transformation=transforms)


def sides(admitted):
    return admitted.spec.width, admitted.spec.height


def test_by_default_everything_is_admitted_as_it_was_asked_for():
    admitted = admit("w=801&h=99&utm=x&q=900")

    assert sides(admitted) == (801, 99)
    assert admitted.spec.quality == 100
    assert (admitted.may_send_original, admitted.snapped, admitted.good_until_s) == (True, None, None)


def test_strict_delivery_names_every_fault():
    with pytest.raises(ValidationFailed) as refused:
        admit("w=0&q=900&utm=x&h=5", strict_delivery=True)

    assert {fault.path for fault in refused.value.faults} == {"w", "q", "utm"}
    assert admit("w=5&format=webp&dl", strict_delivery=True).spec.output is Output.WEBP


def test_a_preset_stands_for_its_parameters_and_those_of_the_address_win():
    assert sides(admit("preset=card", presets=PRESETS)) == (400, 300)

    own = admit("p=round&width=50&quality=70&dl=x.webp", presets=PRESETS)

    assert (*sides(own), own.spec.quality, own.spec.output) == (50, 100, 70, Output.WEBP)
    assert own.handling.download == "x.webp"


@pytest.mark.parametrize("strict", [False, True])
def test_a_preset_that_is_not_there_is_an_error_also_where_faults_are_let_pass(strict):
    with pytest.raises(ValidationFailed) as refused:
        admit("preset=nothing&w=100", presets=PRESETS, strict_delivery=strict)

    assert refused.value.faults[0].path == "preset"


@pytest.mark.parametrize("query", ["w=5", "preset=card&w=5", "preset=card&FM=png", "blur=abc", "up"])
def test_presets_only_refuses_parameters_beside_them(query):
    with pytest.raises(Forbidden, match="presets only"):
        admit(query, presets=PRESETS, presets_only=True)


@pytest.mark.parametrize("query", ["", "preset=card", "preset=card&dl=1&utm=x&fp_debug=1", "p=round&exp=5&kid=k"])
def test_presets_only_lets_presets_originals_and_what_changes_no_pixel_pass(query):
    admit(query, presets=PRESETS, presets_only=True)


@pytest.mark.parametrize(
    ("query", "expected", "snapped"),
    [
        ("w=1", (320, None), Snapped(1, 320)),
        ("w=320", (320, None), None),
        ("w=321&h=100", (640, 199), Snapped(321, 640)),
        ("w=400&dpr=2", (1280, None), Snapped(800, 1280)),
        ("w=9999&h=9999", (1280, 1280), Snapped(9999, 1280)),
        ("h=500", (None, 500), None),
        ("w=1&h=16384", (320, 16384), Snapped(1, 320)),
        ("w=1280&h=1", (1280, 1), None),
        ("w=2560&h=1", (1280, 1), Snapped(2560, 1280)),
        ("q=5", (None, None), None),
    ],
)
def test_widths_go_up_to_the_next_rung_and_heights_follow(query, expected, snapped):
    admitted = admit(query, width_ladder=(320, 640, 1280))

    assert (sides(admitted), admitted.snapped) == (expected, snapped)


def test_a_preset_needs_no_rung_until_the_address_asks_for_another_size():
    ladder = {"presets": PRESETS, "width_ladder": (320, 640)}

    assert sides(admit("preset=card&q=5", **ladder)) == (400, 300)
    assert sides(admit("preset=card&dpr=1.5", **ladder)) == (640, 480)
    assert sides(admit("preset=card&w=10", **ladder))[0] == 320


def test_a_ladder_leaves_so_many_widths_and_no_more():
    widths = {admit(f"w={width}", width_ladder=(320, 640, 1280)).spec.width for width in range(1, 3000, 7)}

    assert widths == {320, 640, 1280}


@pytest.mark.parametrize("query", ["", "dl=x.jpg", "utm=1", "exp=5"])
def test_a_hidden_original_is_refused(query):
    with pytest.raises(Forbidden, match="no originals"):
        admit(query, hide_originals=True)


@pytest.mark.parametrize("query", ["w=16384", "q=100", "format=jpeg", "preset=card", "fit=inside"])
def test_of_a_hidden_original_a_rendition_is_made_however_like_it(query):
    assert not admit(query, hide_originals=True, presets=PRESETS).may_send_original


SIGNED = {"signed_urls": True, "url_keys": {"k": UrlKey("secret-of-k"), "old": UrlKey("secret-of-old")}}


def signed(query, kid="k", path=PATH, **options):
    url = signing.sign(f"https://img.example/cdn{path}{query and '?'}{query}", f"secret-of-{kid}", kid, **options)
    return url.partition("?")[2]


@pytest.mark.parametrize("kid", ["k", "old"])
@pytest.mark.parametrize("query", ["", "w=800&h=450", "preset=card&dl=x"])
def test_whoever_has_a_key_may_ask_for_originals_and_renditions(query, kid):
    admit(signed(query, kid), presets=PRESETS, **SIGNED)


def test_the_order_of_parameters_and_their_spelling_do_not_matter():
    pairs = signed("w=800&h=450").split("&")

    assert sides(admit("&".join(reversed(pairs)).replace("w=", "Width="), **SIGNED)) == (800, 450)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "w=800",
        signed("w=801").replace("801", "800"),
        signed("w=800", path="/acme/shop/img/@other"),
        signed("w=800", path="/acme/other/img/@hero"),
        signed("w=800", expires=NOW_S),
        signed("w=800", expires=NOW_S + 5) + "&exp=9999999999",
        signed("w=800", expires=NOW_S + 5).replace(f"exp={NOW_S + 5}", "exp=later"),
        signed("w=800").replace("kid=k", "kid=old"),
        signed("w=800").replace("kid=k", "kid=gone"),
        signed("w=800") + "&sig=x",
        signed("w=800") + "&h=1",
        "sig=&kid=k",
        "sig=x",
    ],
)
def test_without_a_right_signature_all_get_the_same_answer(query):
    with pytest.raises(Forbidden) as refused:
        admit(query, **SIGNED, strict_delivery=True)

    assert "signed URL" in refused.value.message
    assert refused.value.faults == ()


def test_a_signature_of_a_key_that_is_gone_is_refused():
    query = signed("w=8", "old")
    admit(query, **SIGNED)

    with pytest.raises(Forbidden):
        admit(query, signed_urls=True, url_keys={"k": UrlKey("secret-of-k")})


def test_an_answer_is_good_for_as_long_as_its_signature():
    assert admit(signed("w=8", expires=NOW_S + 5), **SIGNED).good_until_s == NOW_S + 5
    assert admit(signed("w=8"), **SIGNED).good_until_s is None
    assert admit(f"w=8&exp={NOW_S - 5}&sig=x").good_until_s is None


def test_an_unreadable_expiry_is_a_past_one():
    url = signing.sign(f"https://x{PATH}?w=1", "secret-of-k", "k")
    pairs = [("exp", "soon"), ("kid", "k"), ("w", "1")]
    query = f"w=1&exp=soon&kid=k&sig={signing.signature('secret-of-k', PATH, pairs)}"

    admit(url.partition("?")[2], **SIGNED)
    with pytest.raises(Forbidden):
        admit(query, **SIGNED)


def test_a_signature_does_not_open_what_the_other_settings_close():
    with pytest.raises(Forbidden, match="presets only"):
        admit(signed("w=800"), **SIGNED, presets_only=True)
    with pytest.raises(Forbidden, match="no originals"):
        admit(signed(""), **SIGNED, hide_originals=True)


def test_snapping_leaves_everything_but_the_sides_alone():
    spec = grammar.parse(grammar.pairs_of(b"w=10&h=10&blur=3&fp=0.1,0.2&q=5&format=png")).spec

    snapped, _ = guards.snap(spec, (100,))

    assert snapped == msgspec.structs.replace(spec, width=100, height=100)


@pytest.mark.parametrize(
    "more",
    [
        lambda query: query + "&x=" + "y" * 9000,
        lambda query: query + "&x=1" * 64,
        lambda query: query.replace("sig=", "sig=bad&signature="),
        lambda query: query.replace("kid=", "kid=old&kid="),
        lambda query: f"exp={NOW_S + 9}&{query}",
    ],
)
def test_what_a_signature_does_not_cover_or_not_once_is_refused(more):
    query = more(signed("w=8", expires=NOW_S + 5))

    with pytest.raises(Forbidden, match="signed URL"):
        wished(query, **SIGNED)
    wished(query)


def test_a_repeated_parameter_that_is_signed_is_let_pass():
    wished(signed("w=8&w=9&=&="), **SIGNED)


def wished(query, **chosen):
    """As `admit`, from the address on."""
    wish = Wish.read(f"/cdn{PATH}", query.encode(), Accepts.PLAIN)
    transforms = wish.has_transformation
    return guards.admit(
        ProjectSettings(**chosen), wish.parsed, wish.address.resource, NOW_S, has_transformation=transforms
    )


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("exp=x", "exp must be a time in Unix seconds; it is 'x'."),
        ("q=900", "q must be a whole number from 1 to 100, or auto; it is '900'."),
        ("w=10.5", "w must be a whole number from 1 to 16384; it is '10.5'."),
        ("w=0", "w must be a whole number from 1 to 16384, or left out where the other side decides; it is '0'."),
        ("blur=x", "blur must be a number from 0 to 100; it is 'x'."),
    ],
)
def test_strict_delivery_says_what_must_be_and_not_what_would_have_become_of_it(query, message):
    with pytest.raises(ValidationFailed) as refused:
        wished(query, strict_delivery=True)

    assert refused.value.message == message


def test_more_than_is_read_is_refused_in_strict_delivery():
    with pytest.raises(ValidationFailed, match="bytes"):
        wished("q=5&" * 2100, strict_delivery=True)
