"""A permit log comes in by a mapping alone: rows are counted, what cannot be read is named, and coming again changes nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.local.quiet import until_quiet
from tests.acceptance.conftest import Installation

pytestmark = pytest.mark.acceptance
QUIET_S = 60
MAPPING = """
origin = "made-up"
zone = "Europe/Paris"
region = "r1"

[events]
files = ["events.csv"]
case = "id"
time = "at"

[[rules]]
rule = "submitted"
field = "what"
values = ["begin"]
phase = "submitted"
"""
ROWS = """id,what,at
c-1,begin,2020-01-01T10:00:00
c-1,end,not-a-time
c-1,end,2020-01-02T10:00:00
c-2,begin,2020-01-01T10:00:00
"""


def brought_in(installation: Installation, directory: Path) -> subprocess.CompletedProcess[str]:
    log = directory / "made-up"
    log.mkdir(exist_ok=True)
    (log / "events.csv").write_text(ROWS)
    (directory / "mapping.toml").write_text(MAPPING)
    return installation.command("import", str(log), "--mapping", str(directory / "mapping.toml"))


async def counted(installation: Installation) -> Any:
    async with installation.doors() as doors:
        await until_quiet(doors, installation.found.kafka, QUIET_S)
        return await doors.get("metrics", "/v1/logs/made-up", None)


async def test_a_bad_row_is_told_with_its_line_and_the_rest_is_counted_once(installation: Installation, tmp_path: Path) -> None:
    done = brought_in(installation, tmp_path)

    assert done.stdout == "made-up: 3 recorded, 0 known before, 1 not readable\n"
    assert "events.csv:3" in done.stderr
    found = await counted(installation)
    assert (found["counts"]["all"]["events"], found["counts"]["all"]["cases"]) == (3, 2)
    assert found["rules"]["all"]["submitted"] == 2

    async with installation.doors() as doors:
        lines = await doors.lines("metrics", "/v1/csv/logs/made-up", "operator")
        nothing_yet = await doors.get("metrics", "/v1/logs/made-up", None, to="2019-12-31")
    assert b"counts,all,events,3,made-up,,\r" in lines
    assert nothing_yet["counts"]["all"]["cases"] == 0
    assert nothing_yet["as_of"].startswith("2019-12-31T23:00:00")

    again = brought_in(installation, tmp_path)

    assert again.stdout == "made-up: 0 recorded, 3 known before, 1 not readable\n"
    assert await counted(installation) == found
