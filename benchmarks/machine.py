"""What the measurements were made on: processor, memory, and the versions of everything that took part."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.environments import CONTESTANTS
from deploy.local.kafka import VERSION, java
from deploy.local.postgres import programs

_PINNED = re.compile(r"^(quixstreams|bytewax|confluent-kafka|rocksdict|faust-streaming|uvloop)==([^ ;]+)", re.MULTILINE)


def machine() -> list[tuple[str, str]]:
    """Each thing with what it is."""
    found = [
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("memory", f"{_memory_gib():.0f} GiB"),
        ("system", f"{platform.system()} {platform.release()}"),
        ("Python", platform.python_version()),
        ("Java", _said(java(), "-version").splitlines()[0]),
        ("Kafka", f"{VERSION}, one broker of the embedded profile"),
        ("PostgreSQL", _said(str(programs() / "postgres"), "--version").rpartition(" ")[2] + ", fsync and synchronous_commit on"),
    ]
    found += [(name, version(name)) for name in ("aiokafka", "pydantic", "asyncpg", "uvloop")]
    found.append(("Kafka Streams", "4.3.0, RocksDB and Jackson as its pom.xml pins them"))
    for lock in sorted(CONTESTANTS.glob("*/requirements.lock")):
        packages = ", ".join(f"{name} {number}" for name, number in _PINNED.findall(lock.read_text()))
        found.append((lock.parent.name.capitalize().replace("_", " "), packages))
    return found


def _processor() -> str:
    for line in _said("lscpu").splitlines():
        name, _, value = line.partition(":")
        if name == "Model name":
            return value.strip()
    return platform.machine()


def _memory_gib() -> float:
    kibibytes = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return int(kibibytes.group(1)) / 2**20 if kibibytes else 0.0


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip()
