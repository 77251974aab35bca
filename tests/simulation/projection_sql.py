"""What the projection's own statements mean: rows of journeys and of the catalogue, and cells that add up."""

from __future__ import annotations

from collections.abc import Sequence

from services.metrics import catalogue, journey
from services.metrics.batch import Batch
from services.metrics.contributions import plus
from services.metrics.store import Store
from shared.postgres.event_log import Tx
from tests.simulation.database import Row, Transaction
from tests.simulation.sql import means

WRITE = "SIMULATED: journeys, catalogue and cells of a batch"


class SimulatedStore(Store):
    """The real store, but for the bulk copy of rows and cells, which is PostgreSQL's own way and has tests of its own."""

    async def write(self, tx: Tx, batch: Batch) -> None:
        """Write moved rows and cells in one step."""
        await tx.execute(WRITE, batch)


@means(WRITE)
async def write(tx: Transaction, batch: Batch) -> list[Row]:
    for key, written in batch.journeys.items():
        await tx.lock("journey", key)
        tx.put("journey", (key,), {"journey": key, "partition": written.partition, "body": journey.store(written.row)})
    for key, (partition, known) in batch.catalogue.items():
        await tx.lock("catalogue", key)
        tx.put("catalogue", (key,), {"key": key, "partition": partition, "body": catalogue.store(known)})
    for partition, entries in batch.cells.items():
        for entry, amounts in entries.items():
            old = await tx.lock("cell", entry, partition)
            total = amounts if old is None else plus(old["amounts"], amounts)
            tx.put("cell", (entry, partition), {"entry": entry, "amounts": total})
    return []


@means("SELECT journey, body FROM p1.journey")
async def journeys(tx: Transaction, keys: Sequence[str]) -> list[Row]:
    return [row for key in keys if (row := tx.get("journey", key)) is not None]


@means("SELECT key, body FROM p1.catalogue")
async def entries(tx: Transaction, keys: Sequence[str]) -> list[Row]:
    return [row for key in keys if (row := tx.get("catalogue", key)) is not None]
