"""One message for each cause: under duplicates, after a crash between call and record, and over a real mail server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiosmtpd.controller import Controller

import services.notify
from deploy.local.children import free_port
from services.notify import letters, outgoing
from services.notify.policy import notices_for
from services.notify.providers import AddressRefusedError, FileOutbox, ProviderAwayError, Smtp
from services.notify.sender import AT_ONCE, ATTEMPTS_MAX, Sender
from services.notify.service import react
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.intake import ApplicationReceived, ResultDelivered
from shared.contracts.topics import Service
from shared.contracts.wire import decode
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.postgres.event_log import EventLog, Tx
from tests.conftest import MakeLog, within

MIGRATIONS = Path(services.notify.__file__).parent / "migrations"
NOW = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)


def cause(journey: UUID, *, history: bool = False, fact: Any = None) -> Envelope[Any]:
    received = fact or ApplicationReceived(
        case_no="case-1", receipt_no="S1", window_id="w-1", received_at=NOW, form_check="passed", identity_check="passed"
    )
    identity, known = uuid4(), NOW - timedelta(days=30) if history else NOW
    actor = Actor("clerk", "c")
    key, stream = str(journey), f"journey-{journey}"
    return Envelope(identity, "intake", received.type, stream, 3, NOW, NOW, known, key, identity, identity, actor, received)


async def hear(log: EventLog, *events: Envelope[Any]) -> None:
    async def work(tx: Tx) -> None:
        await react(tx, events)

    await log.transact(work)


class DeathError(BaseException):
    """The process ends here, as far as the record can see it."""


class Contacts:
    """Intake's answer about how to reach somebody; another sender may work before it comes."""

    def __init__(self, email: str | None = "someone@example.org", *, away: bool = False, meanwhile: Sender | None = None) -> None:
        self.email = email
        self.away = away
        self.meanwhile = meanwhile

    async def get(self, service: Service, path: str, **query: str | int) -> Any:
        if self.away:
            raise UnavailableError("intake-away")
        if self.meanwhile is not None:
            await self.meanwhile.run_once()
        return {"name": None, "email": self.email, "phone": None, "language": "zh"}


class Carrier:
    """Remembers every call; can take a message and then fail to say so."""

    can_tell = False

    def __init__(self) -> None:
        self.calls: list[UUID] = []
        self.crash = False
        self.away = False
        self.resets = False

    async def send(self, key: UUID, to: str, subject: str, text: str) -> str:
        if self.away:
            raise ProviderAwayError
        self.calls.append(key)
        if self.crash:
            raise DeathError
        if self.resets:
            raise ConnectionResetError
        return f"ref-{key}"

    async def find(self, key: UUID) -> str | None:
        return None


async def facts(log: EventLog, journey: UUID) -> list[tuple[str, dict[str, Any]]]:
    events = [decode(body) for body in await log.read_stream(f"journey-{journey}")]
    return [(event.type.split(".")[2], event.data.model_dump()) for event in events]


async def test_hearing_a_cause_again_owes_nothing_more(make_log: MakeLog) -> None:
    log, journey = await make_log("notify", MIGRATIONS), uuid4()
    received = cause(journey)

    await hear(log, received)
    await hear(log, received)

    assert [name for name, _ in await facts(log, journey)] == ["notification-requested"]
    assert await log.pool.fetchval("SELECT count(*) FROM intent") == 1


async def test_one_cause_owes_one_message_whatever_its_key(make_log: MakeLog) -> None:
    log, heard = await make_log("notify", MIGRATIONS), cause(uuid4())
    (notice,) = notices_for(heard)

    async with log.transaction() as tx:
        await outgoing.owe(tx, [(heard, notice), (heard, replace(notice, intent_id=uuid4()))])

    assert [row["intent_id"] for row in await log.pool.fetch("SELECT intent_id FROM intent")] == [notice.intent_id]


