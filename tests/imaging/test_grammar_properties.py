"""Of every query: it is answered, in bounds, and its canonical text says the same."""

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from atpix.imaging.grammar import MAX_PARAMETERS, canonical, expand, given_of, normal, pairs_of, parse, path_options
from atpix.imaging.parameters import BY_NAME
from atpix.imaging.spec import MAX_SIDE_PX, Output, Spec
from atpix.imaging.values import FocalPoint

numbers = st.one_of(
    st.integers(-100, 20_000).map(str),
    st.floats(-10, 400).map(lambda value: f"{value:.3f}"),
    st.sampled_from(["0", "-0", ".5", "5.", "+3", "nan", "inf", "1e9", "٣", "9" * 400, "auto", "100k", "16:9", "3/0"]),
)
words = st.one_of(
    numbers,
    st.tuples(numbers, numbers).map(",".join),
    st.sampled_from(
        [*Output, "cover", "fill", "pad", "contain", "inside", "h", "v", "hv", "red", "#fff", "0f08", "smart"]
    ),
    st.text(max_size=20),
)
names = st.one_of(st.sampled_from(sorted(BY_NAME)), st.text(max_size=8))
pairs = st.lists(st.tuples(names, words), max_size=12)


@given(pairs)
def test_a_canonical_text_reads_as_the_same_spec(given_pairs):
    spec = parse(given_pairs).spec
    text = canonical(spec)
    again = parse(pairs_of(text.encode()))

    assert again.spec == spec == normal(spec)
    assert again.faults == ()
    assert canonical(again.spec) == text
    assert set(text) <= set(string.ascii_lowercase + string.digits + "=&.,_-")


@given(pairs)
def test_a_canonical_text_may_stand_in_the_path(given_pairs):
    spec = parse(given_pairs).spec

    assert parse(path_options(canonical(spec).replace("&", ","))).spec == spec


@given(pairs)
def test_every_value_is_in_bounds(given_pairs):
    spec = parse(given_pairs).spec

    assert all(side is None or 1 <= side <= MAX_SIDE_PX for side in (spec.width, spec.height))
    assert spec.dpr == 1
    assert spec.aspect is None or 0.01 <= spec.aspect <= 100
    assert spec.quality in (None, "auto") or 1 <= spec.quality <= 100
    assert 0 <= spec.blur <= 100
    assert 0 <= spec.sharpen <= 10
    assert spec.rotate in (0, 90, 180, 270)
    assert isinstance(spec.focus, FocalPoint) or spec.focus in (None, "auto")


@given(pairs, st.randoms())
def test_order_and_case_of_different_names_change_nothing(given_pairs, random):
    once = list({name.lower(): (name, value) for name, value in given_pairs}.values())
    distinct = list(given_of(once))
    shuffled = [(name.upper() if name.isascii() else name, value) for name, value in distinct]
    random.shuffle(shuffled)

    first, second = parse(distinct), parse(shuffled)
    assert (first.spec, first.handling, first.given) == (second.spec, second.handling, second.given)


@given(pairs)
def test_what_is_given_is_sorted_without_a_signature_and_stays_when_read_again(given_pairs):
    covered = parse(given_pairs).given

    assert covered == given_of(given_pairs) == given_of(covered)
    assert list(covered) == sorted(covered)
    assert "sig" not in dict(covered)


@given(pairs, pairs)
def test_the_urls_own_parameters_win_over_a_presets(preset, own):
    merged = dict(given_of(expand(preset, own)))

    assert merged.items() >= dict(given_of(own)).items()


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_no_bytes_of_a_query_are_too_strange(query):
    parsed = parse(pairs_of(query))

    assert len(parsed.given) <= MAX_PARAMETERS
    assert all((name + value).encode().decode() == name + value for name, value in parsed.given)


@given(
    st.builds(
        Spec,
        width=st.none() | st.integers(1, MAX_SIDE_PX),
        height=st.none() | st.integers(1, MAX_SIDE_PX),
        fit=st.sampled_from([None, "cover", "contain", "inside", "fill", "pad"]),
        aspect=st.none() | st.sampled_from([0.5, 1.0, 1.777778]),
        dpr=st.sampled_from([1, 1.5, 2, 5]),
        rotate=st.sampled_from([0, 90, 180, 270]),
        flip=st.sampled_from([None, "h", "v", "hv"]),
        page=st.none() | st.integers(1, 9),
        animate=st.booleans(),
        enlarge=st.booleans(),
    )
)
def test_a_spec_made_by_hand_has_the_canonical_text_of_its_normal_form(spec):
    assert normal(normal(spec)) == normal(spec)
    assert parse(pairs_of(canonical(spec).encode())).spec == normal(spec)
