"""Environments of the contestants: each its own, made on demand from its lock and kept in the cache directory.

    python    contestants/NAME/requirements.lock    pinned with hashes, installed by the launcher's own installer
    java      contestants/NAME/pom.xml              pinned versions, built by Maven

An environment is kept under the digest of what it is made from, so a changed lock makes a new one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

from deploy.local.kafka import java

ROOT = Path(__file__).parents[1]
CONTESTANTS = Path(__file__).parent / "contestants"
_MAVEN_S = 300


class NoEnvironmentError(Exception):
    """An environment cannot be made here; the message says why."""


def cache_directory() -> Path:
    """Where everything that was fetched is kept."""
    return Path(os.environ.get("RUNONCE_CACHE", ROOT / ".run" / "cache")) / "bench"


def python(lock: Path) -> Path:
    """The interpreter of an environment with exactly the packages of `lock`. Raises `NoEnvironmentError`."""

    def install(target: Path) -> None:
        try:
            _launcher().install(lock, target)
        except SystemExit:
            raise NoEnvironmentError(f"the packages of {lock.parent.name} cannot be installed here") from None

    return _made(lock.parent.name, [lock], install) / "bin" / "python"


def java_program(project: Path) -> list[str]:
    """The command that runs Java with the classes and libraries of a Maven project. Raises `NoEnvironmentError`."""

    def build(target: Path) -> None:
        if shutil.which("mvn") is None or shutil.which("javac") is None:
            raise NoEnvironmentError(f"{project.name} needs Maven and a Java development kit")
        shutil.copytree(project, target)
        command = ["mvn", "-q", "-B", "-f", str(target / "pom.xml"), "package"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_MAVEN_S)
        if done.returncode:
            raise NoEnvironmentError(f"Maven could not build {project.name}: {done.stdout.strip().splitlines()[:1]}")

    sources = sorted(path for path in project.rglob("*") if path.is_file())
    return [java(), "-cp", f"{_made(project.name, sources, build)}/target/*"]


def _made(name: str, sources: Iterable[Path], make: Callable[[Path], None]) -> Path:
    """The directory made from `sources`. Two commands that start together wait for each other."""
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    target = cache_directory() / name / digest
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        ready = target.with_suffix(".ready")
        if not ready.exists():
            shutil.rmtree(target, ignore_errors=True)
            make(target)
            ready.touch()
    return target


@cache
def _launcher() -> Any:
    """The program `runonce`, which knows how packages are installed on this machine."""
    loader = SourceFileLoader("runonce_launcher", str(ROOT / "runonce"))
    spec = spec_from_loader("runonce_launcher", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module