async def test_a_message_is_sent_once_and_its_end_recorded(make_log: MakeLog) -> None:
    log, journey, carrier = await make_log("notify", MIGRATIONS), uuid4(), Carrier()
    sender = Sender(log, Contacts(), carrier, demo=True)
    await hear(log, cause(journey))

    assert await sender.run_once() == 1
    assert await sender.run_once() == 0

    (_, sent) = await facts(log, journey)
    assert sent[0] == "notification-sent"
    assert (sent[1]["attempt"], sent[1]["repeated"]) == (1, False)


async def test_history_is_recorded_and_never_sent(make_log: MakeLog) -> None:
    log, journey, carrier = await make_log("notify", MIGRATIONS), uuid4(), Carrier()
    delivered = ResultDelivered(case_no="case-1", method="courier", delivered_at=NOW)

    await hear(log, cause(journey, history=True, fact=delivered))

    assert await Sender(log, Contacts(), carrier, demo=True).run_once() == 0
    ((_, requested),) = await facts(log, journey)
    assert requested["suppressed"] is True


async def test_a_crash_after_the_call_repeats_under_the_same_key_and_says_so(make_log: MakeLog) -> None:
    log, journey, carrier = await make_log("notify", MIGRATIONS), uuid4(), Carrier()
    sender = Sender(log, Contacts(), carrier, demo=True, unknown_after_s=0.0)
    await hear(log, cause(journey))
    carrier.crash = True
    with pytest.raises(DeathError):
        await sender.run_once()
    carrier.crash = False

    assert await sender.run_once() == 1

    assert len(carrier.calls) == 2
    assert len(set(carrier.calls)) == 1
    assert (await facts(log, journey))[-1][1]["repeated"] is True


async def test_a_provider_that_can_tell_is_asked_before_repeating(make_log: MakeLog, tmp_path: Path) -> None:
    log, journey = await make_log("notify", MIGRATIONS), uuid4()
    outbox = FileOutbox(tmp_path)
    await hear(log, cause(journey))
    key = await log.pool.fetchval("UPDATE intent SET state = 'sending', attempt = 1 RETURNING intent_id")
    await outbox.send(UUID(str(key)), "someone@example.org", "subject", "text")

    await Sender(log, Contacts(), outbox, demo=True).run_once()

    assert len(list(tmp_path.glob("*.eml"))) == 1
    assert (await facts(log, journey))[-1][1]["repeated"] is False


async def test_a_provider_that_is_away_is_tried_again_later(make_log: MakeLog) -> None:
    log, journey, carrier = await make_log("notify", MIGRATIONS), uuid4(), Carrier()
    await hear(log, cause(journey))

    carrier.away = True
    await Sender(log, Contacts(), carrier, demo=True).run_once()
    carrier.away = False
    await log.pool.execute("UPDATE intent SET next_attempt_at = now()")
    await Sender(log, Contacts(), carrier, demo=True).run_once()

    names = [name for name, _ in await facts(log, journey)]
    assert names == ["notification-requested", "notification-failed", "notification-sent"]


async def test_however_long_intake_is_away_no_attempt_is_counted(make_log: MakeLog) -> None:
    log, journey, carrier = await make_log("notify", MIGRATIONS), uuid4(), Carrier()
    await hear(log, cause(journey))

    for _ in range(ATTEMPTS_MAX + 1):
        await Sender(log, Contacts(away=True), carrier, demo=True).run_once()
        assert await log.pool.fetchval("SELECT state FROM intent") == "waiting"
        await log.pool.execute("UPDATE intent SET next_attempt_at = now()")
    await Sender(log, Contacts(), carrier, demo=True).run_once()

    (_, (name, sent)) = await facts(log, journey)
    assert (name, sent["attempt"], sent["repeated"]) == ("notification-sent", 1, False)


async def test_what_happened_long_ago_and_was_heard_of_today_waits_no_longer_than_the_rest(make_log: MakeLog) -> None:
    log, now = await make_log("notify", MIGRATIONS), datetime.now(UTC)
    await hear(log, replace(cause(uuid4()), time=now - timedelta(days=70), recorded=now, known=now))

    await Sender(log, Contacts(away=True), Carrier(), demo=True).run_once()

    assert await log.pool.fetchval("SELECT next_attempt_at FROM intent") < now + timedelta(seconds=60)


