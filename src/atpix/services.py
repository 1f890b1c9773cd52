"""What a process holds open, built once from Settings, handed down, closed at the end."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from atpix.blobs import Blobs, configured
from atpix.db import Database
from atpix.failpoints import Failpoint, failpoint
from atpix.imaging.children import RENDERING_BYTES, Examiners
from atpix.imaging.renderers import Renderers
from atpix.providers.registry import Providers
from atpix.renditions import Shelf
from atpix.settings import Settings


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`now()` is Unix milliseconds; tests hand in their own. `failpoint(name)` does nothing outside crash tests."""

    settings: Settings
    db: Database
    blobs: Blobs
    examiners: Examiners
    renderers: Renderers
    renditions: Shelf
    providers: Providers
    now: Callable[[], int] = now_ms
    failpoint: Failpoint

    @classmethod
    def open(cls, settings: Settings, *, now: Callable[[], int] = now_ms) -> Self:
        """Raises DatabaseFault, StoreFault when an address cannot be used at all, SettingsFault when the provider by
        default is not configured.
        """
        blobs, armed = configured.opened(settings), failpoint(settings.failpoint)
        renderers = Renderers(
            workers=settings.renderers,
            timeout_s=settings.render_timeout_s,
            max_memory_bytes=settings.render_memory_bytes,
            max_waiting=settings.render_queue,
        )
        providers = Providers.open(settings, renderers)
        return cls(
            settings=settings,
            db=Database.open(settings.database, threads=settings.threads, timeout_s=settings.database_timeout_s),
            blobs=blobs,
            examiners=Examiners(
                workers=settings.decoders,
                timeout_s=settings.decoder_timeout_s,
                max_memory_bytes=min(settings.decoder_memory_bytes, settings.render_memory_bytes - RENDERING_BYTES),
                max_waiting=settings.decoder_queue,
            ),
            renderers=renderers,
            renditions=Shelf.open(
                blobs,
                data=settings.data,
                store=settings.storage,
                budget_bytes=settings.renditions_bytes,
                now=now,
                failpoint=armed,
            ),
            providers=providers,
            now=now,
            failpoint=armed,
        )

    def close(self) -> None:
        self.examiners.close()
        self.renderers.close()
        self.renditions.close()
        self.db.close()
