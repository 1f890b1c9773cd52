"""SVG is refused, unless a project asks for it to be drawn."""

from io import BytesIO

import pytest
from PIL import Image

from atpix.projects import actions
from atpix.projects.preferences import SettingsPatch
from atpix_client import errors

DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">
<rect width="40" height="20" fill="#00ff00"/></svg>"""


@pytest.fixture
def drawing_project(svc, project):
    """One that takes SVG. Set before its key is used, so that no server remembers otherwise."""
    actions.update_project(svc, project.row.id, settings=SettingsPatch(rasterise_svg=True))


def test_svg_is_refused_by_default(client):
    with pytest.raises(errors.UnsupportedFileType):
        client.images.upload(DRAWING)


@pytest.mark.usefixtures("drawing_project")
def test_svg_becomes_a_png_of_useful_size_where_the_project_wants_it(client):
    image = client.images.upload(DRAWING, filename="logo.svg")

    drawn = Image.open(BytesIO(client.images.download(image)))
    assert (image.mime_type, image.width, image.height) == ("image/png", 1024, 512)
    assert drawn.format == "PNG"
    assert drawn.convert("RGB").getpixel((500, 250)) == (0, 255, 0)


@pytest.mark.usefixtures("drawing_project")
@pytest.mark.parametrize(
    "drawing",
    [
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'><rect", id="cut"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg' width='0' height='0'/>", id="of no size"),
    ],
)
def test_an_svg_that_cannot_be_drawn_is_invalid(client, drawing):
    with pytest.raises(errors.InvalidImage):
        client.images.upload(drawing)


@pytest.mark.usefixtures("drawing_project")
def test_an_svg_that_draws_too_large_is_refused(client):
    with pytest.raises(errors.ImageTooLarge):
        client.images.upload(b"<svg xmlns='http://www.w3.org/2000/svg' width='90000' height='90000'/>")


@pytest.mark.usefixtures("drawing_project")
def test_an_svg_sees_no_file_of_the_server(client, tmp_path):
    secret = tmp_path / "secret.png"
    Image.new("RGB", (40, 20), (255, 0, 0)).save(secret)
    link = f'<image href="file://{secret}" width="40" height="20"/>'.encode()
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">' + link + b"</svg>"

    drawn = Image.open(BytesIO(client.images.download(client.images.upload(drawing))))

    assert (255, 0, 0) not in {colour for _, colour in drawn.convert("RGB").getcolors(maxcolors=1 << 24)}
