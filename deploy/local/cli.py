"""The command line: what each word of `./runonce` does, and how failures are told in one sentence."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, get_args

import orjson

from deploy.local import instance
from deploy.local.demo import Demo
from deploy.local.doors import DoorError, Doors
from deploy.local.history import HistoryError
from deploy.local.instance import AlreadyRunningError
from deploy.local.kafka import NoKafkaError
from deploy.local.ledger import Ledger
from deploy.local.log_import import import_log
from deploy.local.log_reader import LogReader, MappingError
from deploy.local.postgres import NoPostgresError
from deploy.local.progress import tracking
from deploy.local.quiet import NotQuietError
from deploy.local.report import told
from deploy.local.session import (
    CommandError,
    addresses,
    as_long_as_it_runs,
    doors_of,
    running,
    say,
    started,
    until_done,
    until_told,
)
from deploy.local.stack import ROOT, Options, Stack
from deploy.local.supervisor import NotReadyError
from deploy.local.verify import TooEarlyError, as_json, verify
from shared.contracts.envelope import Role
from shared.contracts.topics import SERVICES
from shared.kafka.admin import cluster_id
from shared.postgres.event_log import EventLog
from shared.postgres.outbox import Outbox
from shared.postgres.pool import open_pool
from shared.runtime.auth import Keys
from shared.telemetry import clock

STOP_S = 90.0
STATUS_S = 3.0
LOGS = ROOT / "deploy" / "logs"
_EXPECTED = (
    CommandError,
    DoorError,
    HistoryError,
    MappingError,
    NoKafkaError,
    NoPostgresError,
    NotQuietError,
    NotReadyError,
    TooEarlyError,
)


def parser() -> argparse.ArgumentParser:
    """Every word and option."""
    top = argparse.ArgumentParser(prog="./runonce", description="Counts how often people had to run, live and provably.")
    _places(top, None)
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
    for word in words.choices.values():
        # The same options again behind the word, where many people put them; not given, they change nothing.
        _places(word, argparse.SUPPRESS)
    return top


def _places(of: argparse.ArgumentParser, default: str | None) -> None:
    of.add_argument("--data", type=Path, default=default, metavar="DIR", help="where everything is kept (default .run/data)")
    of.add_argument("--kafka", default=default, metavar="HOST:PORT", help="a Kafka that is there already")
    of.add_argument("--postgres", default=default, metavar="DSN", help="a PostgreSQL that is there already (superuser)")


def _seconds(text: str) -> float:
    units = {"s": 1, "m": 60, "h": 3_600}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    return float(number) * unit


def main(arguments: list[str]) -> int:
    """Run one word; exit code 0 done, 1 failed or different, 2 not understood."""
    options = parser().parse_args(arguments)
    # While a server is away the library says so many times over; the commands tell it once, in their own words.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    data = (options.data or Path(".run") / "data").expanduser()
    if options.data is not None:
        data = Path(os.environ.get("RUNONCE_CALLED_FROM", ".")) / data
    data = data.resolve()
    try:
        return asyncio.run(WORDS[options.word](options, data))
    except _EXPECTED as error:
        return _complaint(str(error))
    except AlreadyRunningError:
        return _complaint("an instance runs on this data already: ./runonce status, or ./runonce down")
    except KeyboardInterrupt:
        return 130


def _complaint(sentence: str) -> int:
    print(f"runonce: {sentence}", file=sys.stderr)
    return 1


async def up(options: argparse.Namespace, data: Path) -> int:
    return await until_done(until_told(), _up(options, data))


async def _up(options: argparse.Namespace, data: Path) -> int:
    async with started(options, data) as (stack, _):
        print(addresses(stack.urls), flush=True)
        await as_long_as_it_runs(stack, asyncio.Event().wait())
    return 0


async def demo(options: argparse.Namespace, data: Path) -> int:
    return await until_done(until_told(), Demo(options, data).run())


async def compare(options: argparse.Namespace, data: Path) -> int:
    found = running(data)
    async with doors_of(data) as doors:
        verdict = await verify(doors, found.kafka, Ledger(data), clock.now)
    if options.json:
        sys.stdout.buffer.write(orjson.dumps(as_json(verdict), option=orjson.OPT_INDENT_2) + b"\n")
    else:
        print("\n".join(told(verdict)))
    return 0 if verdict.is_whole else 1


async def down(_: argparse.Namespace, data: Path) -> int:
    found = running(data)
    os.kill(found.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_S):
            while instance.is_running(data):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise CommandError(f"process {found.pid} was asked to stop and is still there; look at its logs") from None
    return 0


async def status(options: argparse.Namespace, data: Path) -> int:
    found = instance.read(data)
    if found is None:
        print(json.dumps({"running": False}) if options.json else "nothing runs on this data")
        return 1
    async with doors_of(data) as doors:
        services = {service: await _condition(doors, service, found.pids.get(service)) for service in SERVICES}
    if options.json:
        print(json.dumps({"running": True, "pid": found.pid, "kafka": found.kafka, "urls": found.urls, "services": services}))
        return 0
    print(f"running as process {found.pid}, Kafka at {found.kafka}\n{addresses(found.urls)}")
    for service, told_of in services.items():
        print(f"  {service:<9} " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told_of.items()))
    return 0


async def _condition(doors: Doors, service: str, pid: int | None) -> dict[str, Any]:
    """How one service is; what it cannot say just now is left out."""
    condition: dict[str, Any] = {"pid": pid}
    try:
        async with asyncio.timeout(STATUS_S):
            counts = await doors.get(service, "/v1/conservation", "auditor")
    except (DoorError, TimeoutError):
        return condition | {"answers": False}
    rows = counts["written"]
    condition |= {"answers": True, **{name: sum(row[name] for row in rows) for name in ("appended", "published", "waiting")}}
    return condition | {name: sum(row[name] for row in counts["consumed"]) for name in ("consumed", "parked", "dead_lettered")}


async def bring_in(options: argparse.Namespace, data: Path) -> int:
    found = running(data)
    directory = Path(os.environ.get("RUNONCE_CALLED_FROM", ".")) / options.log
    if not directory.is_dir():
        raise CommandError(f"there is no directory {options.log}")
    reader = LogReader.open(options.mapping or LOGS / f"{directory.resolve().name}.toml", directory)
    token = Keys(data / "keys").issue("importer", f"import-{reader.origin}", ttl_s=6 * 3_600)
    try:
        with tracking(f"importing {reader.origin}", reader.count()) as tracker:
            result = await import_log(reader, found.urls["intake"], token, tracker.advance)
    except ExceptionGroup as failed:
        if (away := failed.subgroup(DoorError)) is None:
            raise
        raise CommandError(str(away.exceptions[0])) from None
    for bad in result.bad:
        print(f"  {bad.file}:{bad.line}: {bad.reason}", file=sys.stderr)
    print(f"{reader.origin}: {result.applied:,} recorded, {result.known_before:,} known before, {len(result.bad):,} not readable")
    return 0


async def rebuild(_: argparse.Namespace, data: Path) -> int:
    async with doors_of(data) as doors:
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
                if mine["state"] not in {"asked", "building"}:
                    break
                await asyncio.sleep(0.5)
        report = mine.get("report") or {}
    differ = f"{report.get('cells_different', 0)} of {report.get('cells_compared', 0)} cells differ"
    print(f"generation {generation}: {mine['state']}, {differ}")
    return 0 if mine["state"] == "live" else 1


async def redrive(options: argparse.Namespace, data: Path) -> int:
    async with doors_of(data) as doors:
        for service in SERVICES:
            query = {"journey": options.journey} if options.journey else {}
            answer = await doors.send("POST", service, "/v1/redrive", "operator", None, **query)
            print(f"{service}: {answer.body}")
    return 0


async def republish(options: argparse.Namespace, data: Path) -> int:
    """Works on the databases while no service runs: services refuse to start with another cluster's checkpoints."""
    with instance.lock(data):
        stack = Stack(Options(data, options.kafka, options.postgres), say)
        try:
            await stack.start_servers()
            cluster = await cluster_id(stack.kafka)
            for service in SERVICES:
                pool = await open_pool(stack.dsns[service][1], service=service, size=1, statement_s=600, by_key=False)
                owed = await Outbox(EventLog(pool, service)).refill(cluster)
                await pool.close()
                print(f"{service}: {owed:,} events will be published again at the next start")
        finally:
            await stack.stop()
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


Word = Callable[[argparse.Namespace, Path], Coroutine[Any, Any, int]]
WORDS: dict[str, Word] = {
    "demo": demo,
    "up": up,
    "verify": compare,
    "down": down,
    "status": status,
    "import": bring_in,
    "rebuild": rebuild,
    "redrive": redrive,
    "republish": republish,
    "reset": reset,
    "token": token,
}
