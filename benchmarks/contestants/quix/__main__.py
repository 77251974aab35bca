"""Quix Streams, exactly once: topics put together, a row in the state of its journey, a repartition topic of movements by cell.

Both states are in RocksDB with changelog topics. Quix knows no state over several topics but that of a concatenation, which
also lines the topics up by time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import orjson
from quixstreams import Application, State
from rocksdict import AccessType, Rdict

from benchmarks.contestants.journeys import TOPICS, fold, plus, write_outcome
from benchmarks.contestants.progress import Progress, options


def application(kafka: str, group: str, directory: Path, progress: Progress) -> Application:
    """The application with its whole dataflow; it stops by itself when everything was counted."""

    def processed(_topic: str, _partition: int, _offset: int) -> None:
        if progress.is_complete:
            app.stop()

    def row(event: dict[str, Any], state: State) -> list[dict[str, Any]]:
        if not progress.read:
            progress.begin()
        row = state.get("row", {})
        movements = fold(row, event)
        state.set("row", row)
        progress.took(len(movements))
        return [{"cell": cell, "amounts": amounts} for cell, amounts in movements]

    def cell(movement: dict[str, Any], state: State) -> None:
        progress.added()
        state.set("amounts", plus(state.get("amounts"), movement["amounts"]))

    app = Application(
        broker_address=kafka,
        consumer_group=group,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        # Its defaults, a poll of up to a second and a commit every five, would have it wait most of the time.
        commit_interval=1.0,
        consumer_poll_timeout=0.05,
        state_dir=directory,
        on_message_processed=processed,
        loglevel="WARNING",
    )
    frames = [app.dataframe(app.topic(name, key_deserializer="str", value_deserializer="json")) for name in TOPICS]
    movements = reduce(lambda left, right: left.concat(right), frames).apply(row, stateful=True, expand=True)
    movements.group_by("cell", key_serializer="str", key_deserializer="str").update(cell, stateful=True)
    return app


def held(directory: Path, name: str) -> Iterator[tuple[str, Any]]:
    """Every key of a state of that name with its value, as they lie on disk."""
    ending = f'|"{name}"'.encode()
    for store in directory.rglob("CURRENT"):
        for key, value in Rdict(str(store.parent), access_type=AccessType.read_only()).items():
            if key.endswith(ending):
                yield orjson.loads(key.removesuffix(ending)), orjson.loads(value)


def main() -> None:
    """Run until everything is committed, then read the stores."""
    asked = options()
    progress = Progress(asked.records)
    application(asked.kafka, asked.group, asked.state, progress).run()
    report = progress.report()
    write_outcome(asked.out, sum(1 for _ in held(asked.state, "row")), held(asked.state, "amounts"))
    print(report)


if __name__ == "__main__":
    main()
