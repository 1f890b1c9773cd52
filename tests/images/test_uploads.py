def test_an_upload_is_there(client, upload):
    image = upload(alias="@hero")
    assert client.images.get("@hero").id == image.id
