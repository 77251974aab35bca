"""A department's own program, written by somebody who has never seen the code of the platform: topics and JSON, nothing else.

It takes the case that is offered to its body, accepts it, and decides it once it is taken for decision. Its network is bad,
so it sends each decision twice under the same id. Every message it sends and every receipt it gets is printed as a line of
JSON. It ends by itself when every message has been answered as often as it was sent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

EVENTS = ("gov.intake.events.v1", "gov.approval.events.v1")


class Department:
    """One department at work on one case."""

    def __init__(self, name: str, body: str, case_no: str, producer: Any) -> None:
        self._topic = f"gov.department.{name}.decisions.v1"
        self.receipts_topic = f"gov.department.{name}.receipts.v1"
        self._name = name
        self._body = body
        self._case_no = case_no
        self._producer = producer
        self._owed: dict[str, int] = {}
        self._answered: set[str] = set()

    @property
    def is_done(self) -> bool:
        """Whether the decision was sent and every message has its receipts."""
        return self._id("decide") in self._answered and not any(self._owed.values())

    async def hear(self, event: dict[str, Any]) -> None:
        """React to one event about the case."""
        data = event["data"]
        if data.get("case_no") != self._case_no:
            return
        kind = event["type"].split(".")[2]
        if kind == "custody-offered" and data["to_body"] == self._body:
            await self._send("accept-custody", {"handover_no": data["handover_no"]})
        elif kind == "custody-accepted":
            await self._send("accept", {})
        elif kind == "case-taken":
            decision = {"officer_ref": "0" * 31 + "7", "outcome": "granted", "document_no": f"D-{self._case_no[-10:]}"}
            await self._send("decide", decision, times=2)

    def take(self, receipt: dict[str, Any]) -> None:
        """Note one receipt."""
        if receipt["id"] in self._owed:
            self._owed[receipt["id"]] -= 1
            self._answered.add(receipt["id"])
            _tell({"receipt": receipt})

    async def _send(self, command: str, data: dict[str, Any], times: int = 1) -> None:
        client_id = self._id(command)
        if client_id in self._owed:
            return
        self._owed[client_id] = times
        message = {
            "specversion": "1.0",
            "id": client_id,
            "source": f"urn:department:{self._name}",
            "type": f"gov.command.{command}.v1",
            "subject": self._case_no,
            "data": {"case_no": self._case_no, **data},
        }
        for _ in range(times):
            await self._producer.send_and_wait(self._topic, json.dumps(message).encode(), key=self._case_no.encode())
            _tell({"sent": message})

    def _id(self, command: str) -> str:
        return f"{self._case_no}/{command}"


def _tell(line: dict[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


async def work(bootstrap: str, name: str, body: str, case_no: str) -> None:
    """Listen from now on, and work until the case is decided and everything is answered."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="latest")
    await producer.start()
    department = Department(name, body, case_no, producer)
    consumer.subscribe([*EVENTS, department.receipts_topic])
    await consumer.start()
    try:
        await consumer.seek_to_end()
        for place in consumer.assignment():
            await consumer.position(place)
        _tell({"ready": True})
        while not department.is_done:
            for place, records in (await consumer.getmany(timeout_ms=100)).items():
                for record in records:
                    said = json.loads(record.value)
                    if place.topic == department.receipts_topic:
                        department.take(said)
                    else:
                        await department.hear(said)
    finally:
        await consumer.stop()
        await producer.stop()


def main() -> int:
    """Read the command line and work."""
    parser = argparse.ArgumentParser(description="A department that answers for one case over Kafka.")
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--department", required=True)
    parser.add_argument("--body", required=True)
    parser.add_argument("--case", required=True)
    given = parser.parse_args()
    asyncio.run(work(given.kafka, given.department, given.body, given.case))
    return 0


if __name__ == "__main__":
    sys.exit(main())
