"""Brings the synthetic catalogue in through intake's doors: once, and again whenever it has changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import orjson

from deploy.local.catalogue import SEED_CALLER, catalogue
from deploy.local.doors import DoorError, Doors

BATCH = 400


async def seed(doors: Doors, data: Path, now: datetime, say: Callable[[str], None]) -> int:
    """Publish what is not published yet; returns how many documents were sent. Raises `DoorError` if one is refused."""
    documents = catalogue(now)
    digest = sha256(orjson.dumps(documents)).hexdigest()
    marker = data / "seeded"
    if marker.exists() and marker.read_text() == digest and await doors.get("intake", "/v1/items", limit=1):
        return 0
    say("catalogue")
    for start in range(0, len(documents), BATCH):
        part = documents[start : start + BATCH]
        for document, answer in zip(part, await doors.batch("intake", SEED_CALLER, part), strict=True):
            if answer["status"] == "refused":
                raise DoorError(f"intake refused {document['id']}: {answer['rule']}")
    marker.write_text(digest)
    return len(documents)
