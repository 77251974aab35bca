"""The named points at which a process can be made to end, and how the real classes are wrapped to come by them.

Nothing of this is in the services: a launcher wraps their seams before they start. A commit belongs to whoever named it
last in its own task, so the two points around it are exact: nothing is stored yet, or everything is and nobody was told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from importlib import import_module
from types import ModuleType
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.producer.sender import SendProduceReqHandler
from asyncpg.transaction import Transaction
from starlette.responses import Response

from shared.contracts.topics import WATERMARKS, Service
from shared.kafka.batches import BatchReader
from shared.kafka.consumer import ConsumerLoop
from shared.kafka.relay import Relay
from shared.postgres import checkpoints, timers
from shared.postgres.event_log import Tx
from shared.postgres.inbound import Inbound
from shared.postgres.ingress_inbound import IngressInbound
from shared.postgres.outbox import Outbox
from shared.runtime import answering
from shared.runtime.client import ServiceClient
from tests.faults.fuses import Fuse

Seam = type[Any] | ModuleType
COMMAND_PATH = "/v1/commands/"
RELAY = (
    "lease:before-commit", "lease:after-commit", "slice:read", "send:before", "send:after", "sent:acknowledged",
    "acknowledge:before-commit", "acknowledge:after-commit", "watermark:before", "watermark:after",
)  # fmt: skip
CONSUMING = ("poll:fetched", "reacted:before-heads", "checkpoint:moved", "apply:before-commit", "apply:after-commit")
BEGINNING = ("claim:before-commit", "claim:after-commit")
"""Reached when a process begins, so somebody has to begin."""
LAG = ("offsets:before", "offsets:after")
COMMANDS = (
    "key:before", "key:after", "append:before", "append:after", "command:before-commit", "command:after-commit", "command:answered",
)  # fmt: skip
INGRESS = ("ingress:before-commit", "ingress:after-commit")
TIMERS = ("timers:before-commit", "timers:after-commit")
SENDING = (
    "taken:before-commit", "taken:after-commit", "contact:asked", "attempt:before-commit", "attempt:after-commit",
    "provider:before", "provider:called", "result:before-commit", "result:after-commit",
)  # fmt: skip
PROJECTING = (
    "batch:taken", "batch:folded", "rows:written", "project:before-commit", "project:after-commit",
    "mark:before-commit", "mark:after-commit",
)  # fmt: skip
REBUILDING = (
    "begun:before-commit", "begun:after-commit", "swap:asked", "swap:compared", "swap:before-commit", "swap:after-commit",
)  # fmt: skip
POINTS: dict[Service, dict[str, tuple[str, ...]]] = {
    "intake": {
        "commands": COMMANDS, "relay": RELAY, "consuming": (*CONSUMING, *LAG, *INGRESS), "beginning": BEGINNING, "timers": TIMERS,
    },
    "approval": {
        "commands": COMMANDS, "relay": RELAY, "consuming": (*CONSUMING, *LAG, *INGRESS), "beginning": BEGINNING, "timers": TIMERS,
    },
    "notify": {"relay": RELAY, "consuming": (*CONSUMING, *LAG), "beginning": BEGINNING, "sending": SENDING},
    "metrics": {"relay": RELAY, "projecting": (*PROJECTING, *LAG), "beginning": BEGINNING, "rebuilding": REBUILDING},
}  # fmt: skip
_committing: ContextVar[str | None] = ContextVar("committing", default=None)
_next: ContextVar[str | None] = ContextVar("next", default=None)


def install(fuse: Fuse, service: Service) -> None:
    """Wrap every seam of `service`."""
    _commits(fuse)
    _relay(fuse)
    _consuming(fuse)
    _commands(fuse)
    if service == "notify":
        _sending(fuse)
    if service == "metrics":
        _projecting(fuse)


def _wrap(owner: Seam, name: str, made: Callable[[Any], Any]) -> None:
    real = getattr(owner, name)
    setattr(owner, name, wraps(real)(made(real)))


def _around(
    owner: Seam,
    name: str,
    fuse: Fuse,
    *,
    before: str | None = None,
    after: str | None = None,
    counts: Callable[[Any, Sequence[Any]], bool] = lambda _result, _args: True,
) -> None:
    """Come by `before` and `after` a coroutine function; `counts` says of (result, arguments) whether it did anything."""

    def made(real: Any) -> Any:
        async def passing(*args: Any, **more: Any) -> Any:
            if before is not None and counts(True, args):
                fuse.passes(before)
            result = await real(*args, **more)
            if after is not None and counts(result, args):
                fuse.passes(after)
            return result

        return passing

    _wrap(owner, name, made)


def _during(owner: Seam, name: str, work: str) -> None:
    """Every commit while this runs belongs to `work`."""

    def made(real: Any) -> Any:
        async def passing(*args: Any, **more: Any) -> Any:
            named = _committing.set(work)
            try:
                return await real(*args, **more)
            finally:
                _committing.reset(named)

        return passing

    _wrap(owner, name, made)


def _alone(owner: Seam, name: str, fuse: Fuse, work: str) -> None:
    """What this does is one statement, which is a transaction of its own."""
    _around(owner, name, fuse, before=f"{work}:before-commit", after=f"{work}:after-commit", counts=_something)


def _names(owner: Seam, name: str, work: str) -> None:
    """If this did anything, the commit that follows it belongs to `work`."""

    def made(real: Any) -> Any:
        async def passing(*args: Any, **more: Any) -> Any:
            result = await real(*args, **more)
            if result or result is None:
                _next.set(work)
            return result

        return passing

    _wrap(owner, name, made)


def _commits(fuse: Fuse) -> None:
    def made(real: Any) -> Any:
        async def leaving(self: Transaction, kind: type[BaseException] | None, *more: Any) -> Any:
            work = (_next.get() or _committing.get()) if kind is None else None
            _next.set(None)
            if work is not None:
                fuse.passes(f"{work}:before-commit")
            result = await real(self, kind, *more)
            if work is not None:
                fuse.passes(f"{work}:after-commit")
            return result

        return leaving

    _wrap(Transaction, "__aexit__", made)


def _something(result: Any, _: Sequence[Any]) -> bool:
    return bool(result)


def _relay(fuse: Fuse) -> None:
    _alone(Outbox, "lease", fuse, "lease")
    _around(Outbox, "slice", fuse, after="slice:read", counts=lambda result, _: result is not True and bool(result))
    _around(AIOKafkaProducer, "send_batch", fuse, before="send:before")
    _wrap(SendProduceReqHandler, "handle_response", lambda real: unheard(real, fuse))
    _around(Relay, "_send", fuse, after="sent:acknowledged")
    _alone(Outbox, "acknowledge", fuse, "acknowledge")
    _around(AIOKafkaProducer, "send_and_wait", fuse, before="watermark:before", after="watermark:after")


def unheard(real: Any, fuse: Fuse) -> Any:
    """The broker has appended what it was sent, and nobody here has heard of it yet."""

    def hearing(self: Any, response: Any) -> None:
        # The client tells nobody else which partitions a request was for.
        if any(place.topic != WATERMARKS for place in self._batches):
            fuse.passes("send:after")
        real(self, response)

    return hearing


def _consuming(fuse: Fuse) -> None:
    _around(ConsumerLoop, "_apply", fuse, before="poll:fetched", counts=lambda _, args: bool(args[2]))
    _around(Inbound, "_remember", fuse, before="reacted:before-heads")
    _around(checkpoints, "advance", fuse, after="checkpoint:moved")
    _during(Inbound, "apply", "apply")
    _during(IngressInbound, "apply", "ingress")
    _during(checkpoints, "claim", "claim")
    _around(AIOKafkaConsumer, "commit", fuse, before="offsets:before", after="offsets:after")


def _commands(fuse: Fuse) -> None:
    def starting(real: Any) -> Any:
        async def passing(tx: Any, requests: Any, work: Any) -> Any:
            async def decided(fresh: Any) -> Any:
                fuse.passes("key:after")
                return await work(fresh)

            fuse.passes("key:before")
            return await real(tx, requests, decided)

        return passing

    _wrap(answering, "once_each", starting)
    _around(Tx, "_append", fuse, before="append:before", after="append:after", counts=lambda _, args: bool(args[1]))
    _during(answering.Answering, "_together", "command")
    _wrap(Response, "__call__", lambda real: answered(real, fuse))
    _names(timers, "rearm", "timers")


def answered(real: Any, fuse: Fuse) -> Any:
    """The answer to a command has left, and only whoever asked knows."""

    async def leaving(self: Response, scope: Any, receive: Any, send: Any) -> None:
        await real(self, scope, receive, send)
        if scope["path"].startswith(COMMAND_PATH):
            await asyncio.sleep(0)  # The loop writes in its next turn what it was given in this one.
            fuse.passes("command:answered")

    return leaving


def _sending(fuse: Fuse) -> None:
    outgoing, providers, sender = (import_module(f"services.notify.{name}") for name in ("outgoing", "providers", "sender"))
    _names(outgoing, "take", "taken")
    _names(outgoing, "begin", "attempt")
    _around(ServiceClient, "get", fuse, after="contact:asked")
    _around(providers.FileOutbox, "send", fuse, before="provider:before", after="provider:called")
    _during(sender.Sender, "_record_sent", "result")


def _projecting(fuse: Fuse) -> None:
    store, projector, builds, watermarks = (
        import_module(f"services.metrics.{name}") for name in ("store", "projector", "builds", "watermarks")
    )
    _around(BatchReader, "take", fuse, after="batch:taken", counts=_something)
    _around(projector.Projector, "_fold", fuse, after="batch:folded")
    _around(store.Store, "write", fuse, after="rows:written")
    _during(store.Store, "apply", "project")
    _during(watermarks.Watermarks, "_note_once", "mark")
    _names(builds, "_clear", "begun")
    _around(builds.Builds, "_swapped", fuse, before="swap:asked")
    _around(builds, "compare", fuse, after="swap:compared")
    _names(builds, "_change_places", "swap")
