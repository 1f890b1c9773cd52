"""The methods of both clients, bound to the one function that describes each. `tests/test_both_clients.py` checks that
the two halves offer the same.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, overload

from atpix_client import administration, images, lineages
from atpix_client.downloads import Destination
from atpix_client.forms import Progress
from atpix_client.methods import run, run_async, walk, walk_async
from atpix_client.models import Image
from atpix_client.runners import AsyncRunner, Runner


@dataclass(frozen=True)
class Images:
    runner: Runner

    upload = run(images.upload)
    list = run(images.list_page)
    iterate = walk(images.iterate)
    get = run(images.get)
    update = run(images.update)
    patch = run(images.patch)
    assign_alias = run(images.assign_alias)
    remove_alias = run(images.remove_alias)
    consequences = run(images.consequences)
    lineage = run(lineages.lineage)
    draw_lineage = run(lineages.draw_lineage)
    delete = run(images.delete)
    restore = run(images.restore)
    purge = run(images.purge)

    @overload
    def download(
        self,
        image: Image | str,
        to: None = None,
        *,
        flow_id: str | None = None,
        progress: Progress | None = None,
    ) -> bytes: ...
    @overload
    def download(
        self,
        image: Image | str,
        to: Path | str,
        *,
        flow_id: str | None = None,
        progress: Progress | None = None,
    ) -> Path: ...
    @overload
    def download(
        self,
        image: Image | str,
        to: BinaryIO,
        *,
        flow_id: str | None = None,
        progress: Progress | None = None,
    ) -> int: ...
    def download(
        self,
        image: Image | str,
        to: Destination = None,
        *,
        flow_id: str | None = None,
        progress: Progress | None = None,
    ) -> bytes | Path | int:
        """The original, in constant memory: into a path, which appears whole or not at all (in a folder it is named by
        the image's id), into a binary file (returns the number of bytes), or with neither as bytes. A connection that
        breaks is taken up where it broke.
        """
        found = self.get(image, flow_id=flow_id) if isinstance(image, str) else image
        return self.runner.download(found, to, progress)


@dataclass(frozen=True)
class AsyncImages:
    runner: AsyncRunner

    upload = run_async(images.upload)
    list = run_async(images.list_page)
    iterate = walk_async(images.iterate)
    get = run_async(images.get)
    update = run_async(images.update)
    patch = run_async(images.patch)
    assign_alias = run_async(images.assign_alias)
    remove_alias = run_async(images.remove_alias)
    consequences = run_async(images.consequences)
    lineage = run_async(lineages.lineage)
    draw_lineage = run_async(lineages.draw_lineage)
    delete = run_async(images.delete)
    restore = run_async(images.restore)
    purge = run_async(images.purge)

    @overload
    async def download(
        self,
        image: Image | str,
        to: None = None,
        *,
        flow_id: str | None = None,
        progress: Progress | None = None,
    ) -> bytes: ...
    @overload
    async def download(
        self,
        image: Image | str,
        to: Path | str,
        *,
        flow_id: str | None = None,
        progress: Progress | None = None,
    ) -> Path: ...
    @overload
    async def download(
        self,
        image: Image | str,
        to: BinaryIO,
        *,
        flow_id: str | None = None,
        progress: Progress | None = None,
    ) -> int: ...
    async def download(
        self,
        image: Image | str,
        to: Destination = None,
        *,
        flow_id: str | None = None,
        progress: Progress | None = None,
    ) -> bytes | Path | int:
        """See `Images.download`."""
        found = await self.get(image, flow_id=flow_id) if isinstance(image, str) else image
        return await self.runner.download(found, to, progress)


@dataclass(frozen=True)
class Organizations:
    runner: Runner

    create = run(administration.create_organization)
    list = run(administration.list_organizations)
    iterate = walk(administration.iterate_organizations)


@dataclass(frozen=True)
class AsyncOrganizations:
    runner: AsyncRunner

    create = run_async(administration.create_organization)
    list = run_async(administration.list_organizations)
    iterate = walk_async(administration.iterate_organizations)


@dataclass(frozen=True)
class Projects:
    runner: Runner

    create = run(administration.create_project)
    list = run(administration.list_projects)
    iterate = walk(administration.iterate_projects)
    update = run(administration.update_project)


@dataclass(frozen=True)
class AsyncProjects:
    runner: AsyncRunner

    create = run_async(administration.create_project)
    list = run_async(administration.list_projects)
    iterate = walk_async(administration.iterate_projects)
    update = run_async(administration.update_project)


@dataclass(frozen=True)
class Keys:
    runner: Runner

    create = run(administration.create_key)
    list = run(administration.list_keys)
    iterate = walk(administration.iterate_keys)
    revoke = run(administration.revoke_key)
    rotate = run(administration.rotate_key)


@dataclass(frozen=True)
class AsyncKeys:
    runner: AsyncRunner

    create = run_async(administration.create_key)
    list = run_async(administration.list_keys)
    iterate = walk_async(administration.iterate_keys)
    revoke = run_async(administration.revoke_key)
    rotate = run_async(administration.rotate_key)
