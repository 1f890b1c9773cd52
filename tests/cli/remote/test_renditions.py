import json

import pytest

from atpix.projects import actions, preferences
from atpix_client import FocalPoint, signing

SECRET = "a-secret-of-our-own"


@pytest.fixture
def signed_only(svc, project):
    """The project's addresses need a signature."""
    patch = preferences.parse({"urlKeys": {"site": {"secret": SECRET}}, "signedUrls": True})
    actions.update_project(svc, project.row.id, settings=patch)


def test_renditions_are_made_before_anyone_asks(remote, upload, public):
    image = upload(alias="@hero")

    first = remote("renditions", "warm", "@hero", "--widths", "40,80", "--q", "50", "--json")
    again = remote("renditions", "warm", f"{image.storage_url}?w=40&q=50&format=webp", image.id, "--w", "80")

    answers = json.loads(first.out)
    assert (first.code, again.code) == (0, 0)
    assert {(answer["status"], answer["message"]) for answer in answers} == {(200, None)}
    assert {answer["mediaType"] for answer in answers} >= {"image/webp", "image/jpeg"}
    assert len(answers) == 6
    lines = [line.split("\t") for line in again.out.splitlines()]
    assert len(lines) == 4
    assert [line[3] for line in lines if "format=webp" in line[0]] == ["hit"]


def test_what_cannot_be_made_is_told_apart(remote, upload):
    image = upload()

    partly = remote(
        "renditions", "warm", f"{image.storage_url}?w=40&format=png", f"{image.storage_url[:-36]}@nobody?w=4&format=png"
    )

    assert partly.code == 4
    assert partly.err.count("\n") == 1
    for arguments, code in [
        ((), 2),
        ((image.id,), 2),
        ((image.id, "--widths", "5,x"), 2),
        ((image.id, "--widths", "5", "--w", "6"), 2),
        (("https://img.example/cat.jpg",), 2),
        (("@nobody", "--w", "5"), 1),
    ]:
        assert remote("renditions", "warm", *arguments).code == code, arguments


def test_signed_addresses_are_warmed_with_the_secret(remote, upload, signed_only):
    image = upload()

    refused = remote("renditions", "warm", image.id, "--w", "40", "--format", "png")
    warmed = remote(
        "renditions", "warm", image.id, "--w", "40", "--format", "png", "--kid", "site", ATPIX_URL_SECRET=SECRET
    )

    assert (refused.code, warmed.code) == (1, 0)
    assert "signed URL" in refused.err


def test_a_server_explains_what_it_makes_of_an_address(remote, upload):
    image = upload(alias="@hero", focal_point=FocalPoint(0.25, 0.5))
    address = image.storage_url.replace(image.id, "@hero")

    told = json.loads(remote("url", "explain", f"{address}?w=40&h=40&utm=x", "--ask", "--json").out)["server"]
    lines = remote("url", "explain", f"{address}?w=40&q=900&x=1", "--ask", "--accept", "image/png").out.splitlines()

    assert told["status"] == 200
    assert told["explained"]["image"] == image.id
    assert "resolve" in told["timing"]
    assert lines.count(f"server image\t{image.id}") == 1
    assert [line for line in lines if line.startswith("server mediaType")] == ["server mediaType\timage/jpeg"]
    assert {"server focalPoint\tx 0.25, y 0.5", "server followsStoredFocalPoint\tfalse"} <= set(lines)
    [adjusted] = (line for line in lines if line.startswith("server adjusted"))
    assert "it is '900'. It was adjusted. x is not" in adjusted


def test_a_question_about_a_signed_address_is_signed_too(remote, upload, signed_only):
    address = signing.sign(f"{upload().storage_url}?w=40", SECRET, "site")

    told = remote("url", "explain", address, "--ask", "--json", ATPIX_URL_SECRET=SECRET)

    assert json.loads(told.out)["server"]["explained"]["width"] == 40
    assert remote("url", "explain", address, "--ask").code == 2


def test_the_renditions_of_a_machine_are_counted(called, remote, server, upload, project):
    image = upload()
    remote("renditions", "warm", f"{image.storage_url}?w=40&format=png")

    told = json.loads(called("renditions", "stats", "--json", ATPIX_DATA=str(server.settings.data),
                            ATPIX_DATABASE_URL=server.settings.database_url).out)  # fmt: skip

    mine = [each for each in told["projects"] if each["project"] == project.row.path]
    assert [(each["renditions"], each["bytes"] > 0) for each in mine] == [(1, True)]
    assert told["budgetBytes"] > told["bytes"] > 0


def test_renditions_are_forgotten_and_made_anew(remote, upload):
    image = upload(alias="@hero")
    address = f"{image.storage_url}?w=40&format=png"
    remote("renditions", "warm", address)

    purged = remote("renditions", "purge", "@hero", "--json")

    assert json.loads(purged.out) == {"ref": "@hero", "purged": 1}
    assert json.loads(remote("renditions", "warm", address, "--json").out)[0]["cache"] == "miss"
    assert remote("renditions", "purge", "@nobody").code == 1
