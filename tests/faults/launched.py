"""A whole stack of this process's own, on the real servers, whose services can be started as a test wants them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import urllib.request
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from deploy.local import instance
from deploy.local.children import free_port
from deploy.local.doors import Doors
from deploy.local.instance import Instance
from deploy.local.population import province
from deploy.local.quiet import until_quiet
from deploy.local.seed import seed
from deploy.local.stack import Options, Stack
from deploy.local.supervisor import Child
from services.intake.people import Pseudonyms
from shared.contracts.topics import Service
from shared.kafka.clients import admin
from shared.reference.deadlines import CHINA
from shared.runtime.auth import Keys, Staff
from shared.telemetry import clock
from tests.faults import laws
from tests.faults.asking import Who
from tests.faults.crowd import AT_A_TIME, Crowd
from tests.faults.evidence import Evidence, gather
from tests.faults.history import Call, calls
from tests.faults.lives import receipts
from tests.faults.living import Living
from tests.faults.own_counts import READINGS

START_S = 120.0
QUIET_S = 180.0
EVIDENCE_S = 120.0
KEEP_S = 0.2
RECOUNTED = 7
"""Every figure is counted by hand each time; the recount of that many, which reads the whole record for each, by turns."""
T = TypeVar("T")


class _Stack(Stack):
    """Services run under the launcher that can end them at a named point; `fuses` is where that is asked for."""

    fuses: Path

    def _service(self, service: Service, owner_dsn: str, dsn: str) -> Child:
        child = super()._service(service, owner_dsn, dsn)
        environment = {**(child.environment or {}), "FUSES": str(self.fuses)}
        return replace(child, argv=[sys.executable, "-m", "tests.faults.crashing", service], environment=environment)

    def second(self, service: Service, name: str) -> Child:
        """The same service once more, under another instance name and at another port, plainly."""
        child = super()._service(service, *self.dsns[service])
        port = free_port()
        environment = {**(child.environment or {}), "RUNONCE_INSTANCE": name, "RUNONCE_HTTP_PORT": str(port)}
        log = child.log.with_name(f"{service}-{name}.log")
        return replace(child, name=f"{service}-{name}", log=log, environment=environment, ready=lambda: answers(port))


def door_of(child: Child) -> str:
    """Where a second process answers."""
    return f"http://127.0.0.1:{(child.environment or {})['RUNONCE_HTTP_PORT']}"


def answers(port: int) -> bool:
    """Whether a service at `port` says that it is ready."""
    return Living.is_open(f"http://127.0.0.1:{port}")


class Launched(Living):
    """What `Living` can do, over a stack that this process supervises. The catalogue is in; no load is on."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.fuses = data / "fuses"
        self.fuses.mkdir(parents=True)
        self.stack = _Stack(Options(data, demo=True), lambda _: None)
        self.stack.fuses = self.fuses
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._held = ExitStack()
        self._keeper: asyncio.Task[None] | None = None
        self._turns = cycle(READINGS)

    @property
    def found(self) -> Instance:
        """The stack as it is now."""
        return Instance(os.getpid(), self.stack.kafka, self.stack.urls, self.stack.supervisor.pids(), demo=True)

    @property
    def keys(self) -> Keys:
        """The keys of this installation."""
        return Keys(self.data / "keys")

    def said(self) -> str:
        return ""

    def start(self) -> None:
        """Start everything and bring the catalogue in."""
        self._held.enter_context(instance.lock(self.data))
        self._thread.start()
        self.run(self._start(), START_S)

    def stop(self) -> None:
        """Stop everything in order."""
        self.run(self._stop(), START_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)
        self._loop.close()
        self._held.close()

    def run(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """The result of `work`, done in the loop that supervises the stack."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def restarts(self, name: str) -> int:
        """How often a process had to be started again so far."""
        return self.stack.supervisor.restarts.get(name, 0)

    def crowd(self, name: str, rng: Random, at_a_time: int = AT_A_TIME, other_doors: Mapping[str, str] | None = None) -> Crowd:
        """Load under a name of its own; its history is `history_of` that name. `other_doors` are used instead of the first ones.

        It gets dice of its own: it throws them in another thread, and the moments of the faults must not depend on that.
        """
        urls = {**self.stack.urls, **(other_doors or {})}
        return Crowd(name, urls, self.stack.kafka, self.keys, self.history_of(name), Random(rng.getrandbits(64)), at_a_time)

    def history_of(self, name: str) -> Path:
        """Where the history of a crowd lies."""
        return self.data / f"{name}.jsonl"

    def is_there(self, name: str) -> bool:
        """Whether a server or service accepts work."""
        return bool(self._entry(name).child.ready())

    def ends(self, name: str, number: signal.Signals) -> int:
        """Signal a process, wait until it is gone, and return its exit code. The supervisor starts it again."""
        process = self._entry(name).process
        process.send_signal(number)
        code: int = self.run(process.wait(), START_S)
        return code

    def _entry(self, name: str) -> Any:
        (entry,) = [entry for entry in self.stack.supervisor.running if entry.child.name == name]
        return entry

    def begin_second(self, service: Service, name: str) -> Child:
        """Start another process of a service and wait until it is ready."""
        child = self.stack.second(service, name)
        self.run(self.stack.supervisor.start(child), START_S)
        return child

    def end_second(self, child: Child, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop such a process for good."""
        self.run(self._end(child.name, number), START_S)

    def ask_for_rebuild(self) -> None:
        """Ask that the projection is built anew; while one is built already, or nobody answers, that is refused."""
        headers = {"authorization": f"Bearer {self.keys.issue('operator', 'history')}"}
        asked = urllib.request.Request(f"{self.stack.urls['metrics']}/v1/rebuild", method="POST", headers=headers)
        with contextlib.suppress(OSError):
            urllib.request.urlopen(asked, timeout=5).close()

    def comes_to_rest(self) -> None:
        """Wait until everything that was said was heard, and every message has its end."""

        async def rest() -> None:
            async with Doors(self.stack.urls, self.keys) as doors, asyncio.timeout(QUIET_S):
                while await self._is_busy(doors):
                    await asyncio.sleep(KEEP_S)
                await until_quiet(doors, self.stack.kafka, QUIET_S)
                if await self._is_busy(doors):
                    await rest()

        self.run(rest(), QUIET_S + 30)

    def agrees_with(self, name: str) -> None:
        """Come to rest, and let nothing be broken of the laws over this history and the whole record."""
        self.comes_to_rest()
        told = calls(self.history_of(name).read_text().splitlines())
        assert not [call.number for call in told if any(why.startswith("500") for why in call.silences)]
        faults = laws.broken(told, replace(self.evidence(), persons=self._persons(told)))
        assert not faults, (len(faults), faults[:12])

    def _persons(self, told: Sequence[Call]) -> dict[str, str]:
        services = Pseudonyms(self.keys.pseudonym_key()).staff, Staff(self.keys.staff_key())
        return {staff.ref(call.by): call.by for call in told for staff in services}

    def evidence(self) -> Evidence:
        """What the public doors tell now."""
        return self.run(self._evidence(), EVIDENCE_S)

    async def _evidence(self) -> Evidence:
        def issue(who: Who) -> str:
            return self.keys.issue("auditor", who.id)

        recounted = [next(self._turns) for _ in range(RECOUNTED)]
        return await gather(self.stack.urls, self.stack.kafka, self.data / "notify" / "outbox", issue, READINGS, recounted)

    async def _start(self) -> None:
        await self.stack.start()
        async with Doors(self.stack.urls, self.keys) as doors:
            await seed(doors, self.data, clock.now(), lambda _: None)
        async with asyncio.timeout(START_S):
            while not await self._partners_can_write():
                await asyncio.sleep(KEEP_S)
        self._keeper = asyncio.create_task(self._keep())

    async def _is_busy(self, doors: Doors) -> bool:
        """Whether a message is under way or the projection is being built anew."""
        for state in ("waiting", "sending"):
            if await doors.get("notify", "/v1/messages", "operator", state=state, limit=1):
                return True
        told = await doors.get("metrics", "/v1/rebuilds")
        return any(build["state"] in ("asked", "building") for build in told["rebuilds"])

    async def _partners_can_write(self) -> bool:
        client = admin(self.stack.kafka, "history")
        await client.start()
        try:
            return set(receipts(province(clock.now().astimezone(CHINA).date()))) <= set(await client.list_topics())
        finally:
            await client.close()

    async def _end(self, name: str, number: signal.Signals) -> None:
        entry = self._entry(name)
        if entry.watcher is not None:
            entry.watcher.cancel()
        entry.process.send_signal(number)
        await asyncio.wait_for(entry.process.wait(), START_S)
        self.stack.supervisor.running.remove(entry)

    async def _stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
        await self.stack.stop()

    async def _keep(self) -> None:
        """Others learn the new process of a service that was restarted."""
        known = self.stack.supervisor.pids()
        while True:
            await asyncio.sleep(KEEP_S)
            if (pids := self.stack.supervisor.pids()) != known:
                self.stack.record()
                known = pids
