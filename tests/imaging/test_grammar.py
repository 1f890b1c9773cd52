"""What a URL may ask of a picture, and how bad questions are taken."""

import pytest

from atpix.imaging.grammar import MAX_PARAMETERS, canonical, expand, given_of, pairs_of, parse, path_options
from atpix.imaging.parameters import TABLE
from atpix.imaging.spec import MAX_SIDE_PX, Output, Spec
from atpix.imaging.values import FocalPoint


def asked(query: str):
    return parse(pairs_of(query.encode()))


def spec(query: str) -> Spec:
    return asked(query).spec


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", Spec()),
        ("w=800&h=450", Spec(width=800, height=450)),
        ("w=800&h=450&fit=inside", Spec(width=800, height=450, fit="inside")),
        ("q=80", Spec(quality=80)),
        ("q=auto", Spec(quality="auto")),
        ("format=avif", Spec(output=Output.AVIF)),
        ("format=jpg", Spec(output=Output.JPEG)),
        ("format=auto", Spec()),
        ("format=blurhash", Spec(output=Output.BLURHASH)),
        ("w=400&h=300&fp=0.3,0.4", Spec(width=400, height=300, focus=FocalPoint(0.3, 0.4))),
        ("w=400&h=300&fp=auto", Spec(width=400, height=300, focus="auto")),
        ("ar=16:9", Spec(aspect=1.777778)),
        ("ar=16/9", Spec(aspect=1.777778)),
        ("ar=1.78", Spec(aspect=1.78)),
        ("bg=%23FFF", Spec(background="ffffff")),
        ("bg=f008", Spec(background="ff000088")),
        ("bg=112233ff", Spec(background="112233")),
        ("bg=11223344", Spec(background="11223344")),
        ("bg=Navy", Spec(background="000080")),
        ("bg=transparent", Spec(background="00000000")),
        ("rot=90", Spec(rotate=90)),
        ("rot=-90", Spec(rotate=270)),
        ("rot=450", Spec(rotate=90)),
        ("flip=h", Spec(flip="h")),
        ("blur=2.5&sharpen=1", Spec(blur=2.5, sharpen=1)),
        ("page=3", Spec(page=3)),
        ("anim=0", Spec(animate=False)),
        ("w=10&up", Spec(width=10, enlarge=True)),
        ("max_bytes=50000", Spec(max_bytes=50000)),
        ("max_bytes=50k", Spec(max_bytes=50000)),
    ],
)
def test_a_parameter_means_what_the_contract_says(query, expected):
    parsed = asked(query)

    assert parsed.spec == expected
    assert parsed.faults == ()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("width=5&height=6", "w=5&h=6"),
        ("quality=7", "q=7"),
        ("f=webp", "format=webp"),
        ("fm=webp", "format=webp"),
        ("output=webp", "format=webp"),
        ("W=5&HEIGHT=6&Fit=PAD", "w=5&h=6&fit=pad"),
        ("%77=5&%68=6", "w=5&h=6"),
        ("w=5&h=6&crop=focalpoint", "w=5&h=6"),
        ("w=5&h=6&crop=focalpoint&fp-x=0.2&fp-y=0.9", "w=5&h=6&fp=0.2,0.9"),
        ("w=5&h=6&crop=smart", "w=5&h=6&fp=auto"),
        ("w=5&h=6&gravity=0.2x0.9", "w=5&h=6&fp=0.2,0.9"),
        ("w=5&h=6&fit=crop", "w=5&h=6"),
        ("w=5&h=6&fit=scale-down", "w=5&h=6&fit=inside"),
        ("background=red&rotate=90", "bg=ff0000&rot=90"),
    ],
)
def test_what_users_of_other_services_write_means_the_same(written, meant):
    assert spec(written) == spec(meant) != Spec()
    assert asked(written).faults == ()


@pytest.mark.parametrize(
    "queries",
    [
        (
            "w=800&h=450",
            "h=450&w=800",
            "fit=cover&w=800.0&h=0450",
            "w=800&ar=16:9",
            "h=450&ar=16/9",
            "w=400&h=225&dpr=2",
        ),
        ("w=800", "w=800&fit=cover", "w=800&fit=pad", "w=800&fp=0.1,0.2", "w=320&dpr=2.5", "w=800&up=0&blur=0&rot=360"),
        ("rot=180", "flip=hv", "flip=both", "rot=540"),
        ("rot=270", "rot=90&flip=hv"),
        ("flip=v", "rot=180&flip=h"),
        ("rot=90&flip=h", "rot=270&flip=v"),
        ("bg=fff", "bg=%23FFFFFF", "bg=ffff", "bg=white"),
        ("format=json&w=9", "format=JSON&w=9&q=3"),
        ("page=2", "page=2&anim=0", "page=2&dpr=3"),
        ("w=9&h=9&fit=pad&up=1", "w=9&h=9&fit=contain&up=1"),
        ("", "dpr=2", "ar=2&fit=inside", "utm_source=mail", "dl=1", "format=auto", "up=1", "fp=0.5,0.5", "w="),
    ],
)
def test_equal_pictures_have_one_canonical_text(queries):
    assert {canonical(spec(query)) for query in queries} == {canonical(spec(queries[0]))}


