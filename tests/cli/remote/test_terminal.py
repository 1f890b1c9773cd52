from tests.photographs import photo


def test_a_bar_is_drawn_on_a_terminal_and_standard_output_holds_only_data(at_terminal, photos, client):
    (path,) = photos("a.jpg")

    code, terminal, out, _ = at_terminal("images", "upload", path, streams=("stderr",))

    (image,) = client.images.list()
    assert (code, out) == (0, f"{path}\t{image.id}\t{image.storage_url}\n")
    assert "a.jpg" in terminal
    assert "━" in terminal
    assert "Uploaded 1, skipped 0, failed 0." in terminal


def test_nothing_is_drawn_where_standard_error_is_no_terminal(at_terminal, photos):
    _, _, _, err = at_terminal("images", "upload", *photos("a.jpg"), streams=("stdin", "stdout"))

    assert err == "Uploaded 1, skipped 0, failed 0.\n"


def test_people_get_a_table_whose_addresses_are_whole(at_terminal, photos, client):
    _, uploaded, _, _ = at_terminal("images", "upload", *photos("a.jpg"), "--alias", "@hero")
    code, listed, _, _ = at_terminal("images", "list")

    image = client.images.get("@hero")
    assert code == 0
    for table in (uploaded, listed):
        assert "ALIAS" in table
        assert "@hero" in table
        assert image.storage_url in table


def test_a_list_that_was_cut_says_so(at_terminal, upload):
    upload()
    upload()

    assert "--all" in at_terminal("images", "list", "--limit", "1")[1]
    assert "--all" not in at_terminal("images", "list", "--limit", "2")[1]


def test_deleting_asks_a_person(at_terminal, upload, client):
    upload(alias="@hero")

    kept, question, _, _ = at_terminal("images", "delete", "@hero", typing="\n")
    still = client.images.list().total
    done, _, _, _ = at_terminal("images", "delete", "@hero", typing="y\n")

    assert "Delete this image for good? [y/N]" in question
    assert "Nothing was deleted." in question
    assert (kept, still, done, client.images.list().total) == (1, 1, 0, 0)


def test_an_image_is_not_poured_into_a_terminal(at_terminal, upload):
    upload(photo(), alias="@hero")

    code, terminal, _, _ = at_terminal("images", "download", "@hero", "-o", "-")

    assert code == 2
    assert "-o FILE" in terminal


def test_a_name_from_a_stranger_does_not_steer_the_terminal(at_terminal, upload):
    upload(meta={"\x1b]0;owned\x07": "\x1b[2J"}, alias="@hero")

    _, terminal, _, _ = at_terminal("images", "get", "@hero")

    assert "\x1b]0" not in terminal
    assert "\x1b[2J" not in terminal
