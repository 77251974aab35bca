"""Materials are received once; what is missing is told once, from the item's own list, and answered in its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.intake.commands import JourneyCommand
from services.intake.refusals import (
    ALREADY_ACCEPTED,
    ALREADY_RECEIVED,
    CASE_ENDED,
    NOT_RECEIVED,
    NOT_YOURS,
    NOTICE_SUPERSEDED,
    SECOND_NOTICE_NEEDS_REASON,
    TOO_MANY_NOTICES,
    UNKNOWN_CASE,
    UNKNOWN_NOTICE,
    UNKNOWN_VENUE,
)
from shared.contracts.ids import receipt_no
from shared.contracts.intake import (
    ApplicationReceived,
    CorrectionExpired,
    CorrectionNoticeIssued,
    CorrectionSubmitted,
    OffListDemandRefused,
)
from shared.eventsourcing.errors import Rule
from tests.unit.intake.story import (
    CASE,
    HANGZHOU,
    MANDATED,
    OFFICER,
    OTHER_CASE,
    STRANGER,
    WENZHOU_CLERK,
    WENZHOU_VENUE,
    Story,
    accept,
    answer,
    at,
    correct,
    later,
    online,
    receive,
    submit,
    turn_away,
    withdraw,
)


def test_a_window_receives_and_gives_a_receipt() -> None:
    (received,) = Story().given(submit()).when(receive(later(hours=1))).then(ApplicationReceived)

    assert isinstance(received, ApplicationReceived)
    assert (received.receipt_no, received.received_at) == (receipt_no(CASE), later(hours=1))


def test_receiving_again_at_the_same_window_is_no_news() -> None:
    Story().given(submit(), receive()).when(receive(later(hours=1))).then_nothing()
    Story().given(submit(), receive(), accept()).when(receive(later(hours=1))).then_nothing()


def test_receiving_again_elsewhere_is_refused() -> None:
    refused = Story().given(submit(), receive()).when(receive(window=WENZHOU_VENUE)).then_refused(ALREADY_RECEIVED)

    assert refused.state == "received"


def test_a_window_must_be_a_registered_venue_unless_nobody_came() -> None:
    nowhere = replace(receive(), window=None, window_id="web-desk")

    Story().given(submit()).when(nowhere).then_refused(UNKNOWN_VENUE)
    Story().given(online()).when(nowhere).then(ApplicationReceived)


def test_only_those_who_hold_or_handle_a_case_receive_it() -> None:
    Story().given(submit(across=True)).when(receive(window=WENZHOU_VENUE, by=WENZHOU_CLERK)).then(ApplicationReceived)
    Story().given(submit()).when(receive(by=STRANGER)).then_refused(NOT_YOURS)
    Story().given(submit()).when(receive(window=MANDATED, by=WENZHOU_CLERK)).then_refused(NOT_YOURS)


def test_a_comprehensive_window_receives_for_the_bodies_of_its_region() -> None:
    hall = replace(OFFICER, body=None, region=HANGZHOU)

    Story().given(submit()).when(receive(by=hall)).then(ApplicationReceived)


def test_what_ended_is_not_received() -> None:
    Story().given(submit(), withdraw()).when(receive()).then_refused(CASE_ENDED)


def test_one_notice_tells_everything_and_gives_fifteen_working_days() -> None:
    (notice,) = Story().given(submit(), receive()).when(correct("deed", "contract")).then(CorrectionNoticeIssued)

    assert isinstance(notice, CorrectionNoticeIssued)
    assert (notice.notice_no, notice.ordinal, notice.due) == ("N1", 1, date(2026, 6, 22))
    assert [entry.code for entry in notice.missing] == ["contract", "deed"]


def test_the_same_notice_again_is_no_news() -> None:
    Story().given(submit(), receive(), correct("deed")).when(correct("deed", now=later(hours=1))).then_nothing()


def test_a_second_notice_needs_a_reason_and_says_that_it_is_the_second() -> None:
    story = Story().given(submit(), receive(), correct("deed"))
    story.when(correct("contract")).then_refused(SECOND_NOTICE_NEEDS_REASON)

    (second,) = story.when(correct("contract", reason="new-fact")).then(CorrectionNoticeIssued)

    assert isinstance(second, CorrectionNoticeIssued)
    assert (second.notice_no, second.ordinal, second.reason_code) == ("N2", 2, "new-fact")


def test_notices_have_an_end() -> None:
    story = Story().given(submit(), receive())
    for n in range(20):
        story.given(correct("deed" if n % 2 else "contract", reason="again"))

    story.when(correct("id-card", reason="again")).then_refused(TOO_MANY_NOTICES)


def test_an_off_list_demand_is_refused_recorded_and_does_not_stop_the_rest() -> None:
    facts = Story().given(submit(), receive()).when(correct("deed", "photo")).then(OffListDemandRefused, CorrectionNoticeIssued)

    demand, notice = facts
    assert isinstance(demand, OffListDemandRefused)
    assert (demand.code, demand.item_version) == ("photo", 3)
    assert isinstance(notice, CorrectionNoticeIssued)
    assert [entry.code for entry in notice.missing] == ["deed"]


def test_demands_that_are_all_off_the_list_issue_no_notice() -> None:
    story = Story().given(submit(), receive())

    story.when(correct("photo", "seal")).then(OffListDemandRefused, OffListDemandRefused)
    story.when(correct("photo", "seal")).then_nothing()
    story.when(accept()).asked()


@pytest.mark.parametrize(
    ("before", "rule"),
    [
        ((submit(),), NOT_RECEIVED),
        ((submit(), receive(), accept()), ALREADY_ACCEPTED),
        ((submit(), receive(), turn_away()), CASE_ENDED),
    ],
)
def test_only_a_received_case_is_corrected(before: tuple[JourneyCommand, ...], rule: Rule) -> None:
    Story().given(*before).when(correct("deed")).then_refused(rule)


def test_a_case_that_nobody_applied_for_is_unknown() -> None:
    Story().given(submit()).when(replace(receive(), case_no=OTHER_CASE)).then_refused(UNKNOWN_CASE)


def test_an_answer_that_is_complete_puts_the_case_back_in_line() -> None:
    story = Story().given(submit(), receive(), correct("deed"))

    story.when(answer(now=later(days=2))).then(CorrectionSubmitted)
    story.when(answer(now=later(days=2))).then_nothing()


def test_an_incomplete_answer_leaves_the_notice_open() -> None:
    story = Story().given(submit(), receive(), correct("deed", "contract"))

    story.when(answer(complete=False)).then(CorrectionSubmitted)
    story.when(answer(complete=False)).then_nothing()
    story.when(answer(now=later(days=1))).then(CorrectionSubmitted)


def test_only_the_open_notice_is_answered() -> None:
    story = Story().given(submit(), receive(), correct("deed"), correct("contract", reason="new-fact"))

    story.when(answer("N1")).then_refused(NOTICE_SUPERSEDED)
    story.when(answer("N9")).then_refused(UNKNOWN_NOTICE)


def test_a_notice_that_nobody_answers_expires_when_its_last_day_is_over() -> None:
    story = Story().given(submit(), receive(), correct("deed"))
    assert story.waits_for() == [("correction-expiry", at("2026-06-23", 0))]

    story.until(at("2026-06-23", 0))

    assert isinstance(story.told[-1], CorrectionExpired)
    assert story.waits_for() == []


def test_a_late_answer_still_counts() -> None:
    story = Story().given(submit(), receive(), correct("deed")).until(later(days=40))

    story.when(answer(now=later(days=41))).then(CorrectionSubmitted)
