"""The client foretells offline how large renditions are; the server's geometry has the last word."""

import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from sdk.tests.stand_in import StandIn

from atpix.imaging import geometry, grammar
from atpix_client.models import Image
from atpix_client.pictures import img, srcset

KNOWN = msgspec.convert(StandIn().add(), Image)
SIDES = st.integers(1, 6000)


@given(
    size=st.tuples(SIDES, SIDES),
    widths=st.sets(st.integers(1, 3000), min_size=1, max_size=5),
    fit=st.sampled_from([None, "cover", "contain", "inside", "fill", "pad"]),
    ar=st.one_of(st.none(), st.sampled_from(["1:1", "4/3", "16:9", "2:3", "21:9", 0.29, 1.91])),
    rot=st.sampled_from([None, 0, 90, 180, 270]),
)
def test_what_is_offered_is_as_wide_as_it_says(size, widths, fit, ar, rot):
    image = msgspec.structs.replace(KNOWN, width=size[0], height=size[1])
    look = {"fit": fit, "ar": ar, "rot": rot}

    offers = [re.fullmatch(r"[^?]*\?(\S*) (\d+)w", offer) for offer in srcset(image, widths=widths, **look).split(", ")]

    made = [geometry.of(size, grammar.parse(grammar.pairs_of(offer[1].encode())).spec).canvas for offer in offers]
    assert [width for width, _ in made] == [int(offer[2]) for offer in offers]


@given(size=st.tuples(SIDES, SIDES), ar=st.sampled_from(["1:1", "16:9"]), rot=st.sampled_from([0, 90]))
def test_an_img_has_the_size_of_the_largest_crop(size, ar, rot):
    image = msgspec.structs.replace(KNOWN, width=size[0], height=size[1])
    largest = geometry.of(size, grammar.parse([("ar", ar), ("rot", str(rot))]).spec).canvas

    html = img(image, alt="", ar=ar, rot=rot)

    told = [int(re.search(rf' {side}="(\d+)"', html)[1]) for side in ("width", "height")]
    assert all(abs(here - there) <= 1 for here, there in zip(told, largest, strict=True))
