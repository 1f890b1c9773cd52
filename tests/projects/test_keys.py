import pytest

from atpix.caller import SCOPES, Administrator, Caller, ProjectSettings
from atpix.errors import Forbidden, Unauthorized
from atpix.http.pages import Window
from atpix.ids import KeyId, Slug, new_id
from atpix.projects import actions, authentication, keys
from atpix.projects.authentication import Authenticator
from atpix.projects.errors import KeyNotActive, KeyNotFound
from atpix.projects.preferences import SettingsPatch

DAY_S = 86_400


@pytest.fixture
def project(timed):
    return actions.ensure_project(timed, "acme/shop")


def refused(authenticator, text):
    """The answer to this key, which must be the one refusal, whichever way it is asked."""
    with pytest.raises(Unauthorized) as answer:
        authenticator.look_up(text)
    return answer.value.message


def test_a_project_key_becomes_a_caller_of_its_project(timed, project, authenticator):
    actions.update_project(timed, project.id, settings=SettingsPatch(max_file_bytes=7))
    issued = actions.create_key(timed, project, scopes=["write", "read"], name="ci")

    who = authenticator.look_up(issued.text)

    assert who == Caller(
        key=issued.row.id,
        project=project.id,
        organization_slug=Slug("acme"),
        project_slug=Slug("shop"),
        scopes=frozenset({"read", "write"}),
        settings=ProjectSettings(max_file_bytes=7),
    )
    with pytest.raises(Forbidden, match="delete"):
        who.require("delete")


def test_a_master_key_becomes_an_administrator(timed, authenticator):
    issued = actions.create_key(timed, None)

    assert authenticator.look_up(issued.text) == Administrator(issued.row.id)
    assert issued.row.scopes == ()


def test_the_key_itself_is_kept_nowhere(timed, project):
    issued = actions.create_key(timed, project)

    kept = actions.find_key(timed, issued.row.id)

    assert kept == issued.row
    assert kept.scopes == SCOPES
    assert issued.text not in repr(kept)


def test_missing_malformed_wrong_expired_and_revoked_keys_get_one_answer(timed, project, authenticator, clock):
    expired, revoked = actions.create_key(timed, project, expires_in_days=1), actions.create_key(timed, project)
    actions.revoke_key(timed, revoked.row.id)
    clock.advance(DAY_S)

    answers = {
        refused(authenticator, text) for text in (None, "", "nonsense", keys.mint().text, expired.text, revoked.text)
    }

    assert len(answers) == 1


def test_an_answer_is_remembered_without_the_database_for_two_seconds_at_most(timed, project, authenticator, clock):
    issued = actions.create_key(timed, project)
    assert authenticator.cached(issued.text) is None
    who = authenticator.look_up(issued.text)
    actions.revoke_key(timed, issued.row.id)

    clock.advance(1.999)
    assert authenticator.cached(issued.text) is who
    clock.advance(0.001)
    assert authenticator.cached(issued.text) is None
    refused(authenticator, issued.text)


def test_a_wrong_key_is_remembered_too(authenticator, clock):
    text = keys.mint().text
    assert authenticator.cached(text) is None
    refused(authenticator, text)

    with pytest.raises(Unauthorized):
        authenticator.cached(text)
    clock.advance(2)
    assert authenticator.cached(text) is None


def test_what_is_no_key_never_reaches_the_database(authenticator):
    for text in (None, "", "nonsense", "atp_" + "a" * 38):
        with pytest.raises(Unauthorized):
            authenticator.cached(text)


def test_expiry_holds_to_the_millisecond_although_the_key_is_remembered(timed, project, authenticator, clock):
    issued = actions.create_key(timed, project, expires_in_days=1)
    clock.advance(DAY_S - 0.001)
    assert authenticator.look_up(issued.text)
    assert authenticator.cached(issued.text)

    clock.advance(0.001)

    assert authenticator.cached(issued.text) is None
    refused(authenticator, issued.text)


def test_a_clock_set_back_does_not_make_memory_last(timed, project, authenticator, clock):
    issued = actions.create_key(timed, project)
    authenticator.look_up(issued.text)

    clock.advance(-3600)

    assert authenticator.cached(issued.text) is None


def test_memory_is_bounded_and_a_flood_of_wrong_keys_pushes_no_right_one_out(
    timed, project, authenticator, monkeypatch
):
    monkeypatch.setattr(authentication, "_REMEMBERED", 3)
    issued = actions.create_key(timed, project)
    who = authenticator.look_up(issued.text)

    wrong = [keys.mint().text for _ in range(10)]
    for text in wrong:
        refused(authenticator, text)

    assert authenticator.cached(issued.text) is who
    assert [text for text in wrong if is_forgotten(authenticator, text)] == wrong[:-3]


def is_forgotten(authenticator, text):
    try:
        return authenticator.cached(text) is None
    except Unauthorized:
        return False


def test_without_a_cache_every_request_asks(timed, project, clock):
    authenticator = Authenticator(timed.db, clock, cache_s=0)
    issued = actions.create_key(timed, project)

    authenticator.look_up(issued.text)

    assert authenticator.cached(issued.text) is None


def test_a_process_that_changed_keys_can_forget_at_once(timed, project, authenticator):
    issued = actions.create_key(timed, project)
    authenticator.look_up(issued.text)
    actions.revoke_key(timed, issued.row.id)

    authenticator.forget()

    assert authenticator.cached(issued.text) is None


