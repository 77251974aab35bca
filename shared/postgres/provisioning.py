"""Databases and roles for a cluster that the embedded profile or a test owns; operators make theirs by other means."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

from shared.postgres.pool import connect

APP_ROLE = "runonce_app"
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


async def ensure_database(superuser_dsn: str, database: str, app_password: str) -> tuple[str, str]:
    """Make `database` and the application role if they are missing; returns (owner DSN, application DSN)."""
    if not _NAME.match(database) or not re.fullmatch(r"[A-Za-z0-9_-]+", app_password):
        raise ValueError("a database name or password has characters that are not allowed")
    connection = await connect(superuser_dsn)
    try:
        exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", APP_ROLE)
        verb = "ALTER" if exists else "CREATE"
        await connection.execute(f"{verb} ROLE {APP_ROLE} LOGIN PASSWORD '{app_password}'")
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
            await connection.execute(f"CREATE DATABASE {database}")
    finally:
        await connection.close()
    return dsn_for(superuser_dsn, database), dsn_for(superuser_dsn, database, APP_ROLE, app_password)


def dsn_for(dsn: str, database: str, user: str | None = None, password: str | None = None) -> str:
    """The same server, another database and, if given, another user."""
    parts = urlsplit(dsn)
    login = parts.netloc.rpartition("@")[0] if user is None else f"{quote(user)}:{quote(password or '')}"
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}@{place}" if login else place, path=f"/{database}"))
