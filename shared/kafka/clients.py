"""The one place where Kafka clients are made. The library's defaults lose data; these settings do not.

aiokafka's own defaults are acks=1, no idempotence, auto-commit and `latest`: each of them can drop an event silently.
"""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError, ProducerClosed

from shared.kafka.headers import read_any_names

PRODUCER: dict[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "linger_ms": 0,
    "max_batch_size": 262_144,
    "max_request_size": 1_048_576,
    "request_timeout_ms": 10_000,
}
CONSUMER: dict[str, Any] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "none",
    "isolation_level": "read_committed",
    "check_crcs": True,
    # The default assignor does not give equal partitions of several topics to one owner; a journey's row needs that.
    "partition_assignment_strategy": (RangePartitionAssignor,),
    "session_timeout_ms": 10_000,
    "heartbeat_interval_ms": 3_000,
    "max_poll_interval_ms": 120_000,
    "max_partition_fetch_bytes": 1_048_576,
    "fetch_max_bytes": 8_388_608,
    "fetch_max_wait_ms": 500,
    "request_timeout_ms": 15_000,
    "metadata_max_age_ms": 3_000,
}
read_any_names()
CANCELLED_MAX, CANCELLED_S = 3, 0.1
"""How often a task that sends is cancelled, and how long it may take each time."""


class InsecureBrokerError(ValueError):
    """Unencrypted connections are allowed to brokers on this machine only."""


def require_secure(bootstrap: str) -> str:
    """The addresses of brokers, all of them on this machine. Raises `InsecureBrokerError` for any other."""
    for address in bootstrap.split(","):
        host = address.rsplit(":", 1)[0].strip("[]")
        if host != "localhost" and not _is_loopback(host):
            raise InsecureBrokerError("the broker is not on this machine and the connection would not be encrypted")
    return bootstrap


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def producer(bootstrap: str, client_id: str) -> AIOKafkaProducer:
    """An idempotent producer that waits for all replicas; not started."""
    return AIOKafkaProducer(bootstrap_servers=require_secure(bootstrap), client_id=client_id, **PRODUCER)


def consumer(bootstrap: str, group: str | None, client_id: str, instance: str = "") -> AIOKafkaConsumer:
    """A consumer that never commits or resets by itself; not started, not subscribed.

    With `instance`, a name that no other running process of the service has, a killed member's successor takes its
    place at once instead of when the dead one's session ends (static membership, KIP-345).
    """
    member = f"{group}-{instance}" if group is not None and instance else None
    return AIOKafkaConsumer(
        bootstrap_servers=require_secure(bootstrap), group_id=group, group_instance_id=member, client_id=client_id, **CONSUMER
    )


async def let_go(client: AIOKafkaConsumer | AIOKafkaProducer, within_s: float) -> None:
    """Stop a client; never longer than a limit, and never with an error.

    A consumer that stops cancels its fetches, and where one was waiting to try again the library raises that cancellation
    of its own out of `stop` and leaves the connections open. Whoever let it pass would end as if somebody had cancelled it.
    A producer that stops waits for its broker without end, and only then ends the task that sends.
    """
    tasks = [asyncio.create_task(client.stop())]
    await asyncio.wait(tasks, timeout=within_s)
    if not tasks[0].done() or tasks[0].cancelled():
        tasks[0].cancel()
        tasks.append(asyncio.create_task(_closed(client)))
        await asyncio.wait(tasks, timeout=within_s)
    for task in tasks:
        if task.done() and not task.cancelled():
            # Whatever went wrong, it was the last that was heard of this client.
            task.exception()


async def _closed(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Close what is left of a client."""
    if isinstance(client, AIOKafkaProducer):
        await _silenced(client)
    await _connections(client).close()


async def _silenced(client: AIOKafkaProducer) -> None:
    """Let a producer send nothing more: it would open its connections again, and keep what it was given for ever."""
    sender: asyncio.Task[None] | None = client._sender.sender_task
    for _ in range(CANCELLED_MAX):
        if sender is None or sender.done():
            break
        # Cancelled once, it waits for what is on its way; cancelled again, it does not.
        sender.cancel()
        await asyncio.wait([sender], timeout=CANCELLED_S)
    client._message_accumulator.fail_all(ProducerClosed())


def _connections(client: AIOKafkaConsumer | AIOKafkaProducer) -> Any:
    """What holds a client's connections; the library has no public word for it in its consumer."""
    return client._client if hasattr(client, "_client") else client.client


def require_fetching(client: AIOKafkaConsumer) -> None:
    """Raise `KafkaError` for a consumer whose task that fetches has ended: it would return nothing for ever, and say so to nobody.

    The library ends that task without a word when a fetch of it is cancelled, as may happen while connections break.
    """
    fetcher = getattr(client, "_fetcher", None)
    task: asyncio.Task[None] | None = getattr(fetcher, "_fetch_task", None)
    if task is not None and task.done():
        raise KafkaError("the consumer fetches no more")


def join_again(member: AIOKafkaConsumer) -> None:
    """Let a member of a group ask for its assignment once more; the library has no public word for it."""
    member._coordinator.request_rejoin()


def admin(bootstrap: str, client_id: str) -> AIOKafkaAdminClient:
    """An administration client; not started."""
    return AIOKafkaAdminClient(bootstrap_servers=require_secure(bootstrap), client_id=client_id, request_timeout_ms=10_000)
