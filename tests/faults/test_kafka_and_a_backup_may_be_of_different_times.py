"""Promise: a topic that was made anew, or a database from an older backup, is noticed, said, and mended without a wrong figure."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.population import PORTAL
from shared.contracts.topics import INTAKE_EVENTS, TOPICS, Topic, partner_topics, submissions
from shared.kafka.admin import ensure_topics
from shared.kafka.clients import admin
from tests.faults.living import JOURNEYS, VERIFY_S, Living, until

ENDS_S = 60.0
AGAIN_S = 30.0


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[Living]:
    """A demonstration that this test may ruin."""
    made = Living(tmp_path)
    made.start()
    yield made
    made.stop()


async def make_anew(kafka: str, name: str, topics: tuple[Topic, ...]) -> None:
    """Delete a topic behind everybody's back and make it again."""
    client = admin(kafka, "test")
    await client.start()
    await client.delete_topics([name])
    async with asyncio.timeout(AGAIN_S):
        while name in await client.list_topics():
            await asyncio.sleep(0.1)
    await client.close()
    await ensure_topics(kafka, topics)


def ends_saying(living: Living, words: str) -> None:
    """The whole stack gives up, with these words last."""
    assert living.process is not None
    until(lambda: living.process is None or living.process.poll() is not None, ENDS_S, "gives up")
    assert words in living.said().splitlines()[-1]


def test_a_partners_topic_that_was_made_anew_is_read_from_its_beginning(lonely: Living) -> None:
    asyncio.run(make_anew(lonely.found.kafka, submissions(PORTAL), partner_topics("portal", PORTAL)))

    lonely.agrees()


def test_a_topic_of_events_that_was_made_anew_is_told_and_published_again(lonely: Living) -> None:
    tool = lonely.installation
    asyncio.run(make_anew(lonely.found.kafka, INTAKE_EVENTS, TOPICS))

    ends_saying(lonely, f"Kafka has lost records of {INTAKE_EVENTS}")
    assert tool.command("up").returncode == 1
    assert tool.command("republish").returncode == 0
    again = tool.command("demo", "--journeys", JOURNEYS, "--for", "5s", seconds=VERIFY_S)
    assert again.returncode == 0, again.stdout[-2_000:]


def test_a_database_from_before_its_newest_events_does_not_start(lonely: Living) -> None:
    tool, record = lonely.installation, lonely.data / "postgres"
    lonely.stop()
    shutil.copytree(record, lonely.data / "backup", symlinks=True)
    assert tool.command("demo", "--journeys", JOURNEYS, "--for", "5s", seconds=VERIFY_S).returncode == 0
    newer = record.rename(lonely.data / "newer")
    (lonely.data / "backup").rename(record)
    _same_owner(newer, record)

    refused = tool.command("up")

    assert refused.returncode == 1
    assert "restore a newer backup" in refused.stderr
    record.rename(lonely.data / "backup")
    newer.rename(record)
    assert tool.command("demo", "--journeys", JOURNEYS, "--for", "5s", seconds=VERIFY_S).returncode == 0


def _same_owner(model: Path, copy: Path) -> None:
    owner = model.stat()
    for path in (copy, *copy.rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)
