"""What a photograph says about its owner: kept, stripped or refused, as the project chose."""

from io import BytesIO

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from tests.photographs import encoded, photo, pixels
from tests.wire import eventually

from atpix.projects import actions
from atpix.projects.preferences import SettingsPatch
from atpix_client import errors


@pytest.fixture(scope="session")
def located() -> bytes:
    """A JPEG that says where it was taken, and how it is to be turned."""
    image = pixels(6, (160, 120))
    exif = image.getexif()
    exif[Base.Orientation] = 6
    exif[Base.Artist] = "Somebody"
    place = exif.get_ifd(IFD.GPSInfo)
    place[GPS.GPSLatitudeRef], place[GPS.GPSLatitude] = "N", (52.0, 31.0, 12.0)
    place[GPS.GPSLongitudeRef], place[GPS.GPSLongitude] = "E", (13.0, 24.0, 18.0)
    return encoded(image, exif=exif)


@pytest.fixture
def choose(svc, project):
    """Set the project's rule, and wait until the server has forgotten what it remembered of the key."""

    def chosen(rule):
        actions.update_project(svc, project.row.id, settings=SettingsPatch(private_metadata=rule))

    return chosen


def test_metadata_is_kept_unless_told_and_the_answer_says_that_there_is_a_place(client, located):
    image = client.images.upload(located)

    assert image.location_found is True
    assert client.images.download(image) == located


def test_an_image_without_a_place_says_so(client):
    assert client.images.upload(photo()).location_found is False


def test_stripping_takes_place_and_owner_and_leaves_every_pixel(client, choose, located):
    choose("strip")

    image = client.images.upload(located)
    kept = client.images.download(image)

    assert image.location_found is True
    assert (image.width, image.height) == (120, 160)
    assert image.file_size == len(kept)
    with Image.open(BytesIO(kept)) as after, Image.open(BytesIO(located)) as before:
        assert Base.Artist not in after.getexif()
        assert not after.getexif().get_ifd(IFD.GPSInfo)
        assert after.getexif()[Base.Orientation] == 6
        assert after.tobytes() == before.tobytes()


def test_a_project_may_refuse_images_that_say_where_they_were_taken(client, choose, located):
    choose("reject")

    with pytest.raises(errors.PrivateMetadata):
        client.images.upload(located)

    assert client.images.list().total == 0
    assert client.images.upload(photo()).location_found is False


def test_a_changed_rule_reaches_a_server_that_knows_the_key(client, choose, located):
    client.images.upload(photo())

    choose("reject")

    eventually(lambda: refuses(client, located))


def refuses(client, content):
    try:
        client.images.upload(content)
    except errors.PrivateMetadata:
        return True
    return False
