"""Requests of partners from their own topics: each message gets exactly one answer on the partner's receipts topic."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from shared.contracts.base import Command
from shared.contracts.ids import ingress_id
from shared.contracts.ingress import Ingress, IngressRefusedError, Receipt, read_ingress
from shared.contracts.topics import INGRESS_PARTITIONS, partner_of, receipts_for
from shared.eventsourcing.claims import Claim, FencedError, Message
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.records import Place, Record
from shared.postgres import checkpoints, idempotency
from shared.postgres.checkpoints import Tally
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.idempotency import Answer, FirstAnswer, Keyed
from shared.postgres.inbound import Slices, dead_letter, standing

_PASS_ON = (FencedError, UnavailableError, VersionConflictError)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """One readable request: which partner sent it (the topic is the principal) and what it asks."""

    partner: str
    topic: str
    ingress: Ingress


@dataclass(slots=True)
class _Sorted:
    """The records of a slice by what is to become of them: `again` are those whose id was used before."""

    tally: Tally = field(default_factory=Tally)
    answers: list[tuple[Record, Receipt]] = field(default_factory=list)
    wanted: list[tuple[Record, Delivered]] = field(default_factory=list)
    again: list[tuple[Record, Ingress]] = field(default_factory=list)


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

    async def begin_again(self, places: Sequence[Place]) -> dict[Place, Claim]:
        """Read topics that a partner made anew from their beginning; what was answered before is a duplicate by its id."""
        return await checkpoints.begin_again(self._log, self.group, places)

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
                held = await self._refuse_alone(place, held, record)
        return held

    async def _refuse_alone(self, place: Place, held: Claim, record: Record) -> Claim:
        try:
            return await self._apply(place, held, [record], poisonous=True)
        except _PASS_ON:
            raise
        except Exception as error:
            # What cannot even be refused by its own name must not come back for ever.
            _log.exception("request-unstorable", extra={"error_class": type(error).__name__})
            return await self._bury(place, held, record)

    async def _bury(self, place: Place, held: Claim, record: Record) -> Claim:
        async def work(tx: Tx) -> Claim:
            await checkpoints.lock(tx, self.group, {place: held})
            found = _Sorted()
            await self._refuse(tx, replace(record, key=None), IngressRefusedError("unstorable"), found)
            await tx.say([self._message(record, receipt) for record, receipt in found.answers])
            moved = await checkpoints.advance(tx, self.group, {place: (held, record.offset + 1, found.tally)})
            return moved[place]

        return await self._log.transact(work)

    async def _apply(self, place: Place, held: Claim, records: Sequence[Record], *, poisonous: bool) -> Claim:
        async def work(tx: Tx) -> Claim:
            await checkpoints.lock(tx, self.group, {place: held})
            found = await self._sort(tx, records, poisonous=poisonous)
            replies = await self._handler(tx, [delivered for _, delivered in found.wanted]) if found.wanted else []
            told = [(record, reply) for (record, _), reply in zip(found.wanted, replies, strict=True)]
            await self._keep(tx, told)
            found.answers += told
            found.answers += await self._repeated(tx, found.again)
            await tx.say([self._message(record, receipt) for record, receipt in found.answers])
            moved = await checkpoints.advance(tx, self.group, {place: (held, records[-1].offset + 1, found.tally)})
            return moved[place]

        return await self._log.transact(work)

    async def _sort(self, tx: Tx, records: Sequence[Record], *, poisonous: bool) -> _Sorted:
        found = _Sorted()
        readable: list[tuple[Record, Ingress]] = []
        for record in records:
            try:
                ingress = read_ingress(record.value, record.key)
            except IngressRefusedError as refused:
                await self._turn_away(tx, record, refused, found)
                continue
            if isinstance(ingress.command, self._takes):
                readable.append((record, ingress))
            elif isinstance(ingress.command, self._leaves) or not self._answers_unknown:
                found.tally.ignored += 1
            else:
                await self._turn_away(tx, record, IngressRefusedError("not-for-this-topic", "type", ingress.id), found)
        firsts = await self._firsts(tx, readable)
        for record, ingress in readable:
            if firsts.get(ingress.id) is not record:
                found.tally.duplicate += 1
                found.again.append((record, ingress))
            elif poisonous:
                fault = IngressRefusedError("internal-error", None, ingress.id)
                await self._keep(tx, [(record, _refusal(record, fault))])
                await self._refuse(tx, record, fault, found)
            else:
                found.tally.applied += 1
                found.wanted.append((record, Delivered(partner_of(record.topic), record.topic, ingress)))
        return found

    async def _turn_away(self, tx: Tx, record: Record, refused: IngressRefusedError, found: _Sorted) -> None:
        if not self._answers_unknown:
            found.tally.ignored += 1
        else:
            await self._refuse(tx, record, refused, found)

    async def _refuse(self, tx: Tx, record: Record, refused: IngressRefusedError, found: _Sorted) -> None:
        found.tally.dead_lettered += 1
        found.answers.append((record, _refusal(record, refused)))
        await tx.say([dead_letter(self._log.source, self.group, record, refused.rule, keep_bytes=False)])

    async def _firsts(self, tx: Tx, readable: Sequence[tuple[Record, Ingress]]) -> dict[str, Record]:
        """The record that used each id for the first time ever, of those that are in `readable`."""
        asked: dict[str, Record] = {}
        for record, ingress in readable:
            asked.setdefault(ingress.id, record)
        taken = await idempotency.take(tx, [_keyed(record, one) for one, record in asked.items()])
        return {request.key: asked[request.key] for request in taken}

    async def _repeated(self, tx: Tx, again: Sequence[tuple[Record, Ingress]]) -> list[tuple[Record, Receipt]]:
        """The answers to messages whose id was used before, by then with its first answer: perhaps of this very slice."""
        asked = [(record, _keyed(record, ingress.id)) for record, ingress in again]
        known = await idempotency.recall(tx, [request for _, request in asked])
        return [(record, _repetition(record, request, known[request])) for record, request in asked]

    async def _keep(self, tx: Tx, answers: Sequence[tuple[Record, Receipt]]) -> None:
        told = {_keyed(record, reply.id): Answer(200, reply.model_dump_json().encode()) for record, reply in answers}
        await idempotency.keep(tx, told)

    def _message(self, record: Record, receipt: Receipt) -> Message:
        identity = ingress_id(f"receipt/{self.group}/{record.topic}", standing(record))
        body = receipt.model_dump_json(exclude_none=True).encode()
        return Message(identity, receipts_for(record.topic), receipt.subject or "unreadable", body, INGRESS_PARTITIONS)


def _keyed(record: Record, identity: str) -> Keyed:
    return Keyed(f"ingress:{partner_of(record.topic)}", identity, sha256(record.value or b"").digest())


def _repetition(record: Record, request: Keyed, first: FirstAnswer) -> Receipt:
    if not isinstance(first, Answer):
        return _refusal(record, IngressRefusedError("id-reused", "id", request.key))
    told = Receipt.model_validate_json(first.body)
    status = "refused" if told.status == "refused" else "applied"
    return told.model_copy(update={"status": "duplicate", "first_status": status})


def _refusal(record: Record, refused: IngressRefusedError) -> Receipt:
    letters = (record.key or b"").decode("ascii", errors="ignore")
    key = "".join(letter for letter in letters if "!" <= letter <= "~")[:100] or None
    return Receipt(
        id=refused.client_id or f"{record.partition}/{record.offset}",
        subject=key,
        status="refused",
        rule=refused.rule,
        field=refused.field,
        sentence_zh="报文不符合约定，未被受理；请按规则与字段修改后以新编号重发。",
        sentence_en="The message breaks its contract and nothing was done; mend the named field and send it under a new id.",
    )
