"""A log line is one JSON object of known fields; neither an exception's text nor a library's words get into it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from shared.telemetry import logs

CANARY = "330102199001011234"


@pytest.fixture
def lines() -> Iterator[StringIO]:
    root, written = logging.getLogger(), StringIO()
    before, level = list(root.handlers), root.level
    logs.configure("intake", written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)


def told(lines: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_an_exception_is_named_by_its_class_and_place(lines: StringIO) -> None:
    try:
        raise LookupError(CANARY)
    except LookupError:
        logging.getLogger("services.intake").exception("request-failed", extra={"group": "intake", "citizen": CANARY})

    (line,) = told(lines)
    assert CANARY not in json.dumps(line)
    assert (line["event"], line["error_class"], line["group"], line["service"]) == (
        "request-failed",
        "LookupError",
        "intake",
        "intake",
    )


def test_what_several_parts_died_of_is_named_by_the_first(lines: StringIO) -> None:
    try:
        raise ExceptionGroup(CANARY, [ExceptionGroup(CANARY, [_failed()])])
    except ExceptionGroup:
        logging.getLogger("services.intake").exception("part-died")

    (line,) = told(lines)
    assert CANARY not in json.dumps(line)
    assert line["error_class"] == "LookupError"
    assert str(line["error_at"]).startswith(f"{Path(__file__).name}:_failed:")


def _failed() -> LookupError:
    try:
        raise LookupError(CANARY)
    except LookupError as error:
        return error


def test_a_library_is_heard_but_not_quoted(lines: StringIO) -> None:
    logging.getLogger("aiokafka.consumer").error("key %s could not be sent", CANARY)

    (line,) = told(lines)
    assert (line["event"], line["logger"]) == ("library-message", "aiokafka.consumer")
    assert CANARY not in json.dumps(line)


def test_a_library_that_repeats_itself_is_heard_now_and_then(lines: StringIO) -> None:
    for _ in range(100):
        logging.getLogger("aiokafka").error("unable to connect")
        logging.getLogger("services.intake").error("relay-waits")

    events = [line["event"] for line in told(lines)]
    assert (events.count("library-message"), events.count("relay-waits")) == (1, 100)
