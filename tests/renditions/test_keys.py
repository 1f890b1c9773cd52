"""What is asked for, and nothing else, decides a rendition's name."""

import pytest
from tests.renditions.shelves import PROJECT, key_of

from atpix.blobs.adapter import _checked
from atpix.ids import image_of, rendition_folder, renditions_of
from atpix.imaging.spec import Output
from atpix.imaging.values import FocalPoint
from atpix.renditions import keys, rendition_key


def test_the_same_question_has_the_same_key_for_ever(image):
    image = "0190e6a0-0000-7000-8000-0000000000ab"
    project = "0190e6a0-0000-7000-8000-000000000001"

    key = rendition_key(project, image, "w=4", Output.WEBP, follows_focus=False, focus=None)

    assert key.blob_key == f"renditions/{project}/ab/{image}/p/{key.digest}.webp"
    assert key.etag == f'"r-{key.digest}"'
    assert key == rendition_key(project, image, "w=4", Output.WEBP, follows_focus=False, focus=FocalPoint(0, 1))


def test_whatever_decides_the_bytes_decides_the_key(image, monkeypatch: pytest.MonkeyPatch):
    point = FocalPoint(0.25, 0.5)
    digests = {
        key_of(image=image).digest,
        key_of().digest,
        key_of("w=5", image=image).digest,
        key_of(image=image, output=Output.AVIF).digest,
        key_of(image=image, follows_focus=True, focus=point).digest,
        key_of(image=image, follows_focus=True, focus=FocalPoint(0.25, 0.5001)).digest,
        rendition_key(PROJECT, image, "w=4", Output.WEBP, follows_focus=False, focus=None, also=("icc",)).digest,
    }
    monkeypatch.setattr(keys, "ENGINE", "another")
    digests.add(key_of(image=image).digest)

    assert len(digests) == 8


def test_a_missing_focal_point_that_matters_is_a_key_that_goes_when_one_is_set(image):
    assert key_of(image=image, follows_focus=True).blob_key.startswith(
        rendition_folder(PROJECT, image, focal_only=True) + "/"
    )


@pytest.mark.parametrize("output", Output)
def test_a_stored_name_tells_its_key(output: Output):
    key = key_of(output=output, follows_focus=True)

    assert keys.read(key.blob_key) == (key, None, None, None)
    assert keys.read(_checked(key.file_key(0xABC, 4, 3))) == (key, 0xABC, 4, 3)


ID = "0190e6a0-0000-7000-8000-0000000000ab"


@pytest.mark.parametrize(
    "name", ["", "renditions", f"{ID}/ab/{ID}", "renditions/../x", f"renditions/{ID}/zz/{ID}/p/x.webp"]
)
def test_other_names_are_none_of_ours(name: str):
    assert keys.read(name) is None


def test_no_rendition_is_taken_for_an_original_and_no_original_for_a_rendition(image):
    key = key_of(image=image)

    assert image_of(key.blob_key) is None
    assert image_of(rendition_folder(PROJECT, image)) is None


def test_a_folder_tells_whose_it_is(image):
    assert renditions_of(rendition_folder(PROJECT, image)) == (PROJECT, image, False)
    assert renditions_of(rendition_folder(PROJECT, image, focal_only=True)) == (PROJECT, image, True)
    with pytest.raises(ValueError, match="Not a folder"):
        renditions_of(f"{PROJECT}/ab/{image}")
