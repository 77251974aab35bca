"""What must be true of a history and of what the public doors tell afterwards. Pure; shares nothing with the services.

Each law returns what breaks it, in words; nothing means that it holds. `broken` asks them all.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from tests.faults.evidence import TOPICS, Evidence
from tests.faults.history import BY_RECEIPT, Call
from tests.faults.own_counts import READINGS, count, name_of

Event = Mapping[str, Any]
_TOLD_OF = {
    "application-received": "receipt",
    "correction-notice-issued": "correction",
    "application-accepted": "acceptance",
    "application-not-accepted": "not_accepted",
    "result-delivered": "result",
}


def broken(calls: Sequence[Call], evidence: Evidence) -> list[str]:
    """Everything that breaks a law."""
    events = {service: [json.loads(line) for line in lines] for service, lines in evidence.record.items()}
    laws: tuple[Iterator[str], ...] = (
        _promises_kept(calls, events),
        _no_effect_twice(calls, events, evidence.persons),
        _streams_whole(events),
        _topics_equal_the_record(evidence),
        _one_decision(calls, events),
        _one_message(events, evidence),
        _one_letter(events, evidence),
        _one_holder(events),
        _figures(evidence),
        _conserved(evidence),
    )
    return [fault for law in laws for fault in law]


def _by_id(events: Mapping[str, Sequence[Event]]) -> Counter[str]:
    return Counter(event["id"] for of_service in events.values() for event in of_service)


def _promises_kept(calls: Sequence[Call], events: Mapping[str, Sequence[Event]]) -> Iterator[str]:
    """What was granted is in the record, once."""
    stored = _by_id(events)
    for event, times in stored.items():
        if times > 1:
            yield f"event {event} is stored {times} times"
    for call in calls:
        for heard in call.heard:
            for event in heard.body.get("events", ()) if heard.is_good else ():
                if not stored[event]:
                    yield f"call {call.number} ({call.command}) was promised {event}, and it is lost"


def _no_effect_twice(calls: Sequence[Call], events: Mapping[str, Sequence[Event]], persons: Mapping[str, str]) -> Iterator[str]:
    """However often a wish was asked it has one answer and one effect; a refused one has none."""
    done = _Done(events, persons)
    for call in calls:
        granted = call.granted
        if granted is not None:
            # At a door a no may arrive after a yes that was asked later; only what was asked after it was heard must repeat it.
            for heard in (h for h in call.heard if h.is_good or call.door in BY_RECEIPT or h.since >= granted.at):
                same = heard.is_good and all(heard.body.get(f) == granted.body.get(f) for f in ("case_no", "journey"))
                if not same or (heard.body.get("events") or granted.body.get("events", [])) != granted.body.get("events", []):
                    yield f"call {call.number} ({call.command}) was answered in two ways"
        own = done.of(call)
        if len({event["correlationid"] for event in own}) > 1:
            yield f"call {call.number} ({call.command}) took effect twice"
        if call.is_refused and own:
            yield f"call {call.number} ({call.command}) was refused and took effect"
        if granted is not None and not {event["id"] for event in own} <= set(granted.body.get("events", ())):
            yield f"call {call.number} ({call.command}) did more than it was answered"


class _Done:
    """Which events came of a wish."""

    def __init__(self, events: Mapping[str, Sequence[Event]], persons: Mapping[str, str]) -> None:
        self._persons = persons
        self._by_id: dict[str, Event] = {}
        self._by_actor: dict[str, list[Event]] = defaultdict(list)
        for of_service in events.values():
            for event in of_service:
                self._by_id[event["id"]] = event
                self._by_actor[self._who(event)].append(event)

    def of(self, call: Call) -> list[Event]:
        """All that its caller did; of one with many wishes, all that it did together with what the receipts name."""
        if call.door not in BY_RECEIPT:
            return self._by_actor[call.by]
        named = [self._by_id[one] for heard in call.heard for one in heard.body.get("events", ()) if one in self._by_id]
        together = {(self._who(event), event["correlationid"]) for event in named}
        return [event for actor, wish in together for event in self._by_actor[actor] if event["correlationid"] == wish]

    def _who(self, event: Event) -> str:
        actor: str = event["actorid"]
        return self._persons.get(actor, actor)


def _streams_whole(events: Mapping[str, Sequence[Event]]) -> Iterator[str]:
    for service, of_service in events.items():
        streams: dict[str, list[int]] = defaultdict(list)
        for event in of_service:
            streams[event["subject"]].append(event["sequence"])
        for stream, sequences in streams.items():
            if sequences != list(range(1, len(sequences) + 1)):
                yield f"{service}: {stream} is not counted from 1 without a gap"


def _topics_equal_the_record(evidence: Evidence) -> Iterator[str]:
    """Every stored event is on its topic with its bytes, in order, under the hash that chains it to the one before."""
    stored: dict[str, tuple[bytes, str]] = {}
    heads: dict[tuple[str, str], bytes] = {}
    places: dict[str, tuple[str, int]] = {}
    for service, lines in evidence.record.items():
        for line in lines:
            event = json.loads(line)
            at = (service, event["subject"])
            heads[at] = sha256(heads.get(at, b"") + line).digest()
            stored[event["id"]] = (line, heads[at].hex())
    newest: Counter[tuple[str, str]] = Counter()
    for seen in sorted(evidence.topics):
        event = json.loads(seen.value)
        known = stored.get(event["id"])
        at_key = (seen.topic, seen.key)
        if known is None:
            yield f"{seen.topic} holds {event['id']}, which nobody recorded"
        elif known[0] != seen.value:
            yield f"{seen.topic} holds other bytes for {event['id']} than the record"
        elif seen.hash != known[1]:
            yield f"{seen.topic} holds {event['id']} under a hash that does not follow from its stream"
        if event["sequence"] > newest[at_key] + 1:
            yield f"{seen.topic}: {seen.key} jumps from {newest[at_key]} to {event['sequence']}"
        newest[at_key] = max(newest[at_key], event["sequence"])
        if places.setdefault(seen.key + seen.topic, (seen.topic, seen.partition)) != (seen.topic, seen.partition):
            yield f"{seen.topic}: {seen.key} stands in two partitions"
    heard = {json.loads(seen.value)["id"] for seen in evidence.topics}
    for event_id in stored.keys() - heard:
        yield f"{event_id} is recorded and was never published"


def _one_decision(calls: Sequence[Call], events: Mapping[str, Sequence[Event]]) -> Iterator[str]:
    """A case is decided once, by whoever was told so; the other one was told that it is decided, and how."""
    decided: dict[str, list[Event]] = defaultdict(list)
    for event in events["approval"]:
        if name_of(event) == "decision-made":
            decided[event["data"]["case_no"]].append(event["data"])
    for case, decisions in decided.items():
        if len(decisions) > 1:
            yield f"{case} was decided {len(decisions)} times"
    for call in calls:
        if call.command != "decide" or not call.heard:
            continue
        winner = next(iter(decided.get(call.data["case_no"], ())), None)
        document = None if winner is None else winner["document_no"]
        last = call.heard[-1]
        if call.granted is not None and document != call.data["document_no"]:
            yield f"call {call.number} decided {call.data['case_no']}, and the record says {document}"
        if call.is_refused and document == call.data["document_no"]:
            yield f"call {call.number} was refused and took effect on {call.data['case_no']}"
        is_conflict = last.status == 409 or call.door == "partner"
        names_the_winner = winner is not None and is_conflict and last.body.get("state") == winner["outcome"]
        if call.granted is None and last.body.get("rule") == "already-decided" and not names_the_winner:
            yield f"call {call.number} lost {call.data['case_no']} and was not told to what"


def _one_message(events: Mapping[str, Sequence[Event]], evidence: Evidence) -> Iterator[str]:
    """For every cause one message is owed, and it was sent once."""
    owed = {event["id"]: _TOLD_OF[name_of(event)] for event in events["intake"] if name_of(event) in _TOLD_OF}
    asked: Counter[tuple[str, ...]] = Counter()
    ends: Counter[str] = Counter()
    intents: set[str] = set()
    for event in events["notify"]:
        data = event["data"]
        if name_of(event) == "notification-requested":
            asked[data["cause_event"], data["template"], data["recipient_role"], data["channel"]] += 1
            intents.add(data["intent_id"])
        elif name_of(event) == "notification-sent" or data["final"]:
            ends[data["intent_id"]] += 1
    for (cause, template, *_), times in asked.items():
        if times > 1:
            yield f"a {template} is owed {times} times for {cause}"
        if owed.get(cause) != template:
            yield f"a {template} is owed for {cause}, which is no cause of it"
    for cause in owed.keys() - {cause for cause, *_ in asked}:
        yield f"nobody is told of {cause}"
    for intent, times in ends.items():
        if times > 1:
            yield f"message {intent} came to an end {times} times"
    for intent in intents - ends.keys():
        yield f"message {intent} never came to an end"
    for message in evidence.messages:
        if message["state"] not in ("sent", "failed", "suppressed"):
            yield f"message {message['intent_id']} is still {message['state']}"


def _one_letter(events: Mapping[str, Sequence[Event]], evidence: Evidence) -> Iterator[str]:
    """The provider has one letter for each cause, and none that nobody owes; it has all that are told as sent."""
    said = [(name_of(event), event["data"]) for event in events["notify"]]
    causes = {data["intent_id"]: (data["template"], data["cause_event"]) for name, data in said if name == "notification-requested"}
    for key in evidence.letters:
        if key not in causes:
            yield f"letter {key} is with the provider, and nobody owed it"
    for (template, cause), times in Counter(causes[key] for key in evidence.letters if key in causes).items():
        if times > 1:
            yield f"{times} letters with a {template} for {cause} are with the provider"
    for intent in {data["intent_id"] for name, data in said if name == "notification-sent"} - set(evidence.letters):
        yield f"message {intent} is told as sent, and is not with the provider"


def _one_holder(events: Mapping[str, Sequence[Event]]) -> Iterator[str]:
    """At every instant one body holds a case: only who holds it offers it, and an offer is answered once."""
    holder: dict[str, str] = {}
    offer: dict[str, tuple[str, str]] = {}
    for event in events["intake"]:
        data, name = event["data"], name_of(event)
        case = data.get("case_no", "")
        if name == "application-submitted":
            holder[case] = data["receiving_body"]
        elif name == "custody-offered":
            if data["from_body"] != holder.get(case):
                yield f"{case} was offered by a body that does not hold it"
            if case in offer:
                yield f"{case} was offered twice at once"
            offer[case] = (data["handover_no"], data["to_body"])
        elif name in ("custody-accepted", "custody-returned", "custody-offer-withdrawn"):
            number, target = offer.pop(case, ("", ""))
            if number != data["handover_no"]:
                yield f"{case}: {name} answers an offer that is not open"
            elif name == "custody-accepted":
                holder[case] = target
        elif name == "application-accepted" and case in offer:
            yield f"{case} was accepted while it was offered to somebody else"


def _figures(evidence: Evidence) -> Iterator[str]:
    own = count(evidence.record)
    for name in READINGS:
        said = evidence.figures[name]
        if own[name] != said.numerator:
            yield f"{name} is {own[name]} by hand and {said.numerator} on the board"
    if not evidence.recounts:
        yield "no figure was recounted"
    for name, recounted in evidence.recounts.items():
        said = evidence.figures[name]
        if own[name] != recounted.numerator:
            yield f"{name} is {own[name]} by hand and {recounted.numerator} recounted"
        if said.denominator != recounted.denominator:
            yield f"{name} is divided by {said.denominator} on the board and by {recounted.denominator} recounted"


def _conserved(evidence: Evidence) -> Iterator[str]:
    """Appended = distinct on the topic = published + waiting; and what a group consumed is what became of it, to the last one."""
    records: Counter[tuple[str, int]] = Counter()
    distinct: dict[tuple[str, int], set[str]] = defaultdict(set)
    for seen in evidence.topics:
        at = (seen.topic, seen.partition)
        records[at] += 1
        distinct[at].add(json.loads(seen.value)["id"])
    for service, told in evidence.conservation.items():
        for row in told["written"]:
            at = (row["topic"], row["partition"])
            if not len(distinct[at]) == row["appended"] == row["published"] + row["waiting"]:
                yield f"{service} wrote {row}, and {len(distinct[at])} events stand there"
        for row in told["consumed"]:
            yield from _consumed(row, records, distinct, evidence.generation)
        yield from _never_claimed([row for row in told["consumed"] if not _is_over(row, evidence.generation)], records)


def _consumed(
    row: Mapping[str, Any], records: Counter[tuple[str, int]], distinct: Mapping[tuple[str, int], set[str]], generation: int
) -> Iterator[str]:
    at = (row["topic"], row["partition"])
    once = row["applied"] + row["ignored"] + row["parked"]
    if row["consumed"] != once + row["duplicate"] + row["dead_lettered"]:
        yield f"{row['group']} does not say what became of everything in {at}"
    if row["topic"] not in TOPICS or _is_over(row, generation):
        return
    if not row["consumed"] == row["next_offset"] == records[at]:
        yield f"{row['group']} consumed {row['consumed']} up to {row['next_offset']} of the {records[at]} records in {at}"
    if once != len(distinct.get(at, ())):
        yield f"{row['group']} applied {once} of {len(distinct.get(at, ()))} events in {at}"


def _never_claimed(rows: Sequence[Mapping[str, Any]], records: Mapping[tuple[str, int], int]) -> Iterator[str]:
    """Whoever reads a topic has a row of each of its partitions that holds anything."""
    claimed = {(row["group"], row["topic"], row["partition"]) for row in rows}
    for group, topic in sorted({(group, topic) for group, topic, _ in claimed}):
        for at, held in records.items():
            if at[0] == topic and (group, *at) not in claimed:
                yield f"{group} never claimed {at}, where {held} records are"


def _is_over(row: Mapping[str, Any], generation: int) -> bool:
    """Whether this is a projection that another one has replaced."""
    group: str = row["group"]
    return group.startswith("metrics-p") and group != f"metrics-p{generation}"
