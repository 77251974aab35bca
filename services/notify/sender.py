"""Sends what is owed. The attempt and its key are committed before the provider is called, so a crash never makes a second key."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Literal, Protocol

from services.notify import letters, outgoing
from services.notify.decider import DECIDER, Command, RecordFailed, RecordSent
from services.notify.outgoing import Attempt
from services.notify.providers import AddressRefusedError, Provider, ProviderAwayError
from shared.contracts.envelope import Actor
from shared.contracts.ids import journey_stream, reaction_id
from shared.contracts.notify import UNCONFIRMED
from shared.contracts.topics import Service
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.plan import Context, Order
from shared.postgres.event_log import EventLog, Tx
from shared.telemetry import clock

ATTEMPTS_MAX = 5
BACK_OFF_S = (5.0, 30.0, 150.0, outgoing.WAIT_MAX_S)
"""A mail server that knows nobody yet takes a letter after five to fifteen minutes."""
AWAY_S = (5.0, 135.0)
"""How soon a message that nobody could be asked about is taken again: after a quarter of its age, within these limits."""
UNKNOWN_AFTER_S = 60.0
"""How long a message belongs to whoever took it. What was handed over, and has no end by then, has an unknown one."""
HAND_OVER_S = 30.0
"""A hand-over that takes longer has an unknown end, long before the message is anybody else's."""
AT_ONCE = 8
"""How many messages are handed over side by side: a provider that takes ten seconds for each delays them together, not in turn."""
POLL_S = 0.5
SENDER = Actor("service", "notify")
_log = logging.getLogger(__name__)


class ContactsAwayError(Exception):
    """Nobody can say just now how to reach the person."""


class UnknownEndError(Exception):
    """The provider may have the message or not."""


class Contacts(Protocol):
    """Asks another service; `shared.runtime.client.ServiceClient` does."""

    async def get(self, service: Service, path: str, **query: str | int) -> Any: ...


