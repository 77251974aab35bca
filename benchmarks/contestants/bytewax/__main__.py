"""Bytewax: two stateful steps, a row keyed by journey and a sum keyed by cell, both in its recovery store (SQLite).

Offsets and states are written together at the end of an epoch, so the states hold every record once. Bytewax has no
transaction with anything outside, so what a sink was given since the last epoch would be given again after a crash: the
outcome is read from the recovery store. It must be told how many partitions the store has, and cannot change that later.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from benchmarks.contestants.journeys import TOPICS, Amounts, Movement, Row, fold, plus, write_outcome
from benchmarks.contestants.progress import Progress, options

Message = KafkaSourceMessage[bytes, bytes]


class _Nowhere(StatelessSinkPartition[Any]):
    def write_batch(self, items: list[Any]) -> None:
        pass


class Nowhere(DynamicSink[Any]):
    """A dataflow must end in a sink; the figures stay in the store."""

    def build(self, *_: object) -> _Nowhere:
        return _Nowhere()


def dataflow(kafka: str, progress: Progress) -> Dataflow:
    """Records to rows to cells, until every partition is at its end."""

    def read(messages: list[Message]) -> list[tuple[str, dict[str, Any]]]:
        if not progress.read and messages:
            progress.begin()
        progress.read += len(messages)
        return [(message.key.decode(), orjson.loads(message.value)) for message in messages]

    def row(known: Row | None, event: dict[str, Any]) -> tuple[Row, list[Movement]]:
        row = {} if known is None else known
        return row, fold(row, event)

    def cell(known: Amounts | None, movement: Amounts) -> tuple[Amounts, Amounts]:
        amounts = plus(known, movement)
        return amounts, amounts

    flow = Dataflow("contest")
    records = op.input("records", flow, KafkaSource([kafka], TOPICS, tail=False, batch_size=1000))
    events = op.flat_map_batch("events", records, read)
    movements = op.stateful_flat_map("rows", events, row)
    cells = op.stateful_map("cells", op.map("by_cell", movements, lambda moved: moved[1]), cell)
    op.output("nowhere", cells, Nowhere())
    return flow


def held(store: Path, step: str) -> Iterator[tuple[str, Any]]:
    """The newest state of each key of a step."""
    newest = "SELECT state_key, ser_change, max(snap_epoch) FROM snaps WHERE step_id LIKE ? GROUP BY state_key"
    for file in store.glob("*.sqlite3"):
        with sqlite3.connect(file) as database:
            for key, state, _ in database.execute(newest, (f"%.{step}.%",)):
                if state is not None:
                    yield key, pickle.loads(state)


def main() -> None:
    """Run until the topics end, then read the store."""
    asked = options()
    progress = Progress(asked.records)
    asked.state.mkdir(parents=True)
    init_db_dir(asked.state, 1)
    cli_main(dataflow(asked.kafka, progress), recovery_config=RecoveryConfig(str(asked.state)))
    report = progress.report()
    write_outcome(asked.out, sum(1 for _ in held(asked.state, "rows")), held(asked.state, "cells"))
    print(report)


if __name__ == "__main__":
    main()
