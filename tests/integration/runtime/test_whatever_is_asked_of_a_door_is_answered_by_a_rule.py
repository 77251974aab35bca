"""Whatever is asked of a door, as its own description allows or forbids it, is answered, and what is refused names its rule."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode, Response
from schemathesis.core.result import Ok

from shared.contracts.envelope import Role
from shared.runtime.auth import Keys
from tests.browser.board_house import opened_board
from tests.browser.conftest import log_of
from tests.browser.house import opened

Case: TypeAlias = schemathesis.Case[Any]
Operation: TypeAlias = schemathesis.APIOperation[Any, Any, Any, Any]
# Hypothesis takes the services, which draw at random beside it, for its own strategies.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")
BODY = "9" * 18
SEED = 20_261_127
SETTINGS = settings(max_examples=4, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
"""So many requests of each kind, allowed and forbidden, to each door."""
TIMEOUT_S = 20.0
ROLES: Mapping[str, tuple[Role, ...]] = {
    "intake": ("importer", "clerk"),
    "approval": ("officer", "operator"),
    "notify": ("operator",),
    "metrics": ("operator",),
}
ENDLESS = {"/v1/stream"}


@pytest.fixture(scope="module")
async def doors(postgres: str, kafka: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Doors]]:
    """Where each service answers, and whose tokens it takes."""
    directory = tmp_path_factory.mktemp("doors")
    async with (
        log_of(postgres, "intake") as intake,
        log_of(postgres, "approval") as approval,
        log_of(postgres, "notify") as notify,
        log_of(postgres, "metrics") as metrics,
        opened(intake, approval, notify, directory) as house,
        opened_board(metrics, kafka, tmp_path_factory.mktemp("board")) as board,
    ):
        made = {name: Doors(url, house.keys) for name, url in house.urls.items()}
        yield made | {"metrics": Doors(board.url, board.keys)}


class Doors(NamedTuple):
    """A service as whoever holds its keys reaches it."""

    url: str
    keys: Keys

    def described(self) -> Iterator[Operation]:
        """Every door that the service describes, but for those that do not end."""
        for found in schemathesis.openapi.from_url(f"{self.url}/openapi.json").get_all_operations():
            assert isinstance(found, Ok), found.err()
            if found.ok().path not in ENDLESS:
                yield found.ok()

    def ask(self, case: Case, role: Role) -> Response:
        """Ask as `role`."""
        token = self.keys.issue(role, f"anybody-{role}", body=BODY, region="330100", ttl_s=600)
        return case.call(headers={"authorization": f"Bearer {token}"}, timeout=TIMEOUT_S)


@pytest.mark.parametrize(("service", "role"), [(service, role) for service, roles in ROLES.items() for role in roles])
async def test_nothing_fails_inside(doors: dict[str, Doors], service: str, role: Role) -> None:
    assert await asyncio.to_thread(_failures, doors[service], role) == []


def _failures(doors: Doors, role: Role) -> list[str]:
    """Each door's first answer that is none, if there is one."""
    found: dict[str, str] = {}

    def ask(case: Case) -> None:
        objection = _objection(doors.ask(case, role))
        if objection:
            found.setdefault(case.operation.label, objection)

    for operation in doors.described():
        for mode in GenerationMode:
            _of_each(operation.as_strategy(generation_mode=mode), ask)
    return [f"{label}: {objection}" for label, objection in found.items()]


def _of_each(cases: SearchStrategy[Case], ask: Callable[[Case], None]) -> None:
    # A door that takes nothing cannot be asked wrongly.
    with contextlib.suppress(Unsatisfiable):
        SETTINGS(seed(SEED)(given(case=cases)(ask)))()


def _objection(response: Response) -> str | None:
    """What is wrong with an answer: a failure inside, or a refusal that names no rule."""
    if response.status_code in (500, 501):
        return f"failed inside: {response.request.url} {response.request.body!r}"
    if response.status_code < 400:
        return None
    if response.headers["content-type"] != ["application/problem+json"]:
        return f"{response.status_code} is no problem document"
    told = response.json()
    return None if all(told.get(name) for name in ("rule", "title", "title_zh")) else f"{response.status_code} names no rule"
