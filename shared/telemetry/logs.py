"""Structured logs: one JSON object a line, known fields only, and never the text of an exception.

Exception texts and payloads may quote a citizen; a class name and a place in the code are enough to find a fault.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from time import monotonic
from typing import Any, TextIO

import structlog

_FIELDS = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "service",
        "logger",
        "error_class",
        "error_at",
        "group",
        "topic",
        "partition",
        "offset",
        "method",
        "path",
        "status",
        "duration_ms",
        "count",
        "rule",
        "action",
        "role",
        "caller",
    }
)
_META = frozenset({"_record", "_from_structlog"})
"""What the formatter itself needs until it renders the line, and takes out again."""
_OUR_OWN = ("services", "shared", "deploy", "__main__")
LIBRARY_EVERY_S = 10.0
"""While a server is away its client library speaks hundreds of times a second, and all its lines say the same here."""
_QUIET = ("aiokafka", "kafka", "asyncio", "asyncpg", "uvicorn", "uvicorn.error", "uvicorn.access", "faust", "mode")


class _NowAndThen(logging.Filter):
    """Lets one message of a library through in a while; ours all pass."""

    def __init__(self) -> None:
        super().__init__()
        self._next: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith(_OUR_OWN):
            return True
        now = monotonic()
        if now < self._next.get(record.name, 0.0):
            return False
        self._next[record.name] = now + LIBRARY_EVERY_S
        return True


def _mute_libraries(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A library's own words may quote a key, an address or a value: its name and level are all that is kept."""
    record = event.get("_record")
    if record is not None and not record.name.startswith(_OUR_OWN):
        event["logger"] = record.name
        event["event"] = "library-message"
    return event


def _name_the_error(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else sys.exc_info()[1] if info else None
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if error is not None:
        event["error_class"] = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        if frames:
            event["error_at"] = f"{Path(frames[-1].filename).name}:{frames[-1].name}:{frames[-1].lineno}"
    return event


def _only_known(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if key in _FIELDS or key in _META}


def configure(service: str, stream: TextIO | None = None) -> None:
    """Send this process's logs to `stream` (standard error unless given), one JSON object a line."""

    def stamp(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    chain: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        stamp,
        _mute_libraries,
        _name_the_error,
        _only_known,
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    handler.addFilter(_NowAndThen())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        # These print payloads at DEBUG and request lines at INFO.
        logging.getLogger(name).setLevel(logging.ERROR)
