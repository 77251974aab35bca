"""Over HTTP every command has a key: without a good one nothing is done, and a key names one request of one caller."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.commands import AcceptCustody, WithdrawCustodyOffer
from shared.contracts.ingress import Receipt
from shared.postgres.event_log import Tx
from shared.runtime.auth import Keys
from shared.runtime.http import command_routes, make_app
from shared.runtime.requests import Asked
from tests.conftest import MakeLog

BODY = {"case_no": "case-1"}


class Counter:
    """Does what is asked, and remembers under which identities."""

    def __init__(self) -> None:
        self.done: list[UUID] = []

    async def handle(self, tx: Tx, asked: Sequence[Asked]) -> list[Receipt]:
        self.done += [one.command_id for one in asked]
        return [Receipt(id=one.id, subject=None, status="applied", events=(one.command_id,)) for one in asked]


class Door:
    """The HTTP door of a service with two commands."""

    def __init__(self, client: httpx.AsyncClient, keys: Keys, counter: Counter) -> None:
        self.counter = counter
        self._client = client
        self._keys = keys

    async def ask(self, key: bytes | None, command: str = "accept-custody", by: str = "one", **more: Any) -> httpx.Response:
        """A command of a portal, under a key or under none."""
        headers = {b"authorization": f"Bearer {self._keys.issue('portal', by)}".encode()}
        headers |= {} if key is None else {b"idempotency-key": key}
        return await self._client.post(f"/v1/commands/{command}", json=BODY | more, headers=list(headers.items()))


@pytest.fixture
async def door(make_log: MakeLog, tmp_path: Path) -> AsyncIterator[Door]:
    keys, counter = Keys(tmp_path / "keys"), Counter()
    keys.ensure()
    app = make_app("intake", "intake", keys, lambda: True)
    command_routes(app, await make_log("intake"), (AcceptCustody, WithdrawCustodyOffer), counter.handle)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://intake") as client:
        yield Door(client, keys, counter)


def told(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    return answer.status_code, answer.json().get("rule"), answer.json().get("field")


@pytest.mark.parametrize("key", [b"", b"x" * 256, b"two words", b"tab\there", "键".encode(), b"\xff", b"\x7f"])
async def test_nothing_is_done_under_a_key_that_is_none(door: Door, key: bytes) -> None:
    assert told(await door.ask(key)) == (400, "idempotency-key-malformed", "Idempotency-Key")
    assert door.counter.done == []


async def test_nothing_is_done_without_a_key(door: Door) -> None:
    assert told(await door.ask(None)) == (400, "idempotency-key-missing", "Idempotency-Key")
    assert door.counter.done == []


@pytest.mark.parametrize("key", [b"k", b"x" * 255, b"!#~"])
async def test_the_same_request_again_is_told_its_first_answer(door: Door, key: bytes) -> None:
    first, again = [await door.ask(key) for _ in range(2)]

    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert len(door.counter.done) == 1


@pytest.mark.parametrize("other", [{"command": "withdraw-custody-offer"}, {"handover_no": "H2"}, {"case_no": "case-2"}])
async def test_a_key_is_of_no_use_for_anything_else(door: Door, other: dict[str, str]) -> None:
    await door.ask(b"k")

    assert told(await door.ask(b"k", **other)) == (422, "idempotency-key-reused", None)
    assert len(door.counter.done) == 1


async def test_two_callers_may_use_one_key_and_are_not_confused(door: Door) -> None:
    answers = [await door.ask(b"1", by=portal) for portal in ("one", "two", "one", "two")]

    assert [answer.status_code for answer in answers] == [201] * 4
    assert ["idempotent-replayed" in answer.headers for answer in answers] == [False, False, True, True]
    assert len(set(door.counter.done)) == len(door.counter.done) == 2
    assert answers[0].json()["events"] != answers[1].json()["events"]
