from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from atpix.caller import ProjectSettings
from atpix.errors import ValidationFailed
from atpix.http.pages import Window
from atpix.ids import ProjectId, Slug, new_id
from atpix.projects import actions, preferences
from atpix.projects.errors import (
    OrganizationAlreadyExists,
    OrganizationNotFound,
    ProjectAlreadyExists,
    ProjectNotFound,
)
from atpix.projects.preferences import SettingsPatch


def test_a_project_is_made_in_its_organization(timed, clock):
    actions.create_organization(timed, Slug("acme"), "Acme Ltd")

    made = actions.create_project(timed, Slug("acme"), Slug("shop"), name="The shop")

    assert made.path == "acme/shop"
    assert made.name == "The shop"
    assert made.settings == ProjectSettings()
    assert made.created_at == made.updated_at == clock()
    assert actions.find_project(timed, Slug("acme"), Slug("shop")) == made


def test_a_taken_slug_is_a_conflict(timed):
    actions.create_organization(timed, Slug("acme"))
    actions.create_project(timed, Slug("acme"), Slug("shop"))

    with pytest.raises(OrganizationAlreadyExists):
        actions.create_organization(timed, Slug("acme"))
    with pytest.raises(ProjectAlreadyExists):
        actions.create_project(timed, Slug("acme"), Slug("shop"))


def test_two_organizations_may_have_projects_of_one_name(timed):
    assert actions.ensure_project(timed, "acme/shop").id != actions.ensure_project(timed, "other/shop").id


def test_a_project_needs_its_organization(timed):
    with pytest.raises(OrganizationNotFound):
        actions.create_project(timed, Slug("nobody"), Slug("shop"))


def test_settings_are_merged_and_null_goes_back_to_the_default(timed, clock):
    project = actions.ensure_project(timed, "acme/shop")
    clock.advance(1)

    actions.update_project(timed, project.id, settings=SettingsPatch(max_file_bytes=10, private_metadata="strip"))
    changed = actions.update_project(
        timed, project.id, name="Shop", settings=SettingsPatch(private_metadata=None, allowed_types=("image/avif",))
    )

    assert changed.settings == ProjectSettings(allowed_types=("image/avif",), max_file_bytes=10)
    assert (changed.name, changed.slug) == ("Shop", "shop")
    assert changed.updated_at > changed.created_at
    assert actions.find_project(timed, Slug("acme"), Slug("shop")) == changed


def test_an_unknown_project_is_not_found(timed):
    with pytest.raises(ProjectNotFound):
        actions.update_project(timed, ProjectId(new_id()), name="x")


def test_parallel_changes_of_different_settings_are_all_kept(timed):
    project = actions.ensure_project(timed, "acme/shop")
    patches = [
        SettingsPatch(max_file_bytes=10),
        SettingsPatch(private_metadata="reject"),
        SettingsPatch(rasterise_svg=True),
        SettingsPatch(trash_retention_days=7),
    ]

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda patch: actions.update_project(timed, project.id, settings=patch), patches))

    found = actions.find_project(timed, Slug("acme"), Slug("shop")).settings
    assert found == ProjectSettings(
        max_file_bytes=10, private_metadata="reject", rasterise_svg=True, trash_retention_days=7
    )


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"colour": "red"}, "settings"),
        ({"maxFileBytes": "10"}, "settings.maxFileBytes"),
        ({"maxFileBytes": 0}, "settings.maxFileBytes"),
        ({"allowedTypes": ["image/tiff"]}, "settings.allowedTypes[0]"),
        ({"allowedTypes": []}, "settings.allowedTypes"),
        ({"privateMetadata": "burn"}, "settings.privateMetadata"),
        ({"trashRetentionDays": -1}, "settings.trashRetentionDays"),
        ([], "settings"),
    ],
)
def test_wrong_settings_are_refused_by_name(given, path):
    with pytest.raises(ValidationFailed) as refused:
        preferences.parse(given)

    assert refused.value.faults[0].path == path


def test_the_patch_knows_every_setting():
    assert SettingsPatch.__struct_encode_fields__ == ProjectSettings.__struct_encode_fields__


def test_settings_of_a_newer_release_do_not_stop_this_one():
    row = msgspec.to_builtins(ProjectSettings(max_file_bytes=5)) | {"fromTheFuture": 1}

    assert preferences.read_back(row) == ProjectSettings(max_file_bytes=5)


def test_many_who_ensure_one_project_get_the_same(timed):
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: actions.ensure_project(timed, "acme/shop"), range(16)))

    assert len({project.id for project in found}) == 1


@pytest.mark.parametrize("path", ["acme", "acme/", "/shop", "Acme/shop", "acme/sh op", "acme/shop/x", "a/" + "b" * 64])
def test_a_path_that_is_none_is_refused(timed, path):
    with pytest.raises(ValidationFailed):
        actions.ensure_project(timed, path)


def test_pages_are_newest_first_and_a_cursor_survives_what_comes(timed):
    made = [actions.ensure_project(timed, f"acme/p{number}").id for number in range(5)]

    first = actions.list_projects(timed, Window(2, 0, None), organization=Slug("acme"))
    actions.ensure_project(timed, "acme/later")
    second = actions.list_projects(timed, Window(2, 0, first.rows[-1].id), organization=Slug("acme"))
    last = actions.list_projects(timed, Window(2, 4, None), organization=Slug("acme"))

    assert [row.id for row in first.rows] == made[:2:-1]
    assert (first.total, first.has_more) == (5, True)
    assert [row.id for row in second.rows] == made[2:0:-1]
    assert (len(last.rows), last.total, last.has_more) == (2, 6, False)
    assert actions.list_organizations(timed, Window(20, 0, None)).rows[0].slug == "acme"
