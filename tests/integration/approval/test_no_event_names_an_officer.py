"""Whoever acts stands in approval's events under one pseudonym: as the actor, and where an event says who decided."""

from __future__ import annotations

from pathlib import Path

import orjson

from tests.conftest import MakeLog
from tests.integration.approval.test_racing_officers_decide_once import with_case
from tests.integration.approval.test_who_decided_is_who_is_signed_in import posted
from tests.unit.approval.story import STAFF


async def test_no_number_of_an_officer_is_in_an_event(make_log: MakeLog, tmp_path: Path) -> None:
    log = await with_case(make_log)

    assert (await posted(log, tmp_path)).status_code == 201

    bodies = [row["body"] for row in await log.pool.fetch("SELECT body FROM event")]
    assert not [body for body in bodies if b"officer-7" in body]
    (decided,) = (told for told in map(orjson.loads, bodies) if "decision-made" in told["type"])
    assert (decided["actorrole"], decided["actorid"]) == ("officer", STAFF.ref("officer-7"))
    assert decided["data"]["officer_ref"] == decided["actorid"]
