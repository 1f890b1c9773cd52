"""Samples that are fenced as `sh run` or `python run` do what their document says."""

import re
import urllib.request

import pytest
from tests.docs.conftest import ROOT

SAMPLE = re.compile(r"^```(sh|python) run\n(.*?)^```$", re.DOTALL | re.MULTILINE)
WITH_SAMPLES = (
    "README.md",
    "docs/guide.md",
    "docs/generations.md",
    "docs/live-urls.md",
    "docs/operations.md",
    "docs/sixty-seconds.md",
    "docs/transformations.md",
)


def script_of(document: str) -> str:
    """All its samples in their order, as one script: what one exports, the next ones have."""
    parts = []
    for number, (kind, sample) in enumerate(SAMPLE.findall((ROOT / document).read_text("utf-8"))):
        if kind == "sh":
            parts.append(sample)
        else:
            parts.append(f"cat > sample{number}.py <<'END_OF_SAMPLE'\n{sample}END_OF_SAMPLE\n")
            parts.append(f".venv/bin/python -W error sample{number}.py\n")
    return "\n".join(parts)


def exports() -> str:
    """What the README sets, other documents build on."""
    return next(sample for _, sample in SAMPLE.findall((ROOT / "README.md").read_text("utf-8")))


def test_no_sample_is_overlooked():
    marked = {str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*.md") if "``` run" in _loose(path.read_text())}
    assert marked | {"README.md"} == set(WITH_SAMPLES)


def _loose(text: str) -> str:
    return re.sub(r"```\w+ run", "``` run", text)


@pytest.mark.parametrize("document", [name for name in WITH_SAMPLES if name != "docs/sixty-seconds.md"])
def test_the_samples_of_a_document_run(demo, document):
    demo.run(script_of(document) if document == "README.md" else exports() + script_of(document))


def test_the_session_shows_the_new_image_under_the_old_address(demo):
    script = script_of("docs/sixty-seconds.md")
    before, moved, after = script.partition(".venv/bin/atpix aliases set")

    demo.run(before)
    page = (demo.folder / "page.html").read_text()
    address = re.search(r'src="([^"]+)"', page)[1]
    assert address == f"{demo.url}/cdn/{demo.project}/img/@hero"
    assert fetched(address) == (demo.folder / "photos/chelsea.png").read_bytes()

    demo.run(exports() + moved + after)
    assert fetched(address) == (demo.folder / "photos/coffee.png").read_bytes()
    assert (demo.folder / "page.html").read_text() == page


def test_the_curl_line_of_the_first_start_uploads_and_names_a_picture(first):
    line = next(line for line in first.said.splitlines() if "curl" in line).replace("picture.jpg", "cat.jpg")

    assert '"alias":"@hero"' in first.run(line)
    assert fetched(re.search(r'<img src="([^"]+)">', first.said)[1]) == (first.folder / "cat.jpg").read_bytes()


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()
