"""What dies comes back, what does not start is named, and nothing outlives its supervisor, even a killed one."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local import instance
from deploy.local.instance import AlreadyRunningError
from deploy.local.postgres import Postgres
from deploy.local.supervisor import Child, NotReadyError, Supervisor
from shared.postgres.pool import connect
from tests.conftest import within

SLEEPER = "import time, pathlib, os; pathlib.Path({path!r}).write_text(str(os.getpid())); time.sleep(600)"


def sleeper(path: Path) -> Child:
    argv = [sys.executable, "-c", SLEEPER.format(path=str(path))]
    return Child("sleeper", argv, path.with_suffix(".log"), path.exists)


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


async def until(condition: Callable[[], bool]) -> None:
    async with within(20):
        while not condition():
            await asyncio.sleep(0.05)


async def test_a_killed_child_comes_back(tmp_path: Path) -> None:
    supervisor, path = Supervisor(), tmp_path / "pid"
    await supervisor.start(sleeper(path))
    first = supervisor.pids()["sleeper"]

    os.kill(first, signal.SIGKILL)
    await until(lambda: supervisor.pids()["sleeper"] != first)

    assert supervisor.restarts == {"sleeper": 1}
    second = supervisor.pids()["sleeper"]
    await supervisor.stop()
    assert not alive(second)


async def test_a_child_that_ends_before_it_is_ready_is_named(tmp_path: Path) -> None:
    supervisor = Supervisor()
    broken = Child("broken", [sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "log", lambda: False)

    with pytest.raises(NotReadyError, match="broken did not start"):
        await supervisor.start(broken)
    await supervisor.stop()


PARENT = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.integration.local.test_supervisor_restarts_what_dies import sleeper
from deploy.local.supervisor import Supervisor

async def main():
    await Supervisor().start(sleeper(Path({path!r})))
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
async def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    program = PARENT.format(root=str(Path(__file__).parents[3]), path=str(path))
    parent = subprocess.Popen([sys.executable, "-c", program])
    await until(lambda: path.exists() and path.read_text() != "")
    child = int(path.read_text())

    parent.kill()
    parent.wait()

    await until(lambda: not alive(child))


async def supervised(root: Path) -> tuple[Postgres, Supervisor]:
    server, supervisor = Postgres(root / "pg", durable=True), Supervisor()
    server.prepare()
    child = Child(
        "postgres", server.command(), root / "log", server.ready, stop_signal=signal.SIGINT,
        before_restart=server.forget_last_run,
    )  # fmt: skip
    await supervisor.start(child)
    return server, supervisor


async def test_a_killed_postgresql_comes_back_on_its_port_with_its_data(tmp_path: Path) -> None:
    server, supervisor = await supervised(tmp_path)
    connection = await connect(server.dsn)
    await connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    await connection.close()
    first = supervisor.pids()["postgres"]

    os.kill(first, signal.SIGKILL)
    await until(lambda: supervisor.pids()["postgres"] != first and server.ready())

    connection = await connect(server.dsn)
    assert await connection.fetchval("SELECT n FROM kept") == 7
    await connection.close()
    await supervisor.stop()


async def test_a_postgresql_one_of_whose_processes_is_killed_ends_as_a_whole_and_comes_back(tmp_path: Path) -> None:
    server, supervisor = await supervised(tmp_path)
    first = supervisor.pids()["postgres"]
    connection = await connect(server.dsn)

    os.kill(connection.get_server_pid(), signal.SIGKILL)
    await until(lambda: supervisor.pids()["postgres"] != first and server.ready())

    connection.terminate()
    again = await connect(server.dsn)
    assert await again.fetchval("SELECT 1") == 1
    await again.close()
    await supervisor.stop()


def test_one_data_directory_has_one_instance(tmp_path: Path) -> None:
    with instance.lock(tmp_path):
        assert instance.is_running(tmp_path)
        with pytest.raises(AlreadyRunningError):
            instance.lock(tmp_path)
    assert not instance.is_running(tmp_path)
