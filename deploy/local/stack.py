"""The whole installation on one machine: servers, databases, keys and four services, all under one supervisor."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from deploy.local import instance
from deploy.local.children import free_port
from deploy.local.instance import Instance
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.supervisor import Child, Supervisor
from shared.contracts.topics import SERVICES, TOPICS, Service
from shared.kafka.admin import ensure_topics
from shared.postgres.provisioning import ensure_database
from shared.runtime.auth import Keys

ROOT = Path(__file__).parents[2]
HOPELESS = frozenset({2, 3})
"""Exit codes of a service that is misconfigured, or whose checkpoints belong to another Kafka cluster."""
PREFERRED_PORTS = {"intake": 8101, "approval": 8102, "notify": 8103, "metrics": 8100}


@dataclass(frozen=True, slots=True)
class Options:
    """Where the data lies, and which servers are given instead of started."""

    data: Path
    kafka: str | None = None
    postgres: str | None = None
    demo: bool = False

    @property
    def cache(self) -> Path:
        """Where downloads are kept; shared by every data directory of this checkout."""
        return Path(os.environ.get("RUNONCE_CACHE", ROOT / ".run" / "cache"))


class Stack:
    """Start it, use `urls`, stop it. Everything it starts ends with this process."""

    def __init__(self, options: Options, say: Callable[[str], None]) -> None:
        self.options = options
        self.supervisor = Supervisor()
        self.keys = Keys(options.data / "keys")
        self.kafka = options.kafka or ""
        self.urls: dict[str, str] = {}
        self.dsns: dict[Service, tuple[str, str]] = {}
        self._say = say
        self._ports = instance.last_ports(options.data)

    async def start(self) -> None:
        """Bring everything up. Raises what says why it cannot be: no Kafka, no PostgreSQL, a child that does not start."""
        await self.start_servers()
        await self.start_services()

    async def start_servers(self) -> None:
        """Bring up the servers with their databases and topics, and no service yet; `dsns` says how to reach each database."""
        self.keys.ensure()
        superuser, self.kafka = await asyncio.gather(self._start_postgres(), self._start_kafka())
        self._say("databases and topics")
        self.dsns = {service: await self._database(superuser, service) for service in SERVICES}
        await ensure_topics(self.kafka, TOPICS)

    async def start_services(self, services: Sequence[Service] = SERVICES) -> None:
        """Bring up the services and let other commands find this instance."""
        for service in services:
            self._ports[service] = free_port(self._ports.get(service, PREFERRED_PORTS[service]))
            self.urls[service] = f"http://127.0.0.1:{self._ports[service]}"
        self._say("services")
        await self.supervisor.start_together([self._service(service, *self.dsns[service]) for service in services])
        instance.remember_ports(self.options.data, self._ports)
        self.record()

    def record(self) -> None:
        """Let other commands find this instance."""
        found = Instance(os.getpid(), self.kafka, self.urls, self.supervisor.pids(), self.options.demo)
        instance.write(self.options.data, found)

    async def stop(self) -> None:
        """Stop everything in order."""
        await self.supervisor.stop()
        (self.options.data / "instance.json").unlink(missing_ok=True)

    async def _start_postgres(self) -> str:
        if self.options.postgres:
            return self.options.postgres
        server = Postgres(self.options.data / "postgres", self._ports.get("postgres"))
        await asyncio.to_thread(server.prepare)
        server.forget_last_run()
        self._ports["postgres"] = server.port
        child = Child(
            "postgres",
            server.command(),
            self.options.data / "logs" / "postgres.log",
            server.ready,
            stop_signal=signal.SIGINT,
            before_restart=server.forget_last_run,
        )
        await self.supervisor.start(child)
        return server.dsn

    async def _start_kafka(self) -> str:
        if self.options.kafka:
            return self.options.kafka
        server = await asyncio.to_thread(Kafka, self.options.data / "kafka", self.options.cache, self._ports.get("kafka"))
        await asyncio.to_thread(server.prepare)
        self._ports["kafka"] = server.port
        log = self.options.data / "logs" / "kafka.log"
        await self.supervisor.start(Child("kafka", server.command(), log, server.ready))
        return server.address

    async def _database(self, superuser: str, service: Service) -> tuple[str, str]:
        return await ensure_database(superuser, service, self._password())

    def _password(self) -> str:
        path = self.options.data / "app-password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24))
        return path.read_text()

    def _service(self, service: Service, owner_dsn: str, dsn: str) -> Child:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RUNONCE_")},
            "PYTHONPATH": str(ROOT),
            "RUNONCE_PROFILE": "local",
            "RUNONCE_POSTGRES_DSN": dsn,
            "RUNONCE_POSTGRES_OWNER_DSN": owner_dsn,
            "RUNONCE_KAFKA": self.kafka,
            "RUNONCE_INSTANCE": "local",
            "RUNONCE_HTTP_PORT": str(self._ports[service]),
            "RUNONCE_KEYS_DIR": str(self.options.data / "keys"),
            "RUNONCE_DATA_DIR": str(self.options.data / service),
            "RUNONCE_DEMO": "true" if self.options.demo else "false",
            **{f"RUNONCE_{name.upper()}_URL": url for name, url in self.urls.items()},
        }
        return Child(
            service,
            [sys.executable, "-m", f"services.{service}"],
            self.options.data / "logs" / f"{service}.log",
            lambda: _answers(self.urls[service] + "/readyz"),
            environment,
            hopeless=HOPELESS,
        )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
