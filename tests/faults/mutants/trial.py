"""A trial: break a copy of the sources, see that it still imports, and ask the tests, which must fail for the right reason."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from deploy.local.children import die_with_parent
from tests.faults.mutants.mutant import Ask, Mutant, Schedules, Suite, broken

ROOT = Path(__file__).parents[3]
ASK_S = 240
IMPORT_S = 60
LOOK_S = 0.2
STOP_S = 20
"""How long the tests may take to stop what they started; servers that are killed leave memory of theirs behind."""
PARTS = ("services", "shared", "deploy", "benchmarks", "tests", "pyproject.toml", "runonce", "requirements", "docs")
_NOT_A_FINDING = re.compile(
    r"\b(?:[\w.]+\.)?(SyntaxError|IndentationError|ImportError|ModuleNotFoundError|NameError|UnboundLocalError|AttributeError|TypeError"
    r"|UnknownStatementError|PostgresSyntaxError|UndefinedColumnError)\b"
)
"""A mutant that only breaks the program, and no promise, shows nothing about the tests."""
_FAILED = re.compile(r"\bschedule (\d+) of (\w+) failed: (.*)$", re.MULTILINE)
Verdict = Literal["caught", "survived", "broken"]


@dataclass(frozen=True, slots=True)
class Told:
    """What asking gave: whether somebody noticed, and who, or what went wrong."""

    verdict: Verdict
    by: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one trial."""

    mutant: Mutant
    told: Told
    seconds: float


class GivenUpError(Exception):
    """Nobody waits for the answer any more."""


class Copy:
    """A copy of the sources that may be broken and mended. The checkout itself is never touched."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._given_up = threading.Event()
        for part in PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
            elif (ROOT / part).exists():
                shutil.copy2(ROOT / part, root / part)

    @contextmanager
    def broken_by(self, mutant: Mutant) -> Iterator[None]:
        """The copy with `mutant` in it, for as long as the block lasts. Raises `UnfitError`."""
        try:
            for file, text in broken(mutant, ROOT).items():
                self._write(file, text)
            yield
        finally:
            for file in mutant.files:
                self._write(file, (ROOT / file).read_text())

    def run(self, words: Sequence[str], seconds: float) -> tuple[int, str] | None:
        """Exit code and words of a process in the copy; None if it had to be ended for its time. Raises `GivenUpError`."""
        environ = {
            **os.environ,
            "PYTHONPATH": str(self.root),
            "RUNONCE_CACHE": os.environ.get("RUNONCE_CACHE", str(ROOT / ".run" / "cache")),
        }
        with _process(words, self.root, environ) as process:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if self._given_up.is_set():
                    raise GivenUpError
                with contextlib.suppress(subprocess.TimeoutExpired):
                    said, _ = process.communicate(timeout=LOOK_S)
                    return process.returncode, said
        return None

    def give_up(self) -> None:
        """End whatever runs in the copy, soon."""
        self._given_up.set()

    def _write(self, file: str, text: str) -> None:
        (self.root / file).write_text(text)
        # Compiled code is known by seconds and size alone: two mutants may have the same.
        Path(cache_from_source(str(self.root / file))).unlink(missing_ok=True)


def try_out(copy: Copy, mutant: Mutant, asks: Sequence[Ask]) -> Result:
    """Put `mutant` into the copy and ask until somebody notices."""
    started = time.monotonic()
    with copy.broken_by(mutant):
        told = _imports(copy, mutant.files)
        for ask in asks if told.verdict == "survived" else ():
            told = put(copy, ask)
            if told.verdict != "survived":
                break
    return Result(mutant, told, time.monotonic() - started)


def _imports(copy: Copy, files: Iterable[str]) -> Told:
    modules = [file.removesuffix(".py").replace("/", ".") for file in files if file.endswith(".py")]
    words = f"import importlib\nfor name in {modules}: assert importlib.import_module(name).__file__.startswith({str(copy.root)!r})"
    done = copy.run([sys.executable, "-c", words], IMPORT_S)
    return Told("survived") if done is not None and done[0] == 0 else Told("broken", "it does not even import")


def put(copy: Copy, ask: Ask) -> Told:
    """Put one question to the tests of the copy."""
    match ask:
        case Suite(paths=paths):
            return _ask_tests(copy, paths)
        case Schedules(scenario=scenario, count=count):
            return _ask_schedules(copy, scenario, count)


def _ask_tests(copy: Copy, paths: Sequence[str]) -> Told:
    report = copy.root / "report.xml"
    report.unlink(missing_ok=True)
    options = [
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.faults.mutants.unshrunk",
        f"--junitxml={report}",
        f"--basetemp={copy.root / 'scratch'}",
    ]
    done = copy.run([sys.executable, "-m", "pytest", *options, *paths], ASK_S)
    if done is None:
        return Told("broken", f"no answer within {ASK_S} s from {' '.join(paths)}")
    code, said = done
    if code == 0:
        return Told("survived")
    failed = (
        [case for case in ElementTree.parse(report).iter("testcase") if case.find("failure") is not None] if report.exists() else []
    )
    if code != 1 or not failed:
        return Told("broken", f"pytest ended with {code} and no test that failed: {said.strip().splitlines()[-1:]}")
    (failure,) = failed[0].findall("failure")
    why = failure.get("message", "").splitlines()[0] if failure.get("message") else ""
    name = f"{failed[0].get('classname', '').replace('.', '/')}.py::{failed[0].get('name')}"
    return Told("caught", name) if is_finding(why) else Told("broken", f"{name}: {why}")


def is_finding(why: str) -> bool:
    """Whether what is said of a failure tells of a broken promise: the error's name first, of a schedule all that led to it."""
    schedule = _FAILED.search(why)
    return not _NOT_A_FINDING.match(why) and not (schedule and _NOT_A_FINDING.search(schedule[3]))


def _ask_schedules(copy: Copy, scenario: str, count: int) -> Told:
    done = copy.run([sys.executable, "-m", "tests.simulation", scenario, "0", "--count", str(count)], ASK_S)
    if done is None:
        return Told("broken", f"no answer within {ASK_S} s from {count} schedules of {scenario}")
    code, said = done
    if code == 0:
        return Told("survived")
    failed = _FAILED.search(said)
    if failed is None or not is_finding(failed[0]):
        return Told("broken", failed[3] if failed is not None else said.strip()[-300:])
    return Told("caught", f"schedule {failed[1]} of {scenario}: {failed[3]}")


@contextmanager
def _process(words: Sequence[str], directory: Path, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that has ended, with everything it started, when the block has."""
    process = subprocess.Popen(
        words,
        cwd=directory,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=die_with_parent(),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()


@contextmanager
def copies(count: int) -> Iterator[list[Copy]]:
    """So many copies in a temporary directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="runonce-mutants-") as directory:
        roots = [Path(directory) / str(n) for n in range(count)]
        for root in roots:
            root.mkdir()
        yield [Copy(root) for root in roots]
