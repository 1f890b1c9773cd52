"""What every local command begins with: settings, a usable data folder, a database at this program's schema."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from atpix import SCHEMA
from atpix.cli.outcome import Unusable
from atpix.settings import Settings

if TYPE_CHECKING:
    from atpix.db import Database
    from atpix.services import Services

Data = Annotated[Path | None, Parameter(help="The folder with the database and the images. ATPIX_DATA")]
Json = Annotated[bool, Parameter(negative="", help="Print JSON, for programs.")]


@contextmanager
def existing(settings: Settings) -> Iterator["Services"]:
    """As `services`, for commands that look at what is there: a mistyped folder is not made into an empty one."""
    file = settings.database.removeprefix("sqlite:///")
    if settings.database.startswith("sqlite:///") and not Path(file).is_file():
        raise Unusable(f"There is no database at {file}. Is --data right?")
    with services(settings) as svc:
        yield svc


@contextmanager
def services(settings: Settings) -> Iterator["Services"]:
    """Open beside a running server or without one. Raises Unusable, DatabaseFault."""
    from atpix import logs
    from atpix.services import Services

    logs.configure(settings.log_level)
    require_folder(settings.data)
    try:
        svc = Services.open(settings)
    except ValueError as error:
        raise Unusable(str(error)) from None
    try:
        require_schema(svc.db, settings)
        yield svc
    finally:
        svc.close()


def require_folder(folder: Path) -> None:
    """It exists afterwards and takes files. Raises Unusable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"room?")
    except OSError as error:
        raise Unusable(f"The data folder {folder} cannot be used: {error.strerror}.") from None


def require_store(settings: Settings) -> None:
    """It takes blobs. Raises Unusable, StorageUnavailable."""
    if settings.storage.startswith("file://"):
        require_folder(Path(settings.storage.removeprefix("file://")))
        return
    from atpix.blobs import configured

    try:
        blobs = configured.opened(settings)
    except ValueError as error:
        raise Unusable(str(error)) from None
    blobs.check()


def require_database(settings: Settings) -> None:
    """At this program's schema. Raises Unusable, DatabaseFault."""
    from atpix.db import Database

    db = Database.open(settings.database, timeout_s=settings.database_timeout_s)
    try:
        require_schema(db, settings)
    finally:
        db.close()


def require_schema(db: "Database", settings: Settings) -> None:
    """Raises Unusable, DatabaseFault."""
    from atpix.db.migrating import migrate, revision

    if settings.auto_migrate:
        migrate(db)
    elif (found := revision(db)) != SCHEMA:
        raise Unusable(
            f"The database has the schema {found or 'of an empty one'}, this program needs {SCHEMA}; run: atpix migrate"
        )
