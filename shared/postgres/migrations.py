"""Numbered SQL files in dbmate's format, applied once each, in order, under an advisory lock, and never edited afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from shared.postgres.pool import connect

COMMON = Path(__file__).parent / "migrations"
_LOCK = 7_220_001


class MigrationEditedError(Exception):
    """A migration that was already applied has other bytes now; write a new one instead."""


async def migrate(owner_dsn: str, directories: Iterable[Path]) -> list[str]:
    """Apply what is missing of `directories` (the common ones first) and return the names applied.

    Raises `MigrationEditedError` naming the file if an applied one was edited.
    """
    files = [path for directory in (COMMON, *directories) for path in sorted(directory.glob("*.sql"))]
    connection = await connect(owner_dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute("CREATE TABLE IF NOT EXISTS schema_migrations (version text PRIMARY KEY, sha256 text NOT NULL)")
        known = {r["version"]: r["sha256"] for r in await connection.fetch("SELECT * FROM schema_migrations")}
        applied = []
        for path in files:
            digest = sha256(path.read_bytes()).hexdigest()
            if known.get(path.name, digest) != digest:
                raise MigrationEditedError(path.name)
            if path.name in known:
                continue
            async with connection.transaction():
                await connection.execute(_up(path.read_text(encoding="utf-8")))
                await connection.execute("INSERT INTO schema_migrations VALUES ($1, $2)", path.name, digest)
            applied.append(path.name)
        return applied
    finally:
        await connection.close()


def _up(text: str) -> str:
    return text.split("-- migrate:up", 1)[1].split("-- migrate:down", 1)[0]
