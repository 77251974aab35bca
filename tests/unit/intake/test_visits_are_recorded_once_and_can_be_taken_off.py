"""A visit says why it was needed and who answers for it; it is recorded once, and its record stays when it is taken off."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from services.intake.refusals import (
    ATTRIBUTED_BY_ATTRIBUTION,
    FAILURE_NEEDS_CAUSE,
    NOT_YOUR_VENUE,
    UNKNOWN_VISIT,
    VISIT_DIFFERS,
    VISIT_HAS_OWNER,
    VISIT_VOIDED,
)
from shared.contracts.intake import JourneyOpened, VisitOutcome, VisitRecorded, VisitVoided
from tests.unit.intake.story import (
    OFFICER,
    SUBJECT,
    WENZHOU_CLERK,
    Story,
    later,
    release,
    submit,
    visit,
    void,
)


def test_a_visit_opens_its_journey_and_names_the_person() -> None:
    (_, recorded) = Story().when(visit()).then(JourneyOpened, VisitRecorded)

    assert isinstance(recorded, VisitRecorded)
    assert (recorded.subject_ref, recorded.venue_id, recorded.purpose) == (SUBJECT, "hall-hz", "apply")


def test_the_cause_says_who_answers_for_it() -> None:
    (_, recorded) = Story().when(replace(visit(), cause="hall_closed")).then(JourneyOpened, VisitRecorded)

    assert isinstance(recorded, VisitRecorded)
    assert recorded.responsible == "government"


def test_the_desk_may_say_otherwise() -> None:
    asked = replace(visit(), cause="missing_material", responsible="government")

    (_, recorded) = Story().when(asked).then(JourneyOpened, VisitRecorded)

    assert isinstance(recorded, VisitRecorded)
    assert recorded.responsible == "government"


@pytest.mark.parametrize("outcome", ["missing_material", "wrong_place", "system_failure", "hall_closed"])
def test_a_visit_that_came_to_nothing_says_why(outcome: VisitOutcome) -> None:
    failed = replace(visit(), outcome=outcome)

    refused = Story().when(failed).then_refused(FAILURE_NEEDS_CAUSE)

    assert refused.field == "cause"
    Story().when(replace(failed, cause="unknown")).then(JourneyOpened, VisitRecorded)


def test_a_visit_that_was_recorded_without_its_cause_moves_with_what_was_recorded() -> None:
    failed = replace(visit(), outcome="wrong_place", attributed_from=UUID(int=7))

    Story().when(failed).then(JourneyOpened, VisitRecorded)


def test_a_visit_on_a_case_belongs_to_the_applicant_of_its_journey() -> None:
    (recorded,) = Story().given(submit()).when(visit(subject=None)).then(VisitRecorded)

    assert isinstance(recorded, VisitRecorded)
    assert recorded.subject_ref == SUBJECT


def test_the_same_visit_again_is_no_news() -> None:
    Story().given(visit()).when(visit(now=later(hours=1))).then_nothing()


def test_another_visit_under_the_same_id_is_refused() -> None:
    Story().given(visit()).when(replace(visit(), cause="wrong_place")).then_refused(VISIT_DIFFERS)


def test_staff_record_visits_in_their_own_region_only() -> None:
    Story().when(visit(by=OFFICER)).then(JourneyOpened, VisitRecorded)
    Story().when(visit(by=WENZHOU_CLERK)).then_refused(NOT_YOUR_VENUE)


def test_a_visit_is_taken_off_once() -> None:
    Story().given(visit()).when(void()).then(VisitVoided)
    Story().given(visit(), void()).when(void()).then_nothing()


def test_a_visit_that_nobody_recorded_cannot_be_taken_off() -> None:
    Story().given(visit()).when(void("other")).then_refused(UNKNOWN_VISIT)


def test_a_visit_that_was_moved_is_taken_off_where_it_counts() -> None:
    Story().given(visit(subject=None), release()).when(void()).then_refused(VISIT_HAS_OWNER)


def test_moving_a_visit_is_not_voiding_it() -> None:
    Story().given(visit()).when(replace(void(), reason_code="attributed")).then_refused(ATTRIBUTED_BY_ATTRIBUTION)


def test_an_anonymous_visit_can_be_let_go() -> None:
    (voided,) = Story().given(visit(subject=None)).when(release()).then(VisitVoided)

    assert isinstance(voided, VisitVoided)
    assert voided.reason_code == "attributed"
    Story().given(visit(subject=None), release()).when(release()).then_nothing()


def test_a_visit_that_belongs_to_somebody_stays_there() -> None:
    Story().given(visit()).when(release()).then_refused(VISIT_HAS_OWNER)


def test_a_visit_that_was_taken_off_is_not_given_to_anybody() -> None:
    Story().given(visit(subject=None), void()).when(release()).then_refused(VISIT_VOIDED)


def test_a_moved_visit_says_where_it_came_from() -> None:
    origin = UUID(int=7)

    (_, recorded) = Story().when(replace(visit(), attributed_from=origin)).then(JourneyOpened, VisitRecorded)

    assert isinstance(recorded, VisitRecorded)
    assert recorded.attributed_from == origin