def test_different_pictures_have_different_canonical_texts():
    queries = ["", "w=8", "h=8", "w=8&h=8", "w=8&h=8&fit=fill", "w=8&h=8&fp=0.5,0.5", "w=8&h=8&fp=auto", "ar=1", "q=8"]
    queries += [
        "rot=90",
        "rot=90&flip=h",
        "rot=90&flip=v",
        "flip=h",
        "flip=v",
        "rot=180",
        "rot=270",
        "page=1",
        "w=8&up=1",
    ]

    assert len({canonical(spec(query)) for query in queries}) == len(queries)


def test_a_canonical_text_is_sorted_and_holds_no_defaults():
    assert (
        canonical(spec("w=800&h=450.2&q=080&fp=.30,0.4000&dpr=1&format=webp"))
        == "format=webp&fp=0.3,0.4&h=450&q=80&w=800"
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("w=99999", Spec(width=MAX_SIDE_PX)),
        (f"w={'9' * 500}", Spec(width=MAX_SIDE_PX)),
        ("w=100.7", Spec(width=101)),
        ("w=0", Spec()),
        ("w=-5", Spec()),
        ("w=0.2", Spec()),
        ("w=NaN", Spec()),
        ("w=inf", Spec()),
        ("w=1e3", Spec()),
        ("w=0x10", Spec()),
        ("w=%D9%A3%D9%A3", Spec()),
        ("w=%EF%BC%98", Spec()),
        ("w=auto", Spec()),
        ("w=", Spec()),
        ("w=%ff%fe", Spec()),
        ("q=0", Spec(quality=1)),
        ("q=1000", Spec(quality=100)),
        ("w=100&dpr=99", Spec(width=500)),
        ("blur=-1", Spec()),
        ("blur=1000", Spec(blur=100)),
        ("rot=45", Spec()),
        ("ar=0", Spec()),
        ("ar=0:9", Spec()),
        ("ar=-1", Spec()),
        (f"ar={'9' * 400}:{'9' * 400}", Spec()),
        ("ar=1000", Spec(aspect=100)),
        ("bg=url(x)", Spec()),
        ("bg=12345", Spec()),
        ("max_bytes=1", Spec(max_bytes=1000)),
        ("page=0", Spec(page=1)),
        ("w=5&h=5&fp=-3,7", Spec(width=5, height=5, focus=FocalPoint(0, 1))),
        ("w=5&h=5&fp=0.5", Spec(width=5, height=5)),
        ("w=5&h=5&fp=0.5,nan", Spec(width=5, height=5)),
        ("w=5&h=5&fp=0,0,0,0,0", Spec(width=5, height=5)),
        ("w=5&h=5&fp-x=0.1", Spec(width=5, height=5, focus=FocalPoint(0.1, 0.5))),
        ("fit=sideways", Spec()),
        ("format=exe", Spec()),
        ("flip=x", Spec()),
        ("up=maybe", Spec()),
        ("nobody=1", Spec()),
        ("=1", Spec()),
        ("w=1&w=2", Spec(width=2)),
        ("w=1&WIDTH=2", Spec(width=2)),
        ("w=8&h=8&ar=2", Spec(width=8, height=8)),
    ],
)
def test_what_is_out_of_bounds_or_unreadable_is_clamped_or_ignored_and_told(query, expected):
    parsed = asked(query)

    assert parsed.spec == expected
    assert len(parsed.faults) == 1
    assert all(len(fault.message) < 200 for fault in parsed.faults)


@pytest.mark.parametrize(
    ("query", "treatment"),
    [("exp=x", "It counts as long past."), ("q=900", "It was adjusted."), ("w=-5", "It was ignored."), ("utm=1", "")],
)
def test_what_becomes_of_a_mistake_is_told_apart_from_what_to_write(query, treatment):
    [fault] = asked(query).faults

    assert fault.treatment == treatment
    assert fault.explained == f"{fault.message} {treatment}".strip()
    assert " was " not in fault.message


