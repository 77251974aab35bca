"""A journey opens with the first visit or application, and every application belongs to one."""

from __future__ import annotations

from dataclasses import replace

from services.intake.refusals import JOURNEY_OVER, NOT_YOURS
from shared.contracts.intake import ApplicationSubmitted, JourneyCompleted, JourneyOpened, VisitRecorded
from tests.unit.intake.story import (
    HANGZHOU,
    HANGZHOU_BODY,
    MONDAY,
    OTHER_CASE,
    SUBJECT,
    WENZHOU,
    WENZHOU_CLERK,
    Story,
    later,
    online,
    submit,
    turn_away,
    visit,
    withdraw,
)


def test_the_first_application_opens_the_journey() -> None:
    opened, submitted = Story().when(submit()).then(JourneyOpened, ApplicationSubmitted)

    assert isinstance(opened, JourneyOpened)
    assert (opened.subject_ref, opened.first_contact, opened.declared_visits) == (SUBJECT, MONDAY, 1)
    assert isinstance(submitted, ApplicationSubmitted)
    assert (submitted.handling_body, submitted.handling_region) == (HANGZHOU_BODY, HANGZHOU)


def test_what_the_catalogue_promised_that_day_is_frozen_into_the_application() -> None:
    (_, submitted) = Story().when(submit()).then(JourneyOpened, ApplicationSubmitted)

    assert isinstance(submitted, ApplicationSubmitted)
    assert (submitted.item_version, submitted.declared_visits) == (3, 1)
    assert (submitted.promised_wd, submitted.statutory_wd) == (10, 20)


def test_an_application_after_a_visit_joins_its_journey() -> None:
    Story().given(visit()).when(submit(later(days=1))).then(ApplicationSubmitted)


def test_staff_take_applications_in_for_their_own_body() -> None:
    Story().when(submit(across=True, by=WENZHOU_CLERK)).then(JourneyOpened, ApplicationSubmitted)
    Story().when(submit(by=WENZHOU_CLERK)).then_refused(NOT_YOURS)


def test_the_same_application_again_is_no_news() -> None:
    Story().given(submit()).when(submit(later(hours=1))).then_nothing()


def test_an_application_without_a_visit_is_marked_virtual() -> None:
    (_, submitted) = Story().when(online()).then(JourneyOpened, ApplicationSubmitted)

    assert isinstance(submitted, ApplicationSubmitted)
    assert submitted.virtual
    assert submitted.receiving_region == WENZHOU


def test_a_journey_that_is_over_takes_no_further_application() -> None:
    story = Story().given(submit(), withdraw())

    story.when(submit(later(days=1), OTHER_CASE)).then_refused(JOURNEY_OVER)


def test_a_visit_after_the_end_is_still_a_fact() -> None:
    Story().given(submit(), turn_away()).when(visit("late", later(days=1))).then(VisitRecorded)


def test_a_journey_without_a_case_lapses_after_ninety_days() -> None:
    story = Story().given(visit()).until(later(days=90))

    completed = story.told[-1]
    assert isinstance(completed, JourneyCompleted)
    assert (completed.outcome, completed.completed_at) == ("lapsed", later(days=90))
    assert story.waits_for() == []


def test_a_journey_with_a_case_does_not_lapse() -> None:
    story = Story().given(visit(), submit(later(days=89)))

    assert story.waits_for() == []


def test_two_cases_end_a_journey_together() -> None:
    story = Story().given(submit(), submit(later(hours=1), OTHER_CASE), withdraw())
    assert story.state.outcome is None

    *_, completed = story.when(replace(withdraw(), case_no=OTHER_CASE)).asked()

    assert isinstance(completed, JourneyCompleted)