async def test_what_was_put_off_before_a_clock_was_set_back_is_sent_soon(make_log: MakeLog) -> None:
    log, carrier = await make_log("notify", MIGRATIONS), Carrier()
    sender = Sender(log, Contacts(), carrier, demo=True)
    await hear(log, cause(uuid4()), cause(uuid4()))
    await log.pool.execute("UPDATE intent SET next_attempt_at = now() + interval '10 minutes'")
    (far, _) = await log.pool.fetch("SELECT intent_id FROM intent ORDER BY intent_id")
    await log.pool.execute("UPDATE intent SET next_attempt_at = now() + interval '1 hour' WHERE intent_id = $1", far["intent_id"])

    for _ in range(2):
        await sender.run_once()

    assert carrier.calls == [far["intent_id"]]


async def test_what_was_handed_over_before_a_clock_was_set_back_is_repeated_after_a_minute(make_log: MakeLog) -> None:
    log, carrier = await make_log("notify", MIGRATIONS), Carrier()
    sender = Sender(log, Contacts(), carrier, demo=True)
    await hear(log, cause(uuid4()))
    carrier.resets = True
    await sender.run_once()
    carrier.resets = False
    await log.pool.execute("UPDATE intent SET next_attempt_at = now() + interval '1 hour' WHERE state = 'sending'")

    for _ in range(2):
        await sender.run_once()
    wait = await log.pool.fetchval("SELECT next_attempt_at - clock_timestamp() FROM intent")

    assert len(carrier.calls) == 1
    assert 50 < wait.total_seconds() <= 60


async def test_whoever_dies_before_a_hand_over_leaves_no_doubt(make_log: MakeLog) -> None:
    log, journey, carrier = await make_log("notify", MIGRATIONS), uuid4(), Carrier()
    await hear(log, cause(journey))
    for _ in range(ATTEMPTS_MAX + 1):
        async with log.transaction() as tx:
            await outgoing.take(tx, 1, 0.0)

    await Sender(log, Contacts(), carrier, demo=True).run_once()

    assert len(carrier.calls) == 1
    assert (await facts(log, journey))[-1][1]["repeated"] is False


async def test_what_somebody_else_took_meanwhile_is_left_to_him(make_log: MakeLog) -> None:
    log, carrier = await make_log("notify", MIGRATIONS), Carrier()
    await hear(log, cause(uuid4()))
    quick = Sender(log, Contacts(), carrier, demo=True, unknown_after_s=0.0)

    await Sender(log, Contacts(meanwhile=quick), carrier, demo=True, unknown_after_s=0.0).run_once()

    assert len(carrier.calls) == 1


class Slow(Carrier):
    """Takes nothing until it is asked for so many at once."""

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self._all = asyncio.Barrier(at_once)

    async def send(self, key: UUID, to: str, subject: str, text: str) -> str:
        await self._all.wait()
        return await super().send(key, to, subject, text)


async def test_a_slow_provider_is_given_several_messages_side_by_side(make_log: MakeLog) -> None:
    log, carrier = await make_log("notify", MIGRATIONS), Slow(AT_ONCE)
    await hear(log, *(cause(uuid4()) for _ in range(AT_ONCE + 1)))

    async with within(10):
        assert await Sender(log, Contacts(), carrier, demo=True).run_once() == AT_ONCE

    assert len(carrier.calls) == AT_ONCE


async def test_an_attempt_that_cannot_go_on_ends_no_other(make_log: MakeLog) -> None:
    log, unlucky, well = await make_log("notify", MIGRATIONS), uuid4(), uuid4()
    failed = asyncio.Event()

    class OneFails(Contacts):
        async def get(self, service: Service, path: str, **query: str | int) -> Any:
            if path.endswith(str(unlucky)):
                failed.set()
                raise VersionConflictError
            return await super().get(service, path, **query)

    class Waits(Carrier):
        async def send(self, key: UUID, to: str, subject: str, text: str) -> str:
            await failed.wait()
            await asyncio.sleep(0)
            return await super().send(key, to, subject, text)

    await hear(log, cause(unlucky), cause(well))

    with pytest.raises(VersionConflictError):
        await Sender(log, OneFails(), Waits(), demo=True).run_once()
    assert (await facts(log, well))[-1][0] == "notification-sent"


