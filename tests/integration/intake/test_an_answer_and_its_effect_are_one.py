"""A key, its answer and what was done commit together, and a commit in doubt is looked up before anybody hears of a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from services.intake import http
from services.intake.people import Pseudonyms
from services.intake.service import Intake
from shared.eventsourcing.errors import UnavailableError
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.pool import connect
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from tests.integration.intake.city import ITEM, KEY, PORTAL, WENZHOU, City

SUBMISSION = {"applicant": {"id_no": "330300199001010011", "region": WENZHOU}, "item_code": ITEM, "channel": "web"}
FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_disk BEFORE UPDATE ON idempotency FOR EACH ROW EXECUTE FUNCTION full_disk();
"""
T = TypeVar("T")


class Doubtful(EventLog):
    """A log whose next transactions take place and are not heard of: the connection breaks on the way back."""

    unheard = 0

    async def transact(self, work: Callable[[Tx], Awaitable[T]], limit_s: float | None = None) -> T:
        done = await super().transact(work, limit_s)
        if self.unheard:
            self.unheard -= 1
            raise UnavailableError("commit-unknown")
        return done


@pytest.fixture
def log(city: City) -> Doubtful:
    return Doubtful(city.log.pool, "intake")


@pytest.fixture
async def client(log: Doubtful, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    keys, pseudonyms = Keys(tmp_path / "keys"), Pseudonyms(KEY)
    keys.ensure()
    app = make_app("intake", "intake", keys, lambda: True)
    http.mount(app, log, Intake(pseudonyms), pseudonyms)
    headers = {"authorization": f"Bearer {keys.issue(PORTAL.role, PORTAL.id)}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://intake", headers=headers) as client:
        yield client


async def submit(client: httpx.AsyncClient, key: str) -> httpx.Response:
    return await client.post("/v1/commands/submit-application", json=SUBMISSION, headers={"idempotency-key": key})


@asynccontextmanager
async def full_disk(log: EventLog, postgres: str) -> AsyncIterator[None]:
    """A database that has no room left for the answer to a request."""
    owner = await connect(postgres.rpartition("/")[0] + "/" + await log.pool.fetchval("SELECT current_database()"))
    await owner.execute(FULL)
    try:
        yield
    finally:
        await owner.execute("DROP FUNCTION full_disk CASCADE")
        await owner.close()


async def test_an_answer_that_cannot_be_kept_leaves_no_effect(client: httpx.AsyncClient, log: Doubtful, postgres: str) -> None:
    async with full_disk(log, postgres):
        failed = await submit(client, "k1")
    again = await submit(client, "k1")

    assert (failed.status_code, again.status_code) == (503, 201)
    assert len(again.json()["code"]) == 10
    assert await log.pool.fetchval("SELECT count(*) FROM case_index") == 1


async def test_a_commit_that_took_place_unheard_is_answered_as_what_it_was(client: httpx.AsyncClient, log: Doubtful) -> None:
    log.unheard = 1
    answered = await submit(client, "k1")
    again = await submit(client, "k1")

    assert (answered.status_code, answered.headers["idempotent-replayed"]) == (201, "true")
    assert len(answered.json()["code"]) == 10
    assert again.content == answered.content


async def test_a_doubt_that_stays_is_told_with_its_key_still_good(client: httpx.AsyncClient, log: Doubtful) -> None:
    log.unheard = 2
    doubtful = await submit(client, "k1")
    again = await submit(client, "k1")

    assert (doubtful.status_code, again.status_code) == (503, 201)
    assert await log.pool.fetchval("SELECT count(*) FROM case_index") == 1
