"""Promise: the checker of histories is content with a true history, and names whatever was tampered with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.evidence import Evidence, Reading
from tests.faults.history import BY_RECEIPT, Door, Heard
from tests.faults.laws import broken
from tests.unit.faults.sample import CASE, FAR, HALL, Told, no, receipt, told, yes


def faults(tamper: Callable[[Told], object]) -> list[str]:
    """What the checker finds after somebody changed the history or what was recorded, all of it published faithfully."""
    made = told()
    tamper(made)
    made.publish()
    return broken(made.calls, made.evidence())


def faults_of_doors(tamper: Callable[[Evidence], object]) -> list[str]:
    """What the checker finds when the doors tell something else than the record."""
    made = told()
    evidence = made.evidence()
    tamper(evidence)
    return broken(made.calls, evidence)


def one_says(found: list[str], words: str) -> None:
    assert any(words in fault for fault in found), found


def test_a_true_history_breaks_no_law() -> None:
    assert faults(lambda _: None) == []


def test_the_same_answer_to_the_same_key_is_no_fault() -> None:
    assert faults(lambda t: t.calls[1].heard.append(t.calls[1].heard[0])) == []


def test_a_wish_that_nobody_answered_may_have_taken_effect_or_not() -> None:
    assert faults(lambda t: t.calls[1].heard.clear()) == []
    assert faults(lambda t: t.call("withdraw", "c-9", {"case_no": CASE})) == []


def test_an_acknowledged_event_that_is_not_stored_is_lost() -> None:
    one_says(faults(lambda t: t.call("receive", "c-9", {}, yes("intake-99"))), "it is lost")


def test_an_event_that_is_stored_twice_is_found() -> None:
    def twice(t: Told) -> None:
        t.events["intake"].append({**t.events["intake"][-1], "sequence": len(t.events["intake"]) + 1})

    one_says(faults(twice), "is stored 2 times")


def test_two_answers_to_one_key_are_found() -> None:
    one_says(faults(lambda t: t.calls[1].heard.append(yes("intake-3", case_no="case-2"))), "answered in two ways")
    one_says(faults(lambda t: t.calls[1].heard.append(no("already-received", since=2.0))), "answered in two ways")


def test_a_no_that_was_asked_for_before_the_yes_was_heard_is_no_fault() -> None:
    assert faults(lambda t: t.calls[1].heard.append(no("case-unknown"))) == []


@pytest.mark.parametrize("named", ["c-1", "pseudonym-of-c-1"])
def test_one_wish_with_two_effects_is_found(named: str) -> None:
    def again(t: Told) -> None:
        t.persons["pseudonym-of-c-1"] = "c-1"
        t.record("intake", "visit-voided", named, {"visit_id": "v-2"})["correlationid"] = "another"

    one_says(faults(again), "took effect twice")


def test_an_effect_that_no_answer_names_is_found() -> None:
    one_says(faults(lambda t: t.record("intake", "visit-voided", "c-1", {"visit_id": "v-2"})), "more than it was answered")


def test_a_refused_wish_with_an_effect_is_found() -> None:
    def anyway(t: Told) -> None:
        t.call("void-visit", "c-9", {}, no("not-yours", 403))
        t.record("intake", "visit-voided", "c-9", {"visit_id": "v-2"})

    one_says(faults(anyway), "was refused and took effect")


def of_a_portal(door: Door, *answers: Heard, done: int = 1) -> list[str]:
    """What is found of a wish of a partner, which did so many things and was told `answers`, beside another wish of its."""

    def wish(t: Told) -> None:
        for number in range(done):
            t.record("intake", "visit-voided", "portal", {"visit_id": f"v-{number}"})
        t.record("intake", "visit-voided", "portal", {"visit_id": "v-9"})["correlationid"] = "another"
        t.call("void-visit", "", {}, *answers, door=door)

    return faults(wish)


@pytest.mark.parametrize("door", BY_RECEIPT)
def test_a_receipt_that_is_repeated_is_no_fault(door: Door) -> None:
    first, again = receipt("applied", "intake-11"), receipt("duplicate", "intake-11", first_status="applied")

    assert of_a_portal(door, first, again) == []


@pytest.mark.parametrize("door", BY_RECEIPT)
def test_a_receipt_that_takes_another_one_back_is_found(door: Door) -> None:
    one_says(of_a_portal(door, receipt("applied", "intake-11"), receipt("refused")), "answered in two ways")
    one_says(of_a_portal(door, receipt("refused"), receipt("applied", "intake-11")), "answered in two ways")


@pytest.mark.parametrize("door", BY_RECEIPT)
def test_a_receipt_that_tells_less_more_or_other_than_was_done_is_found(door: Door) -> None:
    one_says(of_a_portal(door, receipt("applied", "intake-11"), done=2), "more than it was answered")
    one_says(of_a_portal(door, receipt("applied", "intake-11", "intake-12")), "took effect twice")
    one_says(of_a_portal(door, receipt("refused", "intake-11")), "was refused and took effect")


def test_a_department_that_was_refused_what_the_record_says_is_found() -> None:
    def refused(t: Told) -> None:
        t.calls[-2].door = "partner"
        t.calls[-2].silences.append("KafkaTimeoutError")
        t.calls[-2].heard[:] = [receipt("refused", rule="not-yours")]

    one_says(faults(refused), f"was refused and took effect on {CASE}")


def test_a_gap_in_a_stream_is_found() -> None:
    one_says(faults(lambda t: t.events["intake"].pop(7)), "without a gap")


def test_two_decisions_of_one_case_are_found() -> None:
    def again(t: Told) -> None:
        t.record("approval", "decision-made", "o-3", {**t.events["approval"][0]["data"], "document_no": "D-o-3"})

    one_says(faults(again), "was decided 2 times")


def test_two_officers_who_both_won_are_found() -> None:
    one_says(faults(lambda t: t.calls[-1].heard.append(yes())), "and the record says D-o-1")


def test_a_loser_who_is_told_of_another_winner_is_found() -> None:
    def misled(t: Told) -> None:
        t.calls[-1].heard[:] = [no("already-decided", state="refused")]

    one_says(faults(misled), "was not told to what")


def test_a_message_owed_twice_is_found() -> None:
    def twice(t: Told) -> None:
        first = t.events["notify"][0]["data"]
        t.record("notify", "notification-requested", "notify", {**first, "intent_id": "intent-again"})

    one_says(faults(twice), "is owed 2 times")


def test_a_message_sent_twice_or_never_is_found() -> None:
    one_says(faults(lambda t: t.record("notify", "notification-sent", "notify", t.events["notify"][1]["data"])), "an end 2 times")
    one_says(faults(lambda t: t.events["notify"].pop()), "never came to an end")


def test_a_second_letter_under_a_key_of_its_own_is_found() -> None:
    one_says(faults_of_doors(lambda e: e.letters.append("another-key")), "nobody owed it")

    def owed_twice(t: Told) -> None:
        first = {**t.events["notify"][0]["data"], "intent_id": "intent-again"}
        t.record("notify", "notification-requested", "notify", first)
        t.record("notify", "notification-sent", "notify", {"intent_id": "intent-again"})

    one_says(faults(owed_twice), "2 letters with a receipt")


def test_a_letter_that_is_told_as_sent_and_is_not_there_is_found() -> None:
    one_says(faults_of_doors(lambda e: e.letters.pop()), "is not with the provider")


def test_a_cause_that_nobody_is_told_of_is_found() -> None:
    def silent(t: Told) -> None:
        del t.events["notify"][-2:]

    one_says(faults(silent), "nobody is told of")


def test_a_case_offered_by_somebody_who_does_not_hold_it_is_found() -> None:
    def stolen(t: Told) -> None:
        t.events["intake"][4]["data"] = {**t.events["intake"][4]["data"], "from_body": FAR}

    one_says(faults(stolen), "does not hold it")


def test_custody_that_overlaps_is_found() -> None:
    offer = {"case_no": CASE, "handover_no": "H2", "from_body": HALL, "to_body": FAR}

    def both(t: Told) -> None:
        t.events["intake"][5] = {**t.events["intake"][4], "id": "intake-6", "sequence": 6, "data": offer}

    one_says(faults(both), "was offered twice at once")
    one_says(faults(lambda t: t.record("intake", "custody-accepted", "x", {"case_no": CASE, "handover_no": "H1"})), "is not open")


def test_a_swapped_order_on_the_topic_is_found() -> None:
    def swapped(evidence: Evidence) -> None:
        first, second = evidence.topics[0], evidence.topics[1]
        evidence.topics[:2] = [second._replace(offset=0), first._replace(offset=1)]

    one_says(faults_of_doors(swapped), "jumps from 0 to 2")


def test_other_bytes_or_another_hash_on_the_topic_are_found() -> None:
    def changed(evidence: Evidence) -> None:
        evidence.topics[0] = evidence.topics[0]._replace(value=evidence.topics[0].value.replace(b"s-1", b"s-2"))

    def unchained(evidence: Evidence) -> None:
        evidence.topics[1] = evidence.topics[1]._replace(hash="00")

    one_says(faults_of_doors(changed), "other bytes")
    one_says(faults_of_doors(unchained), "does not follow")


def test_what_was_never_published_and_what_was_never_recorded_are_found() -> None:
    def forged(evidence: Evidence) -> None:
        evidence.topics[0] = evidence.topics[0]._replace(value=evidence.topics[0].value.replace(b"intake-1", b"intake-0"))

    one_says(faults_of_doors(lambda e: e.topics.pop()), "was never published")
    one_says(faults_of_doors(forged), "which nobody recorded")


def test_a_record_that_is_published_twice_is_no_fault_if_it_was_applied_once() -> None:
    made = told()
    last = max(seen.offset for seen in made.seen if seen.topic == made.seen[0].topic)
    made.seen.append(made.seen[0]._replace(offset=last + 1))

    assert broken(made.calls, made.evidence()) == []
    counted_twice = made.evidence()
    row = counted_twice.conservation["metrics"]["consumed"][0]
    row |= {"applied": row["applied"] + 1, "duplicate": 0}
    one_says(broken(made.calls, counted_twice), "applied 11 of 10 events")


@pytest.mark.parametrize("column", ["appended", "published", "waiting"])
def test_a_service_that_wrote_more_or_less_than_it_says_is_found(column: str) -> None:
    def miscounted(evidence: Evidence) -> None:
        evidence.conservation["intake"]["written"][0][column] += 1

    one_says(faults_of_doors(miscounted), "events stand there")


@pytest.mark.parametrize("column", ["consumed", "next_offset", "applied", "duplicate", "ignored", "parked", "dead_lettered"])
def test_a_group_whose_sum_is_not_exact_is_found(column: str) -> None:
    def miscounted(evidence: Evidence) -> None:
        evidence.conservation["metrics"]["consumed"][0][column] += 1

    one_says(faults_of_doors(miscounted), "metrics-p1")


def test_a_partition_that_a_group_never_claimed_is_found() -> None:
    def unclaimed(evidence: Evidence) -> None:
        row = evidence.conservation["metrics"]["consumed"][0]
        row |= {"partition": 1, "next_offset": 0, "consumed": 0, "applied": 0}

    one_says(faults_of_doors(unclaimed), "metrics-p1 never claimed ('gov.intake.events.v1', 0), where 10 records are")


@pytest.mark.parametrize("name", sorted(told().evidence().figures))
def test_a_figure_that_differs_from_a_count_by_hand_is_found(name: str) -> None:
    def wrong(evidence: Evidence) -> None:
        evidence.figures[name] = Reading(evidence.figures[name].numerator + 1, None)

    def miscounted(evidence: Evidence) -> None:
        evidence.recounts[name] = Reading(evidence.recounts[name].numerator + 1, None)

    def misdivided(evidence: Evidence) -> None:
        evidence.recounts[name] = replace_denominator(evidence.recounts[name])

    one_says(faults_of_doors(wrong), f"{name} is")
    one_says(faults_of_doors(miscounted), f"{name} is")
    one_says(faults_of_doors(misdivided), f"{name} is divided by")


def test_a_check_that_recounts_nothing_is_found() -> None:
    one_says(faults_of_doors(lambda evidence: evidence.recounts.clear()), "no figure was recounted")


def replace_denominator(reading: Reading) -> Reading:
    return reading._replace(denominator=99)


def test_a_message_that_still_waits_is_found() -> None:
    one_says(faults_of_doors(lambda e: e.messages.append({"intent_id": "i", "state": "sending"})), "is still sending")