async def test_a_doubt_outlives_a_provider_that_is_away(make_log: MakeLog) -> None:
    log, journey, carrier = await make_log("notify", MIGRATIONS), uuid4(), Carrier()
    sender = Sender(log, Contacts(), carrier, demo=True, unknown_after_s=0.0)
    await hear(log, cause(journey))
    carrier.resets = True
    await sender.run_once()
    carrier.resets, carrier.away = False, True
    await sender.run_once()
    carrier.away = False
    await log.pool.execute("UPDATE intent SET next_attempt_at = now()")

    await sender.run_once()

    (*_, (name, sent)) = await facts(log, journey)
    assert (name, sent["attempt"], sent["repeated"]) == ("notification-sent", 3, True)


async def test_a_failure_that_cannot_be_written_down_stops_no_other(make_log: MakeLog) -> None:
    log, broken, well, carrier = await make_log("notify", MIGRATIONS), uuid4(), uuid4(), Carrier()
    await hear(log, cause(broken), cause(well))
    await log.pool.execute("UPDATE intent SET attempt = 100 WHERE journey = $1", broken)

    await Sender(log, Contacts(), carrier, demo=True).run_once()

    assert (await facts(log, well))[-1][0] == "notification-sent"


async def test_an_unknown_end_is_repeated_once_and_then_said_to_be_unconfirmed(make_log: MakeLog) -> None:
    log, journey, carrier = await make_log("notify", MIGRATIONS), uuid4(), Carrier()
    sender = Sender(log, Contacts(), carrier, demo=True, unknown_after_s=0.0)
    await hear(log, cause(journey))
    carrier.resets = True

    attempts = [await sender.run_once() for _ in range(4)]

    assert attempts == [1, 1, 0, 0]
    assert carrier.calls == [carrier.calls[0]] * 2
    name, ended = (await facts(log, journey))[-1]
    assert (name, ended["attempt"], ended["reason_code"], ended["final"]) == ("notification-failed", 2, "unconfirmed", True)


async def test_a_process_that_dies_at_every_attempt_does_not_write_for_ever(make_log: MakeLog) -> None:
    log, journey, carrier = await make_log("notify", MIGRATIONS), uuid4(), Carrier()
    await hear(log, cause(journey))
    await log.pool.execute("UPDATE intent SET state = 'sending', attempt = $1", ATTEMPTS_MAX)

    await Sender(log, Contacts(), carrier, demo=True).run_once()

    assert carrier.calls == []
    assert (await facts(log, journey))[-1][1]["reason_code"] == "unconfirmed"


async def test_whoever_dies_at_each_hand_over_writes_twice(make_log: MakeLog) -> None:
    log, journey, carrier = await make_log("notify", MIGRATIONS), uuid4(), Carrier()
    sender = Sender(log, Contacts(), carrier, demo=True, unknown_after_s=0.0)
    await hear(log, cause(journey))
    carrier.crash = True
    for _ in range(2):
        with pytest.raises(DeathError):
            await sender.run_once()

    assert [await sender.run_once() for _ in range(2)] == [1, 0]

    assert len(carrier.calls) == 2
    name, ended = (await facts(log, journey))[-1]
    assert (name, ended["attempt"], ended["reason_code"], ended["final"]) == ("notification-failed", 2, "unconfirmed", True)


async def test_a_provider_that_can_tell_is_given_what_it_has_not(make_log: MakeLog) -> None:
    log, journey, carrier = await make_log("notify", MIGRATIONS), uuid4(), Carrier()
    carrier.can_tell = True
    await hear(log, cause(journey))
    await log.pool.execute("UPDATE intent SET state = 'sending', attempt = 2, repeated = true")

    await Sender(log, Contacts(), carrier, demo=True).run_once()

    assert (await facts(log, journey))[-1][0] == "notification-sent"


