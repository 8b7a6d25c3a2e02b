"""Sweeping up the files that a crash left behind."""

from functools import partial

from gateway.core.errors import StoreError
from gateway.stores.catalog.failures import log
from gateway.stores.catalog.readers import Readers
from gateway.stores.catalog.tables import garbage
from gateway.stores.catalog.volume import Volume


async def sweep(readers: Readers, volume: Volume) -> None:
    """Unlink the files of earlier processes that no row names: their writers never came to commit.

    Runs beside everything else, folder by folder, in threads.
    """
    swept = 0
    try:
        for folder in await volume.reading.run(volume.folders):
            swept += await _sweep_folder(readers, volume, folder)
    except StoreError as error:
        log.warning("the search for files that a crash left ended early: %s", error)
    if swept:
        log.info("removed %d files that a crash left", swept)


async def _sweep_folder(readers: Readers, volume: Volume, folder: int) -> int:
    segments = await volume.reading.run(volume.segments, folder)
    old = [segment for segment in segments if segment < volume.born]
    orphans = await readers.away(partial(garbage.unnamed, segments=old)) if old else []
    if orphans:
        await volume.writing.run(volume.unlink, orphans)
    return len(orphans)