def test_a_key_revoked_in_the_middle_of_a_request_writes_nothing(timed, project, authenticator, clock):
    issued, other = actions.create_key(timed, project), actions.create_key(timed, project, expires_in_days=1)
    who, soon = authenticator.look_up(issued.text), authenticator.look_up(other.text)
    with timed.db.transaction() as tx:
        authentication.still_valid(tx, who, clock())
        authentication.still_valid(tx, soon, clock())

    actions.revoke_key(timed, issued.row.id)
    clock.advance(DAY_S)

    for gone in (who, soon):
        with pytest.raises(Unauthorized), timed.db.transaction() as tx:
            authentication.still_valid(tx, gone, clock())


def test_both_keys_work_during_the_overlap_of_a_rotation(timed, project, authenticator, clock):
    old = actions.create_key(timed, project, scopes=["read"], name="site")

    new = actions.rotate_key(timed, old.row.id, overlap_s=60)

    assert (new.row.name, new.row.scopes, new.row.project_id) == ("site", ("read",), project.id)
    assert new.text != old.text
    clock.advance(59.999)
    assert authenticator.look_up(old.text)
    clock.advance(0.001)
    refused(authenticator, old.text)
    assert authenticator.look_up(new.text)


def test_a_rotation_never_lengthens_the_old_keys_life(timed, project, clock):
    old = actions.create_key(timed, project, expires_in_days=1)

    new = actions.rotate_key(timed, old.row.id, overlap_s=30 * DAY_S)

    assert actions.find_key(timed, old.row.id).expires_at == old.row.expires_at
    assert new.row.expires_at == clock() + DAY_S * 1000


def test_a_rotation_without_overlap_ends_the_old_key_at_once(timed, project, authenticator):
    old = actions.create_key(timed, project)

    actions.rotate_key(timed, old.row.id, overlap_s=0)

    refused(authenticator, old.text)


def test_only_a_working_key_can_be_rotated(timed, project, clock):
    revoked, expired = actions.create_key(timed, project), actions.create_key(timed, project, expires_in_days=1)
    actions.revoke_key(timed, revoked.row.id)
    clock.advance(DAY_S)

    for issued in (revoked, expired):
        with pytest.raises(KeyNotActive):
            actions.rotate_key(timed, issued.row.id, overlap_s=60)
    with pytest.raises(KeyNotFound):
        actions.rotate_key(timed, KeyId(new_id()), overlap_s=60)


def test_revoking_twice_keeps_the_first_time(timed, project, clock):
    issued = actions.create_key(timed, project)

    first = actions.revoke_key(timed, issued.row.id)
    clock.advance(5)
    again = actions.revoke_key(timed, issued.row.id)

    assert first.revoked_at == again.revoked_at == issued.row.created_at
    with pytest.raises(KeyNotFound):
        actions.revoke_key(timed, KeyId(new_id()))


def test_last_use_is_written_at_most_once_a_minute(timed, project, authenticator, clock):
    issued = actions.create_key(timed, project)
    used_at = clock()
    authenticator.look_up(issued.text)
    authenticator.cached(issued.text)

    assert authenticator.flush_last_used() == 1
    clock.advance(59)
    authenticator.look_up(issued.text)
    assert authenticator.flush_last_used() == 0
    assert actions.find_key(timed, issued.row.id).last_used_at == used_at

    clock.advance(1)
    authenticator.look_up(issued.text)
    assert authenticator.flush_last_used() == 1
    assert actions.find_key(timed, issued.row.id).last_used_at == used_at + 60_000


def test_two_processes_together_write_the_last_use_once_a_minute(timed, project, clock):
    issued = actions.create_key(timed, project)
    first, second = (Authenticator(timed.db, clock, cache_s=2) for _ in range(2))
    first.look_up(issued.text)
    first.flush_last_used()
    clock.advance(30)

    second.look_up(issued.text)
    second.flush_last_used()

    assert actions.find_key(timed, issued.row.id).last_used_at == clock() - 30_000


def test_keys_are_found_by_id_and_by_what_is_shown_of_them(timed, project):
    issued = actions.create_key(timed, project)

    assert actions.find_key(timed, issued.row.id) == actions.find_key(timed, issued.row.prefix) == issued.row
    for unknown in (new_id(), "atp_00000000", "nonsense"):
        with pytest.raises(KeyNotFound):
            actions.find_key(timed, unknown)


def test_keys_are_listed_newest_first_revoked_ones_too(timed, project):
    other = actions.create_key(timed, None)
    first, second = actions.create_key(timed, project), actions.create_key(timed, project)
    actions.revoke_key(timed, first.row.id)

    everything = actions.list_keys(timed, Window(20, 0, None))
    mine = actions.list_keys(timed, Window(20, 0, None), project=project.id)

    assert [row.id for row in everything.rows] == [second.row.id, first.row.id, other.row.id]
    assert [row.id for row in mine.rows] == [second.row.id, first.row.id]
    assert mine.rows[1].revoked_at is not None
    assert (mine.rows[0].project_path, everything.rows[2].project_path) == ("acme/shop", None)


def test_whether_a_project_ever_had_a_key(timed, project):
    assert not actions.has_keys(timed, project)

    actions.revoke_key(timed, actions.create_key(timed, project).row.id)

    assert actions.has_keys(timed, project)