async def test_a_message_that_cannot_be_made_stops_no_other(make_log: MakeLog) -> None:
    log, broken, well, carrier = await make_log("notify", MIGRATIONS), uuid4(), uuid4(), Carrier()
    await hear(log, cause(broken), cause(well))
    await log.pool.execute("UPDATE intent SET template = 'no-such-template' WHERE journey = $1", broken)

    await Sender(log, Contacts(), carrier, demo=True).run_once()

    assert len(carrier.calls) == 1
    assert (await facts(log, broken))[-1][1]["reason_code"] == "internal-error"
    assert (await facts(log, well))[-1][0] == "notification-sent"


async def test_an_attempt_that_was_taken_up_again_has_no_say(make_log: MakeLog) -> None:
    log, journey = await make_log("notify", MIGRATIONS), uuid4()
    await hear(log, cause(journey))
    async with log.transaction() as tx:
        (taken,) = await outgoing.take(tx, 1, 0.0)
        slow = await outgoing.begin(tx, taken, 0.0)
    async with log.transaction() as tx:
        (quick,) = await outgoing.take(tx, 1, 60.0)
        assert slow is not None
        await outgoing.failed(tx, slow, "away", None)
        await outgoing.postpone(tx, slow, "away", 1.0)

    assert (taken.number, slow.number, quick.number, quick.unknown) == (0, 1, 1, True)
    assert await log.pool.fetchval("SELECT next_attempt_at FROM intent WHERE state = 'sending'") == quick.until


async def test_somebody_without_an_address_is_a_final_failure(make_log: MakeLog) -> None:
    log, journey = await make_log("notify", MIGRATIONS), uuid4()
    await hear(log, cause(journey))

    await Sender(log, Contacts(None), Carrier(), demo=True).run_once()

    assert (await facts(log, journey))[-1][1]["final"] is True
    assert await log.pool.fetchval("SELECT state FROM intent") == "failed"


class Inbox:
    """A mail server's memory."""

    def __init__(self, refusal: str | None = None) -> None:
        self.letters: list[bytes] = []
        self._refusal = refusal

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self._refusal:
            return self._refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.letters.append(envelope.content)
        return "250 OK"


@asynccontextmanager
async def mail_server(refusal: str | None = None) -> AsyncIterator[tuple[str, Inbox]]:
    inbox = Inbox(refusal)
    port = free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}", inbox
    finally:
        controller.stop()


async def test_a_real_mail_server_takes_the_letter_with_its_key() -> None:
    key = uuid4()
    async with mail_server() as (url, inbox):
        await Smtp(url).send(key, "someone@example.org", "已收到您的申请", "text")

    (letter,) = inbox.letters
    assert f"<{key}@runonce>".encode() in letter


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ("450 4.2.0 greylisted", ProviderAwayError),
        ("452 4.2.2 mailbox full", ProviderAwayError),
        ("550 5.1.1 no such user", AddressRefusedError),
    ],
)
async def test_an_address_is_refused_for_good_only_by_a_word_that_is_meant_so(refusal: str, told: type[Exception]) -> None:
    async with mail_server(refusal) as (url, _):
        with pytest.raises(told):
            await Smtp(url).send(uuid4(), "someone@example.org", "s", "t")


async def test_a_mail_server_that_is_not_there_is_away() -> None:
    with pytest.raises(ProviderAwayError):
        await Smtp("smtp://127.0.0.1:9", timeout_s=1).send(uuid4(), "someone@example.org", "s", "t")


TEMPLATES: Sequence[str] = ("receipt", "correction", "acceptance", "not_accepted", "result")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_letter_names_the_case_and_says_when_it_is_a_demo(template: str, language: str) -> None:
    subject, text = letters.write(template, language, "case-1", demo=True)

    assert "case-1" in subject
    assert "case-1" in text
    assert ("演示" if language == "zh" else "Demo") in subject
    assert "演示" not in letters.write(template, language, "case-1", demo=False)[0]
