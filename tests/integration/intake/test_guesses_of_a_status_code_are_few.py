"""A status code is not found by trying, and whoever tries keeps nobody else from asking."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from services.intake import http
from services.intake.guesses import WRONG_MAX, household
from services.intake.people import Pseudonyms
from services.intake.service import Intake
from shared.contracts.ingress import Receipt
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from tests.integration.intake.city import KEY, City, submit


class Street:
    """The public door as people behind different addresses see it."""

    def __init__(self, city: City, tmp_path: Path) -> None:
        keys = Keys(tmp_path / "keys")
        keys.ensure()
        pseudonyms = Pseudonyms(KEY)
        self._app = make_app("intake", "intake", keys, lambda: True)
        http.mount(self._app, city.log, Intake(pseudonyms), pseudonyms)

    @asynccontextmanager
    async def behind(self, address: str) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
            yield client

    async def ask(self, address: str, receipt_no: str, code: str) -> httpx.Response:
        async with self.behind(address) as client:
            return await client.post("/v1/status", json={"receipt_no": receipt_no, "code": code})


@pytest.fixture
def street(city: City, tmp_path: Path) -> Street:
    return Street(city, tmp_path)


def wrong(receipt: Receipt) -> str:
    return "0000000000" if receipt.code != "0000000000" else "0000000001"


def receipt_of(receipt: Receipt) -> str:
    return str(receipt.receipt_no)


async def test_one_household_is_told_when_it_may_try_again(city: City, street: Street) -> None:
    mine = await city.done(submit())
    for _ in range(WRONG_MAX):
        assert (await street.ask("192.0.2.1", receipt_of(mine), wrong(mine))).status_code == 404

    refused = await street.ask("192.0.2.1", receipt_of(mine), str(mine.code))
    assert (refused.status_code, refused.json()["rule"]) == (429, "too-many-guesses")
    assert 3_500 < int(refused.headers["retry-after"]) <= 3_600
    assert "一小时" in refused.json()["title_zh"]


async def test_a_clock_that_was_set_back_shuts_nobody_out_for_longer(city: City, street: Street) -> None:
    mine = await city.done(submit())
    for _ in range(WRONG_MAX):
        await street.ask("192.0.2.1", receipt_of(mine), wrong(mine))
    await city.log.pool.execute("UPDATE guess SET began_at = began_at + interval '2 hours'")

    assert (await street.ask("192.0.2.1", receipt_of(mine), str(mine.code))).status_code == 200
    assert (await street.ask("192.0.2.1", receipt_of(mine), wrong(mine))).status_code == 404
    assert await city.log.pool.fetchval("SELECT wrong FROM guess") == 1


async def test_many_codes_at_once_are_no_more_than_in_a_row(city: City, street: Street) -> None:
    mine = await city.done(submit())
    answers = await asyncio.gather(*(street.ask("192.0.2.1", receipt_of(mine), f"{n:010d}") for n in range(2 * WRONG_MAX)))

    assert [answer.status_code for answer in answers].count(404) == WRONG_MAX


async def test_however_many_guess_the_applicant_is_not_shut_out(city: City, street: Street) -> None:
    mine, other = await city.done(submit()), await city.done(submit(channel="terminal"))
    for n in range(1, 6):
        await asyncio.gather(*(street.ask(f"198.51.100.{n}", receipt_of(mine), wrong(mine)) for _ in range(WRONG_MAX + 2)))

    assert (await street.ask("198.51.100.1", receipt_of(mine), str(mine.code))).status_code == 429
    assert (await street.ask("203.0.113.1", receipt_of(mine), str(mine.code))).status_code == 200, "others' guesses are theirs"
    assert (await street.ask("198.51.100.1", receipt_of(other), str(other.code))).status_code == 200, "a hall shares an address"


async def test_a_code_is_long_enough_to_do_without_a_limit_for_all(city: City) -> None:
    assert re.fullmatch(r"[0-9]{10}", str((await city.done(submit())).code))


async def test_a_receipt_that_does_not_exist_is_answered_alike(street: Street) -> None:
    answers = [await street.ask("198.51.100.1", "SAAAAAAAAAAAA", "0000000000") for _ in range(WRONG_MAX + 1)]

    assert [answer.status_code for answer in answers] == [404] * WRONG_MAX + [429]


async def test_right_codes_are_never_counted(city: City, street: Street) -> None:
    mine = await city.done(submit())
    for _ in range(WRONG_MAX + 1):
        assert (await street.ask("192.0.2.1", receipt_of(mine), str(mine.code))).status_code == 200

    assert await city.log.pool.fetchval("SELECT count(*) FROM guess") == 0


async def test_after_an_hour_everything_is_forgotten(city: City, street: Street) -> None:
    mine = await city.done(submit())
    for _ in range(WRONG_MAX):
        await street.ask("192.0.2.1", receipt_of(mine), wrong(mine))
    await city.log.pool.execute("UPDATE guess SET began_at = began_at - interval '1 hour'")

    assert (await street.ask("192.0.2.1", receipt_of(mine), str(mine.code))).status_code == 200
    assert (await street.ask("192.0.2.9", "SBBBBBBBBBBBB", "000000")).status_code == 404
    assert await city.log.pool.fetchval("SELECT count(*) FROM guess WHERE began_at < clock_timestamp() - interval '1 hour'") == 0


async def test_neither_addresses_nor_receipts_are_kept(city: City, street: Street) -> None:
    mine = await city.done(submit())
    await street.ask("192.0.2.77", receipt_of(mine), wrong(mine))

    kept = " ".join(str(row["whose"]) for row in await city.log.pool.fetch("SELECT whose FROM guess"))
    assert "192.0.2.77" not in kept
    assert receipt_of(mine) not in kept


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:2:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_a_household_is_one_address(one: str, other: str, same: bool) -> None:
    assert (household(one) == household(other)) is same
