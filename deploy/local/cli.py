"""The command line: what each word of `./runonce` does, and how failures are told in one sentence."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, get_args

from deploy.local import instance
from deploy.local.doors import DoorError, Doors
from deploy.local.instance import AlreadyRunningError, Instance
from deploy.local.kafka import NoKafkaError
from deploy.local.log_import import import_log
from deploy.local.log_reader import LogReader, MappingError
from deploy.local.postgres import NoPostgresError
from deploy.local.progress import tracking
from deploy.local.seed import seed
from deploy.local.stack import ROOT, Options, Stack
from deploy.local.supervisor import NotReadyError
from shared.contracts.envelope import Role
from shared.contracts.topics import SERVICES
from shared.kafka.admin import cluster_id
from shared.runtime.auth import Keys
from shared.telemetry import clock

STOP_S = 60.0
LOGS = ROOT / "deploy" / "logs"
_EXPECTED = (NoKafkaError, NoPostgresError, NotReadyError, MappingError, DoorError)


class CommandError(Exception):
    """Something the person at the keyboard can mend; the message says how."""


def parser() -> argparse.ArgumentParser:
    """Every word and option."""
    top = argparse.ArgumentParser(prog="./runonce", description="Counts how often people had to run, live and provably.")
    top.add_argument("--data", type=Path, default=None, metavar="DIR", help="where everything is kept (default .run/data)")
    top.add_argument("--kafka", metavar="HOST:PORT", help="a Kafka that is there already")
    top.add_argument("--postgres", metavar="DSN", help="a PostgreSQL that is there already (superuser)")
    words = top.add_subparsers(dest="word", required=True)
    demo = words.add_parser("demo", help="start everything, bring in made-up history, and keep it alive")
    demo.add_argument("--journeys", type=int, default=20_000, metavar="N")
    demo.add_argument("--seed", type=int, default=7, metavar="N")
    demo.add_argument("--for", dest="seconds", type=_seconds, default=None, metavar="60s", help="then verify and end")
    words.add_parser("up", help="start the services, without made-up load")
    words.add_parser("down", help="stop what runs on this data")
    words.add_parser("status", help="what runs, and where").add_argument("--json", action="store_true")
    brought = words.add_parser("import", help="bring in somebody else's permit log")
    brought.add_argument("log", type=Path, help="the directory with the log's files")
    brought.add_argument("--mapping", type=Path, default=None, help="a mapping file (default: the one named like the log)")
    words.add_parser("verify", help="compare every figure with the record and the truth").add_argument(
        "--json", action="store_true"
    )
    words.add_parser("rebuild", help="build the projection anew beside the old one, then swap")
    words.add_parser("redrive", help="apply what is parked").add_argument("--journey", default=None)
    words.add_parser("republish", help="tell a new Kafka everything again")
    words.add_parser("reset", help="delete this data").add_argument("--yes", action="store_true")
    token = words.add_parser("token", help="a signed token, on this machine only")
    token.add_argument("--role", required=True, choices=get_args(Role))
    token.add_argument("--id", default="local")
    token.add_argument("--body")
    token.add_argument("--region")
    token.add_argument("--audience", default="*", choices=["*", *SERVICES])
    token.add_argument("--ttl", type=int, default=8 * 3_600, metavar="SECONDS")
    return top


def _seconds(text: str) -> float:
    units = {"s": 1, "m": 60, "h": 3_600}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    return float(number) * unit


def main(arguments: list[str]) -> int:
    """Run one word; exit code 0 done, 1 failed or different, 2 not understood."""
    options = parser().parse_args(arguments)
    data = (options.data or Path(".run") / "data").expanduser()
    if options.data is not None:
        data = Path(os.environ.get("RUNONCE_CALLED_FROM", ".")) / data
    data = data.resolve()
    try:
        return asyncio.run(WORDS[options.word](options, data))
    except _EXPECTED as error:
        return _told(str(error))
    except CommandError as error:
        return _told(str(error))
    except AlreadyRunningError:
        return _told("an instance runs on this data already: ./runonce status, or ./runonce down")
    except KeyboardInterrupt:
        return 130


def _told(sentence: str) -> int:
    print(f"runonce: {sentence}", file=sys.stderr)
    return 1


def say(step: str) -> None:
    """Tell what is being done, on standard error."""
    print(f"  {step} ...", file=sys.stderr, flush=True)


def running(data: Path) -> Instance:
    """The running instance. Raises `CommandError` if there is none."""
    found = instance.read(data)
    if found is None:
        raise CommandError("nothing runs on this data: ./runonce up, or ./runonce demo")
    return found


def addresses(urls: dict[str, str]) -> str:
    """The addresses to open, a line each."""
    lines = [
        f"  board     {urls['metrics']}/",
        f"  messages  {urls['notify']}/",
        *(f"  {service:<9} {urls[service]}/docs" for service in SERVICES),
        "  evidence needs a token: ./runonce token --role auditor",
    ]
    return "\n".join(lines)


@contextlib.asynccontextmanager
async def started(options: argparse.Namespace, data: Path, *, demo: bool) -> Any:
    """The whole stack, seeded, until the block ends; one instance for each data directory."""
    with instance.lock(data):
        stack = Stack(Options(data, options.kafka, options.postgres, demo), say)
        try:
            await stack.start()
            async with Doors(stack.urls, stack.keys) as doors:
                if demo:
                    await seed(doors, data, clock.now(), say)
                yield stack, doors
        finally:
            await stack.stop()


def until_told() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def up(options: argparse.Namespace, data: Path) -> int:
    stop = until_told()
    async with started(options, data, demo=False) as (stack, _):
        print(addresses(stack.urls), flush=True)
        await stop.wait()
    return 0


async def down(_: argparse.Namespace, data: Path) -> int:
    found = running(data)
    os.kill(found.pid, signal.SIGTERM)
    async with asyncio.timeout(STOP_S):
        while instance.is_running(data):
            await asyncio.sleep(0.1)
    return 0


async def status(options: argparse.Namespace, data: Path) -> int:
    found = instance.read(data)
    if options.json:
        told = None if found is None else {"pid": found.pid, "kafka": found.kafka, "urls": found.urls, "pids": found.pids}
        print(json.dumps({"running": found is not None, "instance": told}))
    elif found is None:
        print("nothing runs on this data")
    else:
        print(f"running{' (demo data)' if found.demo else ''}, Kafka at {found.kafka}\n{addresses(found.urls)}")
    return 0 if found is not None else 1


async def bring_in(options: argparse.Namespace, data: Path) -> int:
    found = running(data)
    directory = Path(os.environ.get("RUNONCE_CALLED_FROM", ".")) / options.log
    if not directory.is_dir():
        raise CommandError(f"there is no directory {options.log}")
    reader = LogReader.open(options.mapping or LOGS / f"{directory.resolve().name}.toml", directory)
    token = Keys(data / "keys").issue("importer", f"import-{reader.origin}", ttl_s=6 * 3_600)
    with tracking(f"importing {reader.origin}", reader.count()) as tracker:
        result = await import_log(reader, found.urls["intake"], token, tracker.advance)
    for bad in result.bad:
        print(f"  {bad.file}:{bad.line}: {bad.reason}", file=sys.stderr)
    print(f"{reader.origin}: {result.applied:,} recorded, {result.known_before:,} known before, {len(result.bad):,} not readable")
    return 0


async def rebuild(_: argparse.Namespace, data: Path) -> int:
    async with _doors(data) as doors:
        asked = await doors.send("POST", "metrics", "/v1/rebuild", "operator")
        if asked.status != 202:
            raise CommandError(f"the rebuild was not taken: {asked.rule}")
        generation = asked.body["generation"]
        with tracking("rebuilding", 100) as tracker:
            shown = 0
            while True:
                builds = (await doors.get("metrics", "/v1/rebuilds"))["rebuilds"]
                mine = next(build for build in builds if build["generation"] == generation)
                tracker.advance(int(mine["progress"] * 100) - shown)
                shown = int(mine["progress"] * 100)
                if mine["state"] in {"live", "failed"}:
                    break
                await asyncio.sleep(0.5)
        report = mine.get("report") or {}
    print(
        f"generation {generation}: {mine['state']}, {report.get('cells_different', 0)} of {report.get('cells_compared', 0)} cells differ"
    )
    return 0 if mine["state"] == "live" else 1


async def redrive(options: argparse.Namespace, data: Path) -> int:
    async with _doors(data) as doors:
        for service in SERVICES:
            query = {"journey": options.journey} if options.journey else {}
            answer = await doors.send("POST", service, "/v1/redrive", "operator", None, **query)
            print(f"{service}: {answer.body}")
    return 0


async def republish(_: argparse.Namespace, data: Path) -> int:
    found = running(data)
    cluster = await cluster_id(found.kafka)
    async with _doors(data) as doors:
        for service in SERVICES:
            answer = await doors.send("POST", service, "/v1/republish", "operator", None, cluster_id=cluster)
            print(f"{service}: {answer.body}")
    return 0


async def reset(options: argparse.Namespace, data: Path) -> int:
    if instance.is_running(data):
        raise CommandError("an instance runs on this data: ./runonce down first")
    if not data.exists():
        return 0
    question = f"Delete everything under {data}? Type yes: "
    if not options.yes and (await asyncio.to_thread(input, question)).strip() != "yes":
        raise CommandError("nothing was deleted")
    shutil.rmtree(data)
    return 0


async def token(options: argparse.Namespace, data: Path) -> int:
    keys = Keys(data / "keys")
    keys.ensure()
    print(
        keys.issue(
            options.role,
            options.id,
            body=options.body,
            region=options.region,
            audience=options.audience,
            ttl_s=options.ttl,
        )
    )
    return 0


def _doors(data: Path) -> Doors:
    return Doors(running(data).urls, Keys(data / "keys"))


Word = Callable[[argparse.Namespace, Path], Coroutine[Any, Any, int]]
WORDS: dict[str, Word] = {
    "up": up,
    "down": down,
    "status": status,
    "import": bring_in,
    "rebuild": rebuild,
    "redrive": redrive,
    "republish": republish,
    "reset": reset,
    "token": token,
}
