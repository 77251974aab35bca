"""Faust's own tables: one agent, a table of rows and a table of cells, each with its changelog topic.

A cell is kept once for each partition and summed when it is read, so that nothing has to be sent on by another key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import faust
import orjson
import uvloop
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.contestants.journeys import TOPICS, Movement, fold, plus, write_outcome
from benchmarks.contestants.progress import Progress, options

PARTITIONS = 12


class Contest:
    """The application, its tables and its agent."""

    def __init__(self, kafka: str, group: str, progress: Progress) -> None:
        self.done = asyncio.Event()
        self.app = faust.App(
            group,
            broker=f"kafka://{kafka}",
            store="memory://",
            processing_guarantee="exactly_once",
            topic_partitions=PARTITIONS,
            topic_replication_factor=1,
            stream_buffer_maxsize=131_072,
            stream_wait_empty=False,
            web_enabled=False,
            consumer_auto_offset_reset="earliest",
        )
        self.rows: Any = self.app.Table("rows", partitions=PARTITIONS)
        self.cells: Any = self.app.Table("cells", partitions=PARTITIONS)
        self._progress = progress
        events = self.app.topic(*TOPICS, key_type=str, value_type=bytes, value_serializer="raw")
        self.app.agent(events)(self.project)

    async def project(self, stream: Any) -> None:
        """Fold each record into its row, and what it moves into the cells."""
        async for record in stream.events():
            if not self._progress.read:
                self._progress.begin()
            row = self.rows.get(record.key) or {}
            for cell, amounts in fold(row, orjson.loads(record.value)):
                own = f"{record.message.partition}\n{cell}"
                self.cells[own] = plus(self.cells.get(own), amounts)
            # Only an assignment is written to the changelog.
            self.rows[record.key] = row
            self._progress.took(0)
            if self._progress.is_complete:
                self.done.set()

    def figures(self) -> Iterable[Movement]:
        """Every cell summed over its partitions."""
        sums: dict[str, list[int]] = {}
        for own, amounts in self.cells.items():
            cell = own.partition("\n")[2]
            sums[cell] = plus(sums.get(cell), amounts)
        return sums.items()


async def make_changelogs(kafka: str, names: Iterable[str]) -> None:
    """Faust would make them itself, but its first look at a topic that was just made can show no partitions, and the agent dies."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs={"cleanup.policy": "compact"}) for name in names])
    finally:
        await admin.close()


async def main() -> None:
    """Run until everything is committed, then read the tables."""
    asked = options()
    progress = Progress(asked.records)
    contest = Contest(asked.kafka, asked.group, progress)
    app = contest.app
    app.finalize()
    await make_changelogs(asked.kafka, [table.changelog_topic_name for table in (contest.rows, contest.cells)])
    app.loop = asyncio.get_running_loop()
    await app.start()
    try:
        await contest.done.wait()
        await app.consumer.commit()
        await app.producer.flush()
        report = progress.report()
        write_outcome(asked.out, len(contest.rows), contest.figures())
    finally:
        await app.stop()
    print(report)


if __name__ == "__main__":
    uvloop.run(main())
