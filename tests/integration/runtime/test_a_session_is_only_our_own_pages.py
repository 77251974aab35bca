"""A signed token becomes a cookie that scripts cannot read; only a page of the same origin can use it to change anything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Response

from shared.runtime.auth import Keys
from shared.runtime.http import SignedIn, make_app, plain
from shared.runtime.settings import About
from shared.runtime.sign_in import Play, sign_in_doors

BODY = "11330100AAAAAAAAA1"
LOCAL = "http://127.0.0.1"


async def bodies() -> list[dict[str, object]]:
    return [{"body": BODY, "region": "330100", "name": ["局", "Bureau"]}]


CLERKS = Play(("clerk",), bodies)


def service(keys: Keys, *, local: bool, play: Play = CLERKS) -> FastAPI:
    app = make_app("intake", "intake", keys, lambda: True, about=About(local=local, demo=local))

    @app.post("/v1/change")
    async def change(caller: SignedIn) -> Response:
        return plain({"by": caller.id})

    sign_in_doors(app, play)
    return app


@dataclass
class Seat:
    """A browser at one service."""

    client: httpx.AsyncClient
    keys: Keys

    async def sign_in(self, role: str = "clerk") -> httpx.Response:
        token = self.keys.issue(role, "c-1", body=BODY, region="330100", audience="intake")  # type: ignore[arg-type]
        return await self.client.post("/v1/session", json={"token": token})


async def seated(tmp_path: Path, *, local: bool, base: str = LOCAL) -> AsyncIterator[Seat]:
    keys = Keys(tmp_path / "keys")
    keys.ensure()
    transport = httpx.ASGITransport(service(keys, local=local), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=base) as client:
        yield Seat(client, keys)


@pytest.fixture
async def seat(tmp_path: Path) -> AsyncIterator[Seat]:
    async for made in seated(tmp_path, local=True):
        yield made


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Seat]:
    async for made in seated(tmp_path, local=False, base="https://intake.example"):
        yield made


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(seat: Seat, strict: Seat) -> None:
    here, elsewhere = [(await one.sign_in()).headers["set-cookie"].lower() for one in (seat, strict)]

    for cookie in (here, elsewhere):
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
    assert "secure" in elsewhere
    assert elsewhere.startswith("__host-")


async def test_who_is_signed_in_is_told_what_a_page_needs(seat: Seat) -> None:
    assert (await seat.client.get("/v1/session")).status_code == 401
    await seat.sign_in()
    told = (await seat.client.get("/v1/session")).json()

    assert (told["role"], told["id"], told["body"], told["region"]) == ("clerk", "c-1", BODY, "330100")
    assert told["head"] is False
    assert "ref" not in told, "only where staff have pseudonyms"


async def test_a_change_needs_the_word_that_only_our_page_knows(seat: Seat) -> None:
    word = (await seat.sign_in()).json()["csrf"]
    without = await seat.client.post("/v1/change")
    wrong = await seat.client.post("/v1/change", headers={"x-runonce-csrf": "0" * 64})
    right = await seat.client.post("/v1/change", headers={"x-runonce-csrf": word})

    assert [(a.status_code, a.json().get("rule")) for a in (without, wrong)] == [(403, "foreign-page")] * 2
    assert right.json() == {"by": "c-1"}


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "http://evil.example"}]
)
async def test_another_sites_page_changes_nothing_even_with_the_word(seat: Seat, headers: dict[str, str]) -> None:
    word = (await seat.sign_in()).json()["csrf"]
    answer = await seat.client.post("/v1/change", headers={"x-runonce-csrf": word, **headers})
    entering = await seat.client.post("/v1/session/demo", json={"role": "clerk", "body": BODY}, headers=headers)

    assert [a.status_code for a in (answer, entering)] == [403, 403]


async def test_a_bearer_token_needs_no_word_and_outranks_the_session(seat: Seat) -> None:
    await seat.sign_in()
    token = seat.keys.issue("clerk", "c-2", audience="intake")
    answer = await seat.client.post("/v1/change", headers={"authorization": f"Bearer {token}"})
    broken = await seat.client.post("/v1/change", headers={"authorization": "Bearer nonsense"})

    assert answer.json() == {"by": "c-2"}
    assert broken.status_code == 401


async def test_a_doubtful_token_begins_no_session(seat: Seat) -> None:
    foreign = seat.keys.issue("clerk", "c-1", audience="approval")
    late = seat.keys.issue("clerk", "c-1", ttl_s=-60)
    answers = [await seat.client.post("/v1/session", json={"token": token}) for token in (foreign, late, "x")]

    assert {a.status_code for a in answers} == {401}
    assert not any("set-cookie" in a.headers for a in answers)


async def test_a_good_token_of_a_role_without_pages_is_called_good_and_begins_no_session(seat: Seat) -> None:
    unfit = await seat.sign_in("operator")

    assert (unfit.status_code, unfit.json()["rule"]) == (403, "not-your-role")
    assert "set-cookie" not in unfit.headers


async def test_signing_out_forgets_the_session(seat: Seat) -> None:
    await seat.sign_in()
    assert (await seat.client.delete("/v1/session")).status_code == 204
    assert (await seat.client.get("/v1/session")).status_code == 401


async def test_roles_are_chosen_on_a_local_installation_alone(seat: Seat, strict: Seat) -> None:
    told = (await seat.client.get("/v1/session/demo")).json()
    chosen = await seat.client.post("/v1/session/demo", json={"role": "clerk", "body": BODY})
    refused = await seat.client.post("/v1/session/demo", json={"role": "clerk", "body": "9" * 18})
    unfit = await seat.client.post("/v1/session/demo", json={"role": "operator"})
    elsewhere = [await strict.client.get("/v1/session/demo"), await strict.client.post("/v1/session/demo", json={"role": "clerk"})]

    assert told["cities"] == [{"region": "330100", "name": ["杭州市", "Hangzhou"]}]
    assert (chosen.json()["body"], chosen.json()["region"]) == (BODY, "330100")
    assert [a.status_code for a in (refused, unfit)] == [422, 403]
    assert [a.status_code for a in elsewhere] == [404, 404]


async def test_the_head_of_a_body_is_chosen_where_heads_matter_alone(tmp_path: Path, seat: Seat) -> None:
    keys = Keys(tmp_path / "keys")
    app = service(keys, local=True, play=Play(("officer",), bodies, heads=True))
    chosen = {"role": "head", "body": BODY}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=LOCAL) as client:
        choices = (await client.get("/v1/session/demo")).json()["roles"]
        head = (await client.post("/v1/session/demo", json=chosen)).json()
        officer = (await client.post("/v1/session/demo", json=chosen | {"role": "officer"})).json()

    assert choices == ["officer", "head"]
    assert (head["role"], head["head"], officer["head"]) == ("officer", True, False)
    assert head["id"] != officer["id"]
    assert (await seat.client.post("/v1/session/demo", json=chosen)).status_code == 403


async def test_a_foreign_name_for_this_machine_chooses_nothing(tmp_path: Path) -> None:
    async for rebound in seated(tmp_path, local=True, base="http://rebound.example"):
        assert (await rebound.client.get("/v1/session/demo")).status_code == 404
