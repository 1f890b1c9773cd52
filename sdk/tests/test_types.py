import textwrap
from pathlib import Path

import mypy.api

SDK = Path(__file__).parents[1]

PROGRAM = """
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import assert_type
from atpix_client import Assigned, AsyncAtpix, Atpix, FocalPoint, Flow, Generation, Image, Key, Page, UsageReport

def blocking(client: Atpix) -> None:
    assert_type(client.images.get("@a", flow_id=None), Image)
    assert_type(client.images.list(limit=1), Page[Image])
    assert_type(client.images.iterate(page_size=1), Iterator[Image])
    assert_type(client.images.upload(Path("a"), focal_point=FocalPoint(0, 0)), Image)
    assert_type(client.images.update("@a", focal_point=None), Image)
    assert_type(client.images.assign_alias("@a", None, expect_image_id=None), Assigned)
    assert_type(client.images.delete("@a"), str)
    assert_type(client.images.download("@a"), bytes)
    assert_type(client.images.download("@a", "b"), Path)
    assert_type(client.images.download("@a", BytesIO()), int)
    assert_type(client.keys.list().data, list[Key])
    assert_type(client.generations.create("x", seed=1), Generation)
    assert_type(client.generations.wait("g", timeout_s=None), Generation)
    assert_type(client.generations.stream("g"), Iterator[Generation])
    assert_type(client.flows.images("f"), Page[Image])
    assert_type(client.flows.iterate(), Iterator[Flow])
    assert_type(client.usage(group_by="day"), UsageReport)
    client.generations.update("g", prompt=None)  # type: ignore[arg-type]
    client.images.get(1)  # type: ignore[arg-type]
    client.images.list(colour="red")  # type: ignore[call-arg]
    client.images.update("@a", meta=None)  # type: ignore[arg-type]

async def asynchronous(client: AsyncAtpix) -> None:
    assert_type(await client.images.get("@a", flow_id=None), Image)
    assert_type(await client.images.list(limit=1), Page[Image])
    assert_type(client.images.iterate(page_size=1), AsyncIterator[Image])
    assert_type(await client.images.download("@a", "b"), Path)
    assert_type(await client.generations.wait("g"), Generation)
    assert_type(client.generations.stream("g"), AsyncIterator[Generation])
    assert_type(await client.usage(), UsageReport)
    await client.keys.create(kind="root")  # type: ignore[arg-type]
"""


def test_callers_see_exact_types(tmp_path, monkeypatch):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    monkeypatch.setenv("MYPYPATH", str(SDK / "src"))

    said, complaints, _ = mypy.api.run(["--strict", "--config-file=", f"--cache-dir={tmp_path}", str(program)])

    assert (said.strip(), complaints) == ("Success: no issues found in 1 source file", "")
