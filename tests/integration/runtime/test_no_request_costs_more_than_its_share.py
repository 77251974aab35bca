"""Promise: a head, a body or a crowd that is too large or too slow is refused, and others are answered meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import Request, Response

from shared.runtime import limits, wire_limits
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from shared.runtime.wire_limits import LimitedProtocol
from tests.conftest import within

SOON_S = 10.0
QUICK_S = 0.3
POST = b"POST /echo HTTP/1.1\r\nhost: x\r\n"
Address = tuple[str, int]


@pytest.fixture
async def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Address, asyncio.Event]]:
    """A running door with short patience, whose answers wait for the event."""
    monkeypatch.setattr(wire_limits, "HEAD_S", QUICK_S)
    monkeypatch.setattr(limits, "BODY_S", QUICK_S)
    app, answering = make_app("intake", "test", Keys(tmp_path), lambda: True), asyncio.Event()
    answering.set()

    @app.post("/echo")
    async def echo(request: Request) -> Response:
        size = len(await request.body())
        await answering.wait()
        return Response(str(size))

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, http=LimitedProtocol, log_config=None))
    running = asyncio.create_task(server._serve())
    async with within(SOON_S):
        while not server.started:
            await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[:2], answering
    answering.set()
    server.should_exit = True
    await running


async def told(address: Address, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """What comes back, up to the end of the connection, when `pieces` are sent one by one."""
    reader, writer = await asyncio.open_connection(*address)

    async def speak() -> None:
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause_s)
        except OSError:
            return

    speaking = asyncio.create_task(speak())
    try:
        async with within(SOON_S):
            answer = await reader.read()
    except ConnectionResetError:
        answer = b""
    speaking.cancel()
    writer.close()
    return answer


async def asked(address: Address, body: bytes = b"abc", who: str = "somebody") -> bytes:
    head = POST + f"authorization: Bearer {who}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
    return await told(address, head + body)


@pytest.mark.parametrize(
    "head",
    [
        b"x-large: " + b"x" * 17_408 + b"\r\n\r\n",
        b"".join(b"x-%d: y\r\n" % number for number in range(3_000)) + b"\r\n",
        b"x-endless: " + b"x" * 1_000_000,
    ],
    ids=["one large header", "many headers", "a header without an end"],
)
async def test_a_large_head_is_refused(door: tuple[Address, asyncio.Event], head: bytes) -> None:
    pieces = [head[start : start + 4_096] for start in range(0, len(head), 4_096)]

    for answer in (await told(door[0], POST, *pieces), await told(door[0], POST + head)):
        # Who is still speaking when the connection is closed may hear nothing but its end.
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


async def test_a_head_of_ordinary_size_passes(door: tuple[Address, asyncio.Event]) -> None:
    head = POST + b"x-large: " + b"x" * 15_000 + b"\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc"

    assert (await told(door[0], head)).startswith(b"HTTP/1.1 200 ")


async def test_trailers_are_counted_with_the_head(door: tuple[Address, asyncio.Event]) -> None:
    trailers = b"".join(b"x-%d: y\r\n" % number for number in range(10_000))

    answer = await told(door[0], POST + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n" + trailers + b"\r\n")

    assert not answer.startswith(b"HTTP/1.1 200 ")


async def test_who_sends_a_head_byte_by_byte_is_sent_away(door: tuple[Address, asyncio.Event]) -> None:
    slow = [bytes([letter]) for letter in POST + b"x-slow: " + b"x" * 100]

    answer, others = await asyncio.gather(told(door[0], *slow, pause_s=QUICK_S / 5), asked(door[0]))

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert others.startswith(b"HTTP/1.1 200 ")


async def test_who_says_nothing_is_sent_away(door: tuple[Address, asyncio.Event]) -> None:
    assert (await told(door[0])).startswith(b"HTTP/1.1 408 ")


async def test_who_sends_a_body_byte_by_byte_is_sent_away(door: tuple[Address, asyncio.Event]) -> None:
    head = POST + b"content-length: 1000\r\n\r\n"

    answer, others = await asyncio.gather(told(door[0], head, *[b"x"] * 50, pause_s=QUICK_S / 5), asked(door[0]))

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert others.startswith(b"HTTP/1.1 200 ")


async def test_a_body_of_one_byte_too_many_is_refused(door: tuple[Address, asyncio.Event]) -> None:
    assert (await asked(door[0], b"x" * limits.BODY_MAX)).startswith(b"HTTP/1.1 200 ")
    assert (await asked(door[0], b"x" * (limits.BODY_MAX + 1))).startswith(b"HTTP/1.1 413 ")


async def test_a_body_without_an_end_is_refused_and_cut(door: tuple[Address, asyncio.Event]) -> None:
    chunk = b"1000\r\n" + b"x" * 4_096 + b"\r\n"

    answer = await told(door[0], POST + b"transfer-encoding: chunked\r\n\r\n", *[chunk] * 10_000)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")


async def test_with_too_many_in_hand_the_next_is_asked_to_come_again(
    door: tuple[Address, asyncio.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IN_HAND_MAX", 5)
    address, answering = door
    answering.clear()
    crowd = [asyncio.create_task(asked(address, who=str(number))) for number in range(6)]
    done, waiting = await asyncio.wait(crowd, timeout=SOON_S, return_when=asyncio.FIRST_COMPLETED)

    (refused,) = (task.result() for task in done)
    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in refused
    alive = await told(address, b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert alive.startswith(b"HTTP/1.1 200 ")
    answering.set()
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in await asyncio.gather(*waiting))
    assert (await asked(address)).startswith(b"HTTP/1.1 200 ")


async def test_one_callers_crowd_leaves_room_for_the_next_caller(
    door: tuple[Address, asyncio.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IN_HAND_MAX", 6)
    address, answering = door
    answering.clear()
    crowd = [asyncio.create_task(asked(address, who="crowd")) for _ in range(6)]
    async with within(SOON_S):
        while sum(task.done() for task in crowd) < 3:
            await asyncio.sleep(0.01)
    others = [asyncio.create_task(asked(address, who=who)) for who in ("one", "two")]
    answering.set()

    answers = await asyncio.gather(*crowd, *others)

    assert [answer[9:12] for answer in answers].count(b"503") == 3
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers[6:])


@pytest.mark.parametrize("body", [b"", b"content-length: 1\r\n"])
async def test_a_question_is_in_hand_whatever_it_says_of_a_body(
    door: tuple[Address, asyncio.Event], monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(limits, "IN_HAND_MAX", 0)

    answer = await told(door[0], b"GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + body + b"\r\n" + b"x"[: len(body)])

    assert answer.startswith(b"HTTP/1.1 503 ")
