"""Documents lead somewhere, and tell nothing of the machines they were written on."""

import re
import subprocess
from urllib.parse import unquote

import pytest
from tests.docs.conftest import ROOT

TRACKED = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
    "\0"
)[:-1]
DOCUMENTS = [name for name in TRACKED if name.endswith(".md")]
LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
PRIVATE = re.compile(
    r"/(?:root|work)/[a-z.]|/home/\w|/Users/\w|\bindex-url\s*[=:]?\s*http|extra-index-url\s*[=:]?\s*http", re.ASCII
)
"""Folders of a developer's machine, and addresses of package indexes."""
PACKAGE_FILES = re.compile(rb"^(?!#).*https?://", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_within_the_repository_lead_to_something(document):
    text = (ROOT / document).read_text("utf-8")
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (ROOT / document).parent / path if path else ROOT / document
        assert file.exists(), f"{document}: {target}"
        assert not anchor or anchor in anchors(file.read_text("utf-8")), f"{document}: {target}"


def anchors(text: str) -> set[str]:
    """As GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_has_one_title_and_closes_its_fences(document):
    text = (ROOT / document).read_text("utf-8")

    assert text.startswith("# ")
    assert len(re.findall(r"^# ", FENCE.sub("", text), re.MULTILINE)) == 1
    assert len(re.findall(r"^```", text, re.MULTILINE)) % 2 == 0


def test_no_tracked_file_names_a_machine_or_a_package_index():
    told = {}
    for name in TRACKED:
        if name == "tests/docs/test_tidy.py" or not (ROOT / name).is_file():
            continue
        found = PRIVATE.search((ROOT / name).read_bytes().decode("utf-8", "ignore"))
        if found:
            told[name] = found[0]
    assert told == {}


def test_the_lock_file_says_what_but_not_from_where():
    assert not PACKAGE_FILES.search((ROOT / "requirements.lock").read_bytes())
