"""Promise: while a server's disk is full or fails nothing is promised that is not kept, and all goes on when it is well again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from benchmarks.processes import family
from tests.faults.living import Living, until

SIZE = "700m"
NEEDS_ROOT = "only root can give a server a small disk of its own, or look over another user's process"
REFUSED_S = 120.0
BACK_S = 60.0
FAILING_S = 8.0
CALLS = "fsync,fdatasync"
CHUNK = b"\0" * 65_536

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason=NEEDS_ROOT)


@pytest.fixture(scope="module")
def on_small_disks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A demonstration whose servers have small disks of their own."""
    data = tmp_path_factory.mktemp("small")
    disks = [data / "postgres", data / "kafka"]
    for disk in disks:
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(disk)], check=True)
    try:
        living = Living(data)
        living.start()
        yield living
        living.stop()
    finally:
        for disk in disks:
            subprocess.run(["umount", "--lazy", str(disk)], check=False)


@contextlib.contextmanager
def full(disk: Path) -> Iterator[None]:
    """A disk without a byte left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(CHUNK) == len(CHUNK):
            pass
    try:
        yield
    finally:
        ballast.unlink()


def registered(living: Living, key: str) -> tuple[int, dict[str, str]]:
    """Register a partner under a key: the status of the answer and its headers; 0 while nobody answers."""
    body = orjson.dumps({"partner": f"p-{key[:8]}", "kind": "portal", "region": "330000"})
    request = urllib.request.Request(living.found.urls["intake"] + "/v1/commands/register-partner", body)
    request.add_header("authorization", f"Bearer {living.installation.keys.issue('operator', 'o')}")
    request.add_header("idempotency-key", key)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}
    except OSError:
        return 0, {}


def accepted(living: Living) -> str:
    """The key of a registration that was accepted."""
    status, _ = registered(living, key := str(uuid4()))
    assert status == 201, status
    return key


def goes_on(living: Living) -> None:
    """All services move again without anybody's hand, and everything agrees."""
    living.moves(BACK_S)
    living.agrees()


def test_a_full_disk_of_the_record_refuses_and_loses_nothing(on_small_disks: Living) -> None:
    living, promised = on_small_disks, [accepted(on_small_disks)]

    def is_refused() -> bool:
        key = str(uuid4())
        status, headers = registered(living, key)
        assert status in {0, 201, 503}, status
        if status == 201:
            promised.append(key)
        return status == 503 and "retry-after" in headers

    with full(living.data / "postgres"):
        until(is_refused, REFUSED_S, "refused")

    until(lambda: registered(living, str(uuid4()))[0] == 201, BACK_S, "accepted again")
    for key in promised:
        status, headers = registered(living, key)
        assert (status, headers.get("idempotent-replayed")) == (201, "true")
    goes_on(living)


def test_a_full_disk_of_the_broker_keeps_the_doors_open(on_small_disks: Living) -> None:
    living = on_small_disks
    before = living.found.pids["kafka"]
    with full(living.data / "kafka"):
        until(lambda: not Path(f"/proc/{before}").exists() or living.found.pids["kafka"] != before, REFUSED_S, "broker ends")
        until(lambda: registered(living, str(uuid4()))[0] == 201, BACK_S, "accepted without a broker")

    goes_on(living)


@contextlib.contextmanager
def failing(living: Living, when: str) -> Iterator[Callable[[], None]]:
    """PostgreSQL's `CALLS` fail; call what is yielded again and again, so that a server started meanwhile fails as well."""
    tracers: dict[int, subprocess.Popen[bytes]] = {}
    traces = []

    def follow() -> None:
        pid = living.found.pids["postgres"]
        there = family(pid)
        if pid in tracers or not there:
            return
        traces.append(living.data / f"trace-{pid}")
        fails = ["-e", f"trace={CALLS}", "-e", f"inject={CALLS}:error=EIO:when={when}"]
        # Who is forked later is followed; whoever is there already, such as a pooled connection, has to be named.
        whom = [word for one in there for word in ("-p", str(one))]
        tracers[pid] = subprocess.Popen(["strace", "-f", "-qq", "-o", str(traces[-1]), *fails, *whom])

    follow()
    try:
        yield follow
    finally:
        for tracer in tracers.values():
            with contextlib.suppress(ProcessLookupError):
                tracer.send_signal(signal.SIGINT)
            tracer.wait(10)
    assert any("EIO" in trace.read_text() for trace in traces)


@pytest.mark.skipif(shutil.which("strace") is None, reason="the package strace, which makes system calls fail, is not installed")
@pytest.mark.parametrize("when", ["3+7", "1+"], ids=["now and then", "always"])
def test_a_disk_that_fails_to_write_loses_nothing_that_was_promised(on_small_disks: Living, when: str) -> None:
    living, promised = on_small_disks, [accepted(on_small_disks)]
    with failing(living, when) as follow:
        ends = time.monotonic() + FAILING_S
        while time.monotonic() < ends:
            follow()
            status, _ = registered(living, key := str(uuid4()))
            assert status in {0, 201, 503}, status
            promised += [key] if status == 201 else []

    until(lambda: registered(living, str(uuid4()))[0] == 201, BACK_S, "accepted again")
    for key in promised:
        status, headers = registered(living, key)
        assert (status, headers.get("idempotent-replayed")) == (201, "true")
    goes_on(living)
