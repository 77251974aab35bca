"""The run rule: three counters, collapsed visits, and no dependence on the order in which visits are told."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.reference.runs import RESPONSIBLE_BY_CAUSE, RunCount, Visit, count_runs

DAY = date(2026, 3, 9)
APPLY = Visit("v1", "p", "hall-1", "hall", DAY, "applicant", "apply", "done", "normal", "unknown", 1)


def counted(*visits: Visit, delivered_on: date | None = None) -> tuple[int, int, int]:
    count = count_runs(visits, submitted_on=DAY, delivered_on=delivered_on)
    return count.statutory, count.experienced, count.proxy


def test_one_visit_to_apply_is_one_run_by_both_counters() -> None:
    assert counted(APPLY) == (1, 1, 0)


def test_the_wrong_hall_the_day_before_is_experienced_but_not_statutory() -> None:
    wrong = APPLY._replace(
        visit_id="v0",
        venue_id="hall-2",
        local_date=DAY - timedelta(days=1),
        outcome="wrong_place",
        cause="wrong_place",
        responsible="applicant",
        order=0,
    )

    assert counted(wrong, APPLY) == (1, 2, 0)


def test_a_trip_that_government_caused_is_statutory_whatever_its_purpose() -> None:
    again = APPLY._replace(
        visit_id="v2", local_date=DAY + timedelta(days=1), purpose="consult", cause="system_failure",
        outcome="system_failure", responsible="government", order=2,
    )  # fmt: skip

    assert counted(APPLY, again) == (2, 2, 0)


def test_several_windows_of_one_hall_on_one_day_are_one_run() -> None:
    assert counted(APPLY, APPLY._replace(visit_id="v2", purpose="consult", order=2)) == (1, 1, 0)


def test_two_halls_on_one_day_are_two_runs() -> None:
    assert counted(APPLY, APPLY._replace(visit_id="v2", venue_id="hall-2", order=2))[1] == 2


def test_an_agent_runs_for_somebody_and_is_never_an_experienced_run() -> None:
    assert counted(APPLY._replace(by="agent", person="a")) == (0, 0, 1)


def test_a_visit_after_the_day_of_delivery_counts_nowhere() -> None:
    late = APPLY._replace(visit_id="v9", local_date=DAY + timedelta(days=9), order=9)

    assert counted(APPLY, late, delivered_on=DAY + timedelta(days=8)) == (1, 1, 0)


def test_a_collapsed_run_takes_the_first_cause_that_is_not_normal() -> None:
    second = APPLY._replace(visit_id="v2", cause="gap_fill", responsible="applicant", order=2)
    third = APPLY._replace(visit_id="v3", cause="unknown", order=3)

    (run,) = count_runs([third, APPLY, second], submitted_on=DAY, delivered_on=None).runs

    assert (run.cause, run.responsible) == ("gap_fill", "applicant")


@st.composite
def visits(draw: st.DrawFn) -> list[Visit]:
    cause = st.sampled_from(sorted(RESPONSIBLE_BY_CAUSE))
    made = []
    for n in range(draw(st.integers(0, 8))):
        why = draw(cause)
        made.append(
            Visit(
                f"v{n}",
                "p",
                draw(st.sampled_from(["a", "b"])),
                draw(st.sampled_from(["hall", "terminal"])),
                DAY + timedelta(days=draw(st.integers(-2, 4))),
                draw(st.sampled_from(["applicant", "agent"])),
                draw(st.sampled_from(["consult", "apply", "correct", "presence", "collect"])),
                draw(st.sampled_from(["done", "missing_material"])),
                why,
                RESPONSIBLE_BY_CAUSE[why],
                n,
            )
        )
    return made


@given(visits(), st.randoms(use_true_random=False))
def test_the_order_in_which_visits_are_told_does_not_matter(told: list[Visit], random: st.DataObject) -> None:
    def count(of: list[Visit]) -> RunCount:
        return count_runs(of, submitted_on=DAY, delivered_on=DAY + timedelta(days=3))

    shuffled = list(told)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert set(count(shuffled).runs) == set(count(told).runs)
    assert count(told).statutory <= count(told).experienced <= len(told)
