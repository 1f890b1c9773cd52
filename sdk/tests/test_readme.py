import re
from pathlib import Path

import pytest
from sdk.tests.stand_in import StandIn, on_a_socket

README = Path(__file__).parent.parent / "README.md"
SAMPLES = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_of_the_readme_runs(sample, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("backup").mkdir()
    Path("cat.jpg").write_bytes(b"cat")
    Path("dog.jpg").write_bytes(b"dog")
    with on_a_socket(StandIn()) as server:
        server.add()
        monkeypatch.setenv("ATPIX_URL", server.url)
        monkeypatch.setenv("ATPIX_API_KEY", "atp_key")
        exec(compile(sample, "README.md", "exec"), {"__name__": "sample"})


def test_every_sample_is_found():
    assert len(SAMPLES) == README.read_text("utf-8").count("```") // 2 == 7
