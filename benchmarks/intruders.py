"""Requests that no door takes: too large, too slow, without an end. What they cost everybody else is measured beside them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from shared.runtime.limits import BODY_MAX

LOUD, SLOW = 5, 50
"""How many connections of each kind: of those that send as fast as they are read, and of those that send a byte a second."""
PAUSE_S, BYTE_S = 0.2, 1.0
"""Between two requests of one connection's owner, and between two bytes of a slow one."""
CUT = "cut"
"""What became of a request whose connection was closed without an answer, as it may be while its sender still speaks."""
_CHUNKED = b"transfer-encoding: chunked\r\n\r\n"
_SENT_LOUDLY: Sequence[Sequence[bytes]] = (
    (b"content-length: %d\r\n\r\n" % (BODY_MAX + 1), b"x" * (BODY_MAX + 1)),
    (_CHUNKED, *[b"4000\r\n" + b"x" * 0x4000 + b"\r\n"] * 1_000),
    (b"x-large: " + b"x" * 17_408 + b"\r\n\r\n",),
    (_CHUNKED + b"1\r\nx\r\n0\r\n", b"".join(b"x-%d: y\r\n" % number for number in range(10_000)) + b"\r\n"),
)
_SENT_SLOWLY: Sequence[Sequence[bytes]] = ([b"x"] * 1_000, [b"content-length: 1000\r\n\r\n", *[b"x"] * 1_000])


@asynccontextmanager
async def intruders(url: str, token: str) -> AsyncIterator[Counter[str]]:
    """Let them at the command door of `url` while the block runs. Counts what became of their requests: statuses, or `CUT`."""
    where, fared = urlsplit(url), Counter[str]()
    head = f"POST /v1/commands/record-visit HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nidempotency-key: x\r\n".encode()

    async def insist(pieces: Sequence[bytes], pause_s: float) -> None:
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(where.hostname, where.port)
                fared[await _fate(reader, writer, [head, *pieces], pause_s)] += 1
            await asyncio.sleep(PAUSE_S)

    crowd = [(pieces, 0.0) for pieces in _SENT_LOUDLY] * LOUD + [(pieces, BYTE_S) for pieces in _SENT_SLOWLY] * SLOW
    insisting = [asyncio.create_task(insist(*one)) for one in crowd]
    try:
        yield fared
    finally:
        for task in insisting:
            task.cancel()
        await asyncio.gather(*insisting, return_exceptions=True)


async def _fate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pieces: Sequence[bytes], pause_s: float) -> str:
    async def speak() -> None:
        with suppress(OSError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause_s)

    speaking = asyncio.create_task(speak())
    try:
        return (await reader.readline())[9:12].decode() or CUT
    except OSError:
        return CUT
    finally:
        speaking.cancel()
        writer.close()
