"""A disk without room: nothing half-visible, nothing uncounted, and the rendered file is there to answer with."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tests.renditions.shelves import OpenShelf, bytes_of, files_of, found, key_of

from atpix.ids import ImageId

KEEPS = """
    import resource, sys, time
    from pathlib import Path
    from tests.renditions.shelves import PROJECT, WEBP, keep, key_of, open_on

    folder, project, image, moment = Path(sys.argv[1]), *sys.argv[2:5]
    passed = ["now"]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(here):
        passed.append(here)
        if passed.count(here) == 2 and here == moment:  # a limit on the size of files acts like a full disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))

    shelf = open_on(folder, f"file://{folder / 'blobs'}", lambda: time.time_ns() // 1_000_000, failpoint=fill)
    assert keep(shelf, key_of("w=1", image=image, project=project), bytes(500))
    with shelf.target() as file:
        file.write_bytes(bytes(500))
        fill("now")
        assert shelf.keep(key_of("w=2", image=image, project=project), file, WEBP, lambda: True) is None
        assert file.read_bytes() == bytes(500)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert keep(shelf, key_of("w=3", image=image, project=project), bytes(500))
"""


@pytest.mark.parametrize("moment", ["now", "rendition.reserved", "rendition.renamed"])
def test_a_full_disk_costs_the_place_and_not_the_file(tmp_path: Path, image: ImageId, on_disk: OpenShelf, moment: str):
    key = key_of("w=2", image=image)
    command = [sys.executable, "-c", textwrap.dedent(KEEPS), str(tmp_path), key.project, image, moment]
    subprocess.run(command, check=True, timeout=60)

    shelf = on_disk()
    assert found(shelf, key) is None
    assert len(files_of(tmp_path)) == 2
    assert bytes_of(tmp_path) == 1000
    assert shelf.disagreement() == (0, 0)
