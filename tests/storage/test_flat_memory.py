"""A large blob passes through without being held: measured in a process of its own, after a small one."""

import json
import subprocess
import sys
import textwrap

import pytest

MIB = 2**20
SIZE = 200 * MIB
BOUND = 64 * MIB

PASS_THROUGH = """
    import asyncio, hashlib, json, os, re, sys
    from contextlib import aclosing
    from pathlib import Path
    from atpix.blobs import Blobs

    url, staging, options, size = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
    blobs = Blobs.open(url, staging=Path(staging), options=options)

    def peak():
        # Not ru_maxrss: a child begins with its parent's.
        return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

    async def digest(key):
        seen = hashlib.sha256()
        async with aclosing(await blobs.stream(key)) as chunks:
            async for chunk in chunks:
                seen.update(chunk)
        return seen.hexdigest()

    def pass_through(key, size):
        sent = hashlib.sha256()
        with blobs.stage() as staged:
            while staged.size < size:
                chunk = os.urandom(65536)
                sent.update(chunk)
                staged.write(chunk)
            blobs.put(key, staged)
        assert asyncio.run(digest(key)) == sent.hexdigest()

    pass_through("small", 2**20)
    before = peak()
    pass_through("large", size)
    assert before < size, "the measure itself would hide a blob that is held"
    print(peak() - before)
"""


@pytest.mark.parametrize("store", ["disk", "s3"])
def test_a_blob_of_200_mib_passes_through_in_flat_memory(request, tmp_path, store):
    url, options = f"file://{tmp_path / 'blobs'}", {}
    if store == "s3":
        server = request.getfixturevalue("s3_server")
        url, options = server.url("flat"), server.options
    arguments = (url, str(tmp_path / "staging"), json.dumps(options), str(SIZE))

    script = [sys.executable, "-c", textwrap.dedent(PASS_THROUGH), *arguments]
    grown = int(subprocess.run(script, check=True, timeout=300, stdout=subprocess.PIPE).stdout)

    assert grown < BOUND
