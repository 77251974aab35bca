"""Requests of partners from their own topics: each message gets exactly one answer on the partner's receipts topic."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from shared.contracts.base import Command
from shared.contracts.ids import ingress_id
from shared.contracts.ingress import Ingress, IngressRefusedError, Receipt, read_ingress
from shared.contracts.topics import INGRESS_PARTITIONS, partner_of, receipts_for
from shared.eventsourcing.claims import Claim, FencedError, Message
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.records import Place, Record
from shared.postgres import checkpoints
from shared.postgres.checkpoints import Tally
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.inbound import Slices, dead_letter

_PASS_ON = (FencedError, UnavailableError, VersionConflictError)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """One readable request: which partner sent it (the topic is the principal) and what it asks."""

    partner: str
    topic: str
    ingress: Ingress


Handler = Callable[[Tx, Sequence[Delivered]], Awaitable[Sequence[Receipt]]]
"""Does what is asked inside the transaction and answers each request, in order."""


class IngressInbound:
    """One consumer group on partner topics.

    `takes` are the commands this service handles; `leaves` those that another service answers. Whatever else comes is
    answered as refused by the service with `answers_unknown`, and left alone by the other.
    """

    def __init__(
        self,
        log: EventLog,
        group: str,
        takes: Sequence[type[Command]],
        leaves: Sequence[type[Command]],
        handler: Handler,
        *,
        answers_unknown: bool,
    ) -> None:
        self.group = group
        self._log = log
        self._takes = tuple(takes)
        self._leaves = tuple(leaves)
        self._handler = handler
        self._answers_unknown = answers_unknown

    async def claim(self, places: Sequence[Place]) -> dict[Place, Claim]:
        """Become the owner of `places`; see `checkpoints.claim`."""
        return await checkpoints.claim(self._log, self.group, places)

    async def apply(self, slices: Slices) -> dict[Place, Claim]:
        """Answer the records of each partition in a transaction; a poisonous one is answered alone and stops nobody."""
        return {place: await self._answer(place, held, records) for place, (held, records) in slices.items()}

    async def _answer(self, place: Place, held: Claim, records: Sequence[Record]) -> Claim:
        try:
            return await self._apply(place, held, records, poisonous=False)
        except _PASS_ON:
            raise
        except Exception as error:
            _log.warning("slice-failed", extra={"error_class": type(error).__name__})
        for record in records:
            try:
                held = await self._apply(place, held, [record], poisonous=False)
            except _PASS_ON:
                raise
            except Exception as error:
                _log.exception("request-failed", extra={"error_class": type(error).__name__})
                held = await self._apply(place, held, [record], poisonous=True)
        return held

    async def _apply(self, place: Place, held: Claim, records: Sequence[Record], *, poisonous: bool) -> Claim:
        async def work(tx: Tx) -> Claim:
            await checkpoints.lock(tx, self.group, {place: held})
            tally = Tally()
            answers: list[tuple[Record, Receipt]] = []
            wanted: list[tuple[Record, Delivered]] = []
            for record in records:
                await self._sort(tx, record, tally, answers, wanted, poisonous)
            replies = await self._handler(tx, [delivered for _, delivered in wanted]) if wanted else []
            for (record, delivered), reply in zip(wanted, replies, strict=True):
                await self._keep(tx, delivered, reply)
                answers.append((record, reply))
            await tx.say([self._message(record, receipt) for record, receipt in answers])
            moved = await checkpoints.advance(tx, self.group, {place: (held, records[-1].offset + 1, tally)})
            return moved[place]

        return await self._log.transact(work)

    async def _sort(
        self,
        tx: Tx,
        record: Record,
        tally: Tally,
        answers: list[tuple[Record, Receipt]],
        wanted: list[tuple[Record, Delivered]],
        poisonous: bool,
    ) -> None:
        try:
            ingress = read_ingress(record.value, record.key)
        except IngressRefusedError as refused:
            await self._turn_away(tx, record, refused, tally, answers)
            return
        if isinstance(ingress.command, self._leaves) or not isinstance(ingress.command, self._takes):
            if isinstance(ingress.command, self._leaves) or not self._answers_unknown:
                tally.ignored += 1
                return
            await self._turn_away(tx, record, IngressRefusedError("not-for-this-topic", "type", ingress.id), tally, answers)
            return
        first = await self._first(tx, record, ingress)
        if first is not None:
            tally.duplicate += 1
            answers.append((record, first))
        elif poisonous:
            await self._turn_away(tx, record, IngressRefusedError("internal-error", None, ingress.id), tally, answers)
        else:
            tally.applied += 1
            wanted.append((record, Delivered(partner_of(record.topic), record.topic, ingress)))

    async def _turn_away(
        self,
        tx: Tx,
        record: Record,
        refused: IngressRefusedError,
        tally: Tally,
        answers: list[tuple[Record, Receipt]],
    ) -> None:
        if not self._answers_unknown:
            tally.ignored += 1
            return
        tally.dead_lettered += 1
        answers.append((record, _refusal(record, refused)))
        await tx.say([dead_letter(self.group, record, refused.rule, keep_bytes=False)])

    async def _first(self, tx: Tx, record: Record, ingress: Ingress) -> Receipt | None:
        scope = f"ingress:{partner_of(record.topic)}"
        fingerprint = sha256(record.value or b"").digest()
        taken = await tx.fetchval(
            "INSERT INTO idempotency (scope, key, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true",
            scope,
            ingress.id,
            fingerprint,
        )
        if taken:
            return None
        row = await tx.fetchrow("SELECT fingerprint, answer FROM idempotency WHERE scope = $1 AND key = $2", scope, ingress.id)
        if row is None or row["fingerprint"] != fingerprint:
            return _refusal(record, IngressRefusedError("id-reused", "id", ingress.id))
        if row["answer"] is None:
            return Receipt(id=ingress.id, subject=ingress.subject, status="duplicate")
        first = Receipt.model_validate_json(row["answer"])
        status = "refused" if first.status == "refused" else "applied"
        return first.model_copy(update={"status": "duplicate", "first_status": status})

    async def _keep(self, tx: Tx, delivered: Delivered, receipt: Receipt) -> None:
        await tx.execute(
            "UPDATE idempotency SET status = 200, answer = $3 WHERE scope = $1 AND key = $2",
            f"ingress:{delivered.partner}",
            delivered.ingress.id,
            receipt.model_dump_json().encode(),
        )

    def _message(self, record: Record, receipt: Receipt) -> Message:
        identity = ingress_id(f"receipt/{self.group}/{record.topic}", f"{record.partition}/{record.offset}")
        body = receipt.model_dump_json(exclude_none=True).encode()
        return Message(identity, receipts_for(record.topic), receipt.subject or "unreadable", body, INGRESS_PARTITIONS)


def _refusal(record: Record, refused: IngressRefusedError) -> Receipt:
    key = (record.key or b"").decode("ascii", errors="ignore")[:100] or None
    return Receipt(
        id=refused.client_id or f"{record.partition}/{record.offset}",
        subject=key,
        status="refused",
        rule=refused.rule,
        field=refused.field,
        sentence_zh="报文不符合约定，未被受理；请按规则与字段修改后以新编号重发。",
        sentence_en="The message breaks its contract and nothing was done; mend the named field and send it under a new id.",
    )
