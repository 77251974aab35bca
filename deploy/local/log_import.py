"""Brings a log in through intake's batch door: ordered per case, safe to interrupt and to repeat."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import aiohttp
import orjson

from deploy.local.doors import AWAY, PATIENCE_S, RETRY_S, DoorError
from deploy.local.log_reader import REPORT_TYPE, BadRow, LogReader, Reported

BATCH = 500
LANES = 3
_SAMPLE_MAX = 20


@dataclass(slots=True)
class ImportResult:
    """What became of a log's rows."""

    applied: int = 0
    known_before: int = 0
    refused: int = 0
    bad: list[BadRow] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.applied + self.known_before + self.refused


async def import_log(reader: LogReader, intake_url: str, token: str, progress: Callable[[int], None]) -> ImportResult:
    """Import every row. `progress` hears how many more reports were answered.

    Raises `DoorError` in an `ExceptionGroup` if intake is away for long; what came in until then is known the next time.
    """
    result = ImportResult()
    queues: list[asyncio.Queue[list[Reported] | None]] = [asyncio.Queue(4) for _ in range(LANES)]
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {token}"}) as session, asyncio.TaskGroup() as group:
        for queue in queues:
            group.create_task(_send(session, intake_url, queue, result, progress))
        waiting: list[list[Reported]] = [[] for _ in queues]
        for report in reader.read():
            if isinstance(report, BadRow):
                result.bad.append(report)
                continue
            # One case always takes the same lane, so its order holds while lanes run side by side.
            lane = crc32(report.case_ref.encode()) % LANES
            waiting[lane].append(report)
            if len(waiting[lane]) == BATCH:
                await queues[lane].put(waiting[lane])
                waiting[lane] = []
        for queue, rest in zip(queues, waiting, strict=True):
            await queue.put(rest)
            await queue.put(None)
    return result


async def _send(
    session: aiohttp.ClientSession,
    url: str,
    queue: asyncio.Queue[list[Reported] | None],
    result: ImportResult,
    progress: Callable[[int], None],
) -> None:
    while (batch := await queue.get()) is not None:
        if not batch:
            continue
        body = orjson.dumps([_document(report) for report in batch], option=orjson.OPT_UTC_Z)
        _count(result, batch, orjson.loads(await _answer(session, url, body)))
        progress(len(batch))


async def _answer(session: aiohttp.ClientSession, url: str, body: bytes) -> bytes:
    """The answer to a batch, asked for again while intake is away: a report that was recorded is known again."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        with contextlib.suppress(aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
            async with session.post(f"{url}/v1/commands", data=body) as answer:
                if answer.status < AWAY:
                    answer.raise_for_status()
                    return await answer.read()
        if asyncio.get_running_loop().time() > deadline:
            raise DoorError(f"intake has been away for {PATIENCE_S:.0f} s; look at its log")
        await asyncio.sleep(RETRY_S)


def _count(result: ImportResult, batch: Iterable[Reported], replies: Iterable[dict[str, Any]]) -> None:
    for report, reply in zip(batch, replies, strict=True):
        match reply["status"]:
            case "applied":
                result.applied += 1
            case "duplicate":
                result.known_before += 1
            case _:
                result.refused += 1
                if len(result.bad) < _SAMPLE_MAX:
                    reason = f"{reply.get('rule')} {reply.get('field') or ''}".strip()
                    result.bad.append(BadRow(report.data["file"], report.data["row"], reason))


def _document(report: Reported) -> dict[str, Any]:
    document = {
        "specversion": "1.0",
        "id": report.id,
        "source": "import",
        "type": REPORT_TYPE,
        "subject": report.id,
        "time": report.occurred,
        "data": report.data,
    }
    return document if report.known is None else document | {"knowntime": report.known}
