"""Promise: whoever dies after a record or an answer was sent has sent it, and has not heard itself what came of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.producer.sender import SendProduceReqHandler
from starlette.responses import Response

from shared.contracts.topics import INTAKE_EVENTS, WATERMARKS
from tests.faults.crash_points import answered, unheard
from tests.faults.fuses import Fuse


class Passing(Fuse):
    """Tells where it was passed instead of ending anybody."""

    def __init__(self, told: list[str]) -> None:
        super().__init__(Path("nowhere"))
        self._told = told

    def passes(self, point: str) -> None:
        self._told.append(point)


async def produced(monkeypatch: pytest.MonkeyPatch, topic: str) -> list[str]:
    """What happens in which order when the real client sends a batch to a broker that takes it."""
    told: list[str] = []

    async def send(_node: int, _request: Any) -> Any:
        told.append("appended")
        return SimpleNamespace(API_VERSION=5, topics=[(topic, [(0, 0, 7, -1, 0)])])

    sender: Any = SimpleNamespace(client=SimpleNamespace(send=send), _retry_backoff=0.0)
    batch: Any = SimpleNamespace(done=lambda *_: told.append("acknowledged"))
    monkeypatch.setattr(SendProduceReqHandler, "create_request", lambda _: SimpleNamespace(required_acks=-1))
    monkeypatch.setattr(SendProduceReqHandler, "handle_response", unheard(SendProduceReqHandler.handle_response, Passing(told)))
    await SendProduceReqHandler(sender, {TopicPartition(topic, 0): batch}).do(1)
    return told


async def test_after_a_send_the_broker_has_it_and_nobody_has_heard_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await produced(monkeypatch, INTAKE_EVENTS) == ["appended", "send:after", "acknowledged"]


async def test_a_watermark_is_no_record_that_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await produced(monkeypatch, WATERMARKS) == ["appended", "acknowledged"]


@pytest.mark.parametrize(
    ("path", "told"), [("/v1/commands/receive", ["answered", "command:answered"]), ("/v1/figures/F1", ["answered"])]
)
async def test_a_command_is_answered_when_its_answer_has_left(path: str, told: list[str]) -> None:
    seen: list[str] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            seen.append("answered")

    await answered(Response.__call__, Passing(seen))(Response(b"{}"), {"type": "http", "path": path}, None, send)

    assert seen == told
