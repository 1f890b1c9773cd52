"""Animated WebP and GIF stay animated, frame by frame; what cannot move shows one frame."""

import io

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageSequence

from atpix.imaging.errors import ImageTooLarge
from atpix.imaging.sniff import MediaType
from atpix.imaging.spec import Output
from atpix.imaging.values import FocalPoint, Limits

MOVING = {MediaType.GIF: "GIF", MediaType.WEBP: "WEBP"}
COLORS = [(230, 20, 20), (20, 200, 20), (20, 20, 230), (240, 240, 240)]
DURATIONS = [100, 200, 50, 400]


def film(media_type, size=(80, 60), count=4):
    """Each frame has its colour on the left and black on the right."""
    frames = [Image.new("RGB", size, COLORS[at % 4]) for at in range(count)]
    for frame in frames:
        frame.paste((0, 0, 0), (size[0] // 2, 0, *size))
    durations = [DURATIONS[at % 4] for at in range(count)]
    out = io.BytesIO()
    options = {"lossless": True} if media_type is MediaType.WEBP else {}
    frames[0].save(
        out, MOVING[media_type], save_all=True, append_images=frames[1:], duration=durations, loop=3, **options
    )
    return out.getvalue()


def near(found, expected, tolerance=24):
    return np.abs(np.asarray(found, int) - np.asarray(expected, int)).max() <= tolerance


@pytest.mark.parametrize("output", [Output.GIF, Output.WEBP])
@pytest.mark.parametrize("media_type", MOVING)
@pytest.mark.parametrize("change", [{}, {"rotate": 90}, {"flip": "h"}, {"blur": 0.6}, {"sharpen": 1}])
def test_every_frame_is_scaled_and_cropped_and_keeps_its_time(draw, media_type, output, change):
    body = film(media_type)

    drawn = draw(body, media_type, output, width=20, height=20, focus=FocalPoint(0.1, 0.5), **change)

    frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(drawn.image)]
    assert [frame.size for frame in frames] == [(20, 20)] * 4
    for frame, color in zip(frames, COLORS, strict=True):
        assert near(frame.getpixel((10, 10)), color)
    assert (drawn.rendered.width, drawn.rendered.height) == (20, 20)
    moving = pyvips.Image.new_from_buffer(drawn.body, "", n=-1)
    assert moving.get("delay") == DURATIONS
    assert moving.get("loop") == pyvips.Image.new_from_buffer(body, "", n=-1).get("loop")


@pytest.mark.parametrize("media_type", MOVING)
def test_frames_are_padded_one_by_one(draw, media_type):
    drawn = draw(film(media_type), media_type, Output.WEBP, width=40, height=80, fit="pad", background="ffff00")

    frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(drawn.image)]
    assert len(frames) == 4
    assert all(near(frame.getpixel((20, y)), (255, 255, 0)) for frame in frames for y in (2, 77))
    assert all(near(f.getpixel((5, 40)), color) for f, color in zip(frames, COLORS, strict=True))


@pytest.mark.parametrize("output", [Output.JPEG, Output.PNG, Output.AVIF])
@pytest.mark.parametrize("media_type", MOVING)
def test_formats_that_cannot_move_show_the_first_frame(draw, media_type, output):
    drawn = draw(film(media_type), media_type, output, width=40)

    assert drawn.image.size == (40, 30)
    assert near(drawn.pixel(0.2, 0.5)[:3], COLORS[0])


@pytest.mark.parametrize("media_type", MOVING)
@pytest.mark.parametrize(("change", "frame"), [({"animate": False}, 0), ({"page": 3}, 2), ({"page": 99}, 3)])
def test_one_frame_can_be_asked_for(draw, media_type, change, frame):
    drawn = draw(film(media_type), media_type, Output.WEBP, **change)

    assert getattr(drawn.image, "n_frames", 1) == 1
    assert near(drawn.pixel(0.2, 0.5)[:3], COLORS[frame])


def test_see_through_animations_stay_so(draw):
    frames = [Image.new("RGBA", (40, 40), (0, 0, 0, 0)) for _ in range(3)]
    for at, frame in enumerate(frames):
        frame.paste((230, 20, 20, 255), (at * 10, 0, at * 10 + 10, 40))
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True)

    drawn = draw(out.getvalue(), MediaType.WEBP, Output.GIF, width=20)

    moving = [frame.convert("RGBA") for frame in ImageSequence.Iterator(drawn.image)]
    assert [frame.getpixel((2 + 5 * at, 10))[3] for at, frame in enumerate(moving)] == [255] * 3
    assert [frame.getpixel((18, 10))[3] for frame in moving] == [0] * 3


@pytest.mark.parametrize("media_type", MOVING)
def test_too_many_frames_are_refused_and_their_pixels_are_counted_together(draw, media_type):
    body = film(media_type, size=(16, 12), count=40)

    with pytest.raises(ImageTooLarge, match="40 frames"):
        draw(body, media_type, order={"limits": Limits(max_frames=39)})
    with pytest.raises(ImageTooLarge):
        draw(body, media_type, order={"limits": Limits(max_pixels=16 * 12 * 40 - 1)})


def test_the_pixels_of_all_frames_together_are_bounded_in_the_result(draw):
    drawn = draw(film(MediaType.GIF), MediaType.GIF, Output.WEBP, order={"max_output_pixels": 4_000})

    assert 0 < drawn.image.width * drawn.image.height * 4 <= 4_000


@pytest.mark.parametrize(
    ("output", "change"),
    [
        (Output.WEBP, {"width": 1000}),
        (Output.GIF, {"width": 800}),
        (Output.WEBP, {"width": 400, "max_bytes": 1000}),
        (Output.WEBP, {"width": 500, "blur": 100.0}),
    ],
)
def test_an_animation_that_would_cost_too_much_is_refused_before_it_is_begun(draw, output, change):
    body = film(MediaType.GIF, size=(8, 6), count=100)

    with pytest.raises(ImageTooLarge, match="anim=0 or page=1"):
        draw(body, MediaType.GIF, output, enlarge=True, **change)


@pytest.mark.parametrize("change", [{"animate": False}, {"page": 7}])
def test_of_an_animation_that_would_cost_too_much_one_frame_can_be_had(draw, change):
    body = film(MediaType.GIF, size=(8, 6), count=100)

    assert draw(body, MediaType.GIF, Output.WEBP, enlarge=True, width=1000, **change).image.size == (1000, 750)


@pytest.mark.parametrize("output", [Output.GIF, Output.WEBP])
def test_three_hundred_frames_of_an_ordinary_animation_keep_their_size(draw, output):
    drawn = draw(film(MediaType.GIF, size=(200, 150), count=300), MediaType.GIF, output, width=200)

    assert drawn.image.size == (200, 150)
    assert drawn.image.n_frames == 300