class Sender:
    """Makes the attempts of one service's outgoing table."""

    def __init__(
        self, log: EventLog, contacts: Contacts, provider: Provider, *, demo: bool, unknown_after_s: float = UNKNOWN_AFTER_S
    ) -> None:
        self._log = log
        self._contacts = contacts
        self._provider = provider
        self._demo = demo
        self._unknown_after_s = unknown_after_s

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`; a dependency that is away is waited out."""
        while not stop.is_set():
            try:
                busy = await self.run_once() == AT_ONCE
            except (UnavailableError, VersionConflictError) as error:
                _log.warning("sender-waits", extra={"error_class": type(error).__name__})
                busy = False
            if not busy:
                await clock.rest(stop, POLL_S)

    async def run_once(self) -> int:
        """Make the attempts that are due, side by side, and return how many there were."""

        async def take(tx: Tx) -> list[Attempt]:
            return await outgoing.take(tx, AT_ONCE, self._unknown_after_s)

        attempts = await self._log.transact(take)
        # One that fails cancels no other, whose letter may be with the provider already.
        ends = await asyncio.gather(*(self._attempt(one) for one in attempts), return_exceptions=True)
        for failure in (end for end in ends if end is not None):
            raise failure
        return len(attempts)

    async def _attempt(self, taken: Attempt) -> None:
        try:
            await self._try(taken)
        except (UnavailableError, VersionConflictError):
            raise
        except Exception as error:
            # Not even its failure could be written down. It is taken again when its time is over, and stops no other.
            _log.exception("attempt-failed", extra={"error_class": type(error).__name__})

    async def _try(self, taken: Attempt) -> None:
        try:
            if await self._is_settled(taken):
                return
            contact = await self._contact(taken)
        except (ContactsAwayError, ProviderAwayError):
            # That somebody who is asked is away says nothing about the message, however long it takes.
            await self._postpone(taken)
            return
        attempt = await self._begin(taken)
        if attempt is None:
            return
        if isinstance(contact, dict) and contact.get("email"):
            await self._deliver(attempt, contact)
        else:
            await self._record_failed(attempt, "no-contact", final=True)

    async def _is_settled(self, taken: Attempt) -> bool:
        """Whether an attempt in doubt needs no further one: the provider has the message, or enough was tried."""
        if not taken.unknown:
            return False
        if known := await self._provider.find(taken.intent_id):
            await self._record_sent(taken, known, repeated=False)
            return True
        if taken.number >= ATTEMPTS_MAX or (taken.repeated and not self._provider.can_tell):
            await self._record_failed(taken, UNCONFIRMED, final=True)
            return True
        return False

    async def _contact(self, attempt: Attempt) -> Any:
        try:
            return await self._contacts.get("intake", f"/v1/contacts/{attempt.journey}", case_no=attempt.case_no)
        except UnavailableError:
            raise ContactsAwayError from None

    async def _begin(self, taken: Attempt) -> Attempt | None:
        async def work(tx: Tx) -> Attempt | None:
            return await outgoing.begin(tx, taken, self._unknown_after_s)

        return await self._log.transact(work)

    async def _deliver(self, attempt: Attempt, contact: dict[str, Any]) -> None:
        is_last = attempt.number >= ATTEMPTS_MAX
        try:
            subject, text = letters.write(attempt.template, contact["language"], attempt.case_no, demo=self._demo)
            reference = await self._hand_over(attempt, contact["email"], subject, text)
        except AddressRefusedError:
            await self._record_failed(attempt, "address-refused", final=True)
        except ProviderAwayError:
            await self._record_failed(attempt, UNCONFIRMED if is_last and attempt.unknown else "away", final=is_last)
        except UnknownEndError:
            if attempt.unknown:
                await self._record_failed(attempt, UNCONFIRMED, final=True)
            # Else it is taken up once more, under its own key: the provider may have it.
        except Exception as error:
            _log.exception("attempt-failed", extra={"error_class": type(error).__name__})
            await self._record_failed(attempt, "internal-error", final=is_last)
        else:
            await self._record_sent(attempt, reference, repeated=attempt.unknown)

    async def _hand_over(self, attempt: Attempt, email: str, subject: str, text: str) -> str:
        try:
            async with asyncio.timeout(HAND_OVER_S):
                return await self._provider.send(attempt.intent_id, email, subject, text)
        except OSError as error:
            _log.warning("attempt-unknown", extra={"error_class": type(error).__name__})
            raise UnknownEndError from None

    async def _postpone(self, taken: Attempt) -> None:
        age_s = (clock.now() - taken.requested_at).total_seconds()

        async def work(tx: Tx) -> None:
            await outgoing.postpone(tx, taken, "away", min(max(age_s / 4, AWAY_S[0]), AWAY_S[1]))

        await self._log.transact(work)

    async def _record_sent(self, attempt: Attempt, reference: str, *, repeated: bool) -> None:
        command = RecordSent(clock.now(), attempt.intent_id, attempt.number, reference, repeated)

        async def work(tx: Tx) -> None:
            await tx.act(DECIDER, [_order(attempt, "sent", command)])
            await outgoing.sent(tx, attempt)

        await self._log.transact(work)

    async def _record_failed(self, attempt: Attempt, reason: str, *, final: bool) -> None:
        command = RecordFailed(clock.now(), attempt.intent_id, attempt.number, reason, final)
        pause = None if final else BACK_OFF_S[min(attempt.number, len(BACK_OFF_S)) - 1]

        async def work(tx: Tx) -> None:
            await tx.act(DECIDER, [_order(attempt, "failed", command)])
            await outgoing.failed(tx, attempt, reason, pause)

        await self._log.transact(work)


def _order(attempt: Attempt, end: Literal["sent", "failed"], command: Command) -> Order[Command]:
    seed = reaction_id(attempt.intent_id, end, attempt.number)
    context = Context(seed, SENDER, attempt.intent_id, attempt.intent_id)
    return Order(journey_stream(attempt.journey), str(attempt.journey), command, context)