def test_a_box_beyond_the_longest_side_shrinks_in_its_ratio():
    assert spec("w=16000&h=8000&dpr=5") == Spec(width=MAX_SIDE_PX, height=MAX_SIDE_PX // 2)


def test_a_hundred_parameters_are_read_up_to_a_bound():
    parsed = asked("&".join(f"x{i}=1" for i in range(100)) + "&w=5")

    assert parsed.spec == Spec()
    assert len(parsed.given) == MAX_PARAMETERS
    assert len(parsed.faults) == MAX_PARAMETERS + 1
    assert parsed.faults[0].message == "At most 64 parameters are read."


def test_a_query_beyond_its_bound_loses_whole_parameters_only():
    assert pairs_of(b"w=5&" + b"x=" + b"9" * 9000) == [("w", "5")]
    assert pairs_of(b"w=" + b"9" * 9000) == []
    assert pairs_of(b"w=5&h=" + b"6" * 8186 + b"&q=1") == [("w", "5"), ("h", "6" * 8186)]


def test_a_query_is_decoded_without_trust():
    assert pairs_of(b"%66p=0.3%2C0.4&dl=a+b%20c&&up&=&x=%zz%f") == [
        ("fp", "0.3,0.4"),
        ("dl", "a b c"),
        ("up", ""),
        ("", ""),
        ("x", "%zz%f"),
    ]
    assert pairs_of(b"a=\xff%ff%C3%A9") == [("a", "��é")]


def test_a_segment_of_the_path_says_what_a_query_would():
    assert path_options("w=800,fp=0.3,0.4,h=450") == [("w", "800"), ("fp", "0.3,0.4"), ("h", "450")]
    assert parse(path_options("w=800,h=450,fp=0.3,0.4,crop=smart")) == parse(
        pairs_of(b"crop=smart&fp=0.3,0.4&h=450&w=800")
    )
    assert len(path_options("a=1," * 1000)) == MAX_PARAMETERS + 1
    assert path_options("x,w=1,=") == [("x", ""), ("w", "1"), ("", "")]


def test_the_handling_changes_no_picture():
    parsed = asked("preset=card&dl=a/b%0A.jpg&fp_debug=1&exp=1800000000&kid=k1&sig=abc")

    assert parsed.spec == Spec()
    handling = parsed.handling
    assert (handling.preset, handling.download, handling.debug) == ("card", "b.jpg", True)
    assert (handling.expires, handling.key_id, handling.signature) == (1_800_000_000, "k1", "abc")


@pytest.mark.parametrize(
    ("query", "download"),
    [
        ("", None),
        ("dl", True),
        ("dl=1", True),
        ("dl=0", False),
        ("dl=x.png", "x.png"),
        ("dl=..%2F..", True),
        ("dl=%00", True),
    ],
)
def test_a_download_has_the_images_name_or_one_without_folders(query, download):
    assert asked(query).handling.download == download


@pytest.mark.parametrize("value", ["", "x", "-1", "1.5", "inf", "nan", " 1", "%D9%A3", "9" * 30, "1_000"])
def test_an_expiry_that_cannot_be_read_has_passed(value):
    parsed = asked(f"exp={value}")

    assert parsed.handling.expires == 0
    assert [fault.parameter for fault in parsed.faults] == ["exp"]
    assert asked("w=1").handling.expires is None


def test_a_signature_covers_all_that_is_given_whatever_its_order_and_names():
    given = (("exp", "17"), ("fp", "0.30,0.4"), ("h", "450"), ("kid", "k"), ("v", "A&b"), ("w", "0800"))

    for query in (
        "w=0800&h=450&fp=0.30,0.4&v=A%26b&exp=17&kid=k&sig=s",
        "SIGNATURE=s&kid=k&expires=17&V=A%26b&gravity=0.30%2C0.4&height=450&Width=1&width=0800",
    ):
        assert asked(query).given == given == given_of(pairs_of(query.encode()))


def test_one_parameter_cannot_pass_for_two():
    assert asked("a=1%26blur%3D5%26w=5").given != asked("a=1&blur=5&w=5").given


@pytest.mark.parametrize(
    "query", ["w=5", "format=auto", "preset=x", "dpr=2", "anim=0", "crop=focalpoint", "fp=auto", "up=0"]
)
def test_asking_anything_of_the_picture_is_not_asking_for_the_original(query):
    assert asked(query).transforms


@pytest.mark.parametrize("query", ["", "utm=1", "dl=1", "fp_debug=1", "exp=5&kid=1&sig=3", "w=", "w=-1", "format=exe"])
def test_what_says_nothing_of_the_picture_asks_for_the_original(query):
    assert not asked(query).transforms


def test_a_presets_values_are_defaults_for_the_urls_own():
    preset = pairs_of(b"w=100&h=100&fp=auto&quality=50&preset=other&dl=1&exp=1&SIG=x")
    own = asked("width=400&fp-x=0.1&fp-y=0.2&preset=card").given

    merged = parse(expand(preset, own))

    assert merged.spec == Spec(width=400, height=100, quality=50, focus=FocalPoint(0.1, 0.2))
    assert merged.handling.preset == "card"
    assert (merged.handling.download, merged.handling.expires, merged.handling.signature) == (None, None, None)
    assert merged.faults == ()


def test_the_table_names_each_parameter_once_and_every_field():
    names = [name for row in TABLE for name in (row.name, *row.synonyms)]

    assert len(names) == len(set(names))
    assert set(Spec.__struct_fields__) <= {row.field for row in TABLE}
