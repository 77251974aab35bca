"""Single journeys, told fact by fact, and what each adds to which figure."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.metrics.contributions import GROUPS, Cell, Group, contributions, parts
from services.metrics.evidence import situation
from services.metrics.facts import instant_of_ms
from services.metrics.figures import BY_CODE, Value, evaluate
from services.metrics.ledger import Entry, ledger
from services.metrics.slices import Slice, covers, key_of
from services.metrics.story import tell
from services.metrics.summary import summary
from shared.reference.deadlines import local_date
from tests.unit.metrics.stories import (
    CASE,
    LUCHENG,
    PROVINCE,
    START,
    XIHU,
    Told,
    accepted,
    carded,
    completed,
    decided,
    delivered,
    noted,
    noticed,
    off_list,
    offer_ended,
    offered,
    opened,
    received,
    scripted,
    submitted,
    taken,
    visited,
    voided,
    withdrawn,
)


def sums(told: Told, asked: Slice | None = None) -> dict[str, int]:
    made: dict[str, int] = {}
    for entry, amounts in ledger(told.row()).items():
        if covers(asked or Slice(), entry):
            for measure, amount in zip(GROUPS[entry.cell.group], amounts, strict=True):
                name = f"{entry.cell.group}.{measure}"
                made[name] = made.get(name, 0) + amount
    return made


def reading(told: Told, figure: str, code: str, asked: Slice | None = None) -> Value:
    return evaluate(BY_CODE[figure], sums(told, asked))[code]


def cells(told: Told, group: Group) -> dict[Cell, tuple[int, ...]]:
    return {cell: amounts for cell, amounts in contributions(tell(told.row())).items() if cell.group == group}


def is_open(told: Told) -> bool:
    story = tell(told.row())
    return summary(story, parts(story)).open


def test_the_scripted_journey_broke_its_promise_of_one() -> None:
    told = scripted()

    assert reading(told, "F2", "once").numerator == 1
    assert reading(told, "F3", "mean").value == 2
    assert reading(told, "F4", "kept").numerator == 0
    assert reading(told, "F4", "gap").value == 1
    assert reading(told, "F5", "extra").value == 1
    assert reading(told, "F7", "away").numerator == 0
    assert reading(told, "F9", "on_time").value == 1
    assert reading(told, "F9", "speed_up").numerator == 16
    assert reading(told, "F8", "accepted").value == 1
    assert reading(told, "F2", "once").few


def test_run_figures_belong_to_the_handling_region_and_the_day_of_delivery() -> None:
    told = scripted()
    ((cell, _),) = cells(told, "delivered").items()

    assert (cell.region, cell.channel, cell.item) == (XIHU, "window", "item-1")
    assert cell.day == (told.at.date()).toordinal()
    assert reading(told, "F2", "once", Slice(region="330100")).denominator == 1
    assert reading(told, "F2", "once", Slice(region="330300")).value is None


def test_the_matrix_counts_an_accepted_case_once_under_its_pair_of_cities() -> None:
    told = scripted()
    ((cell, amounts),) = cells(told, "accepted").items()

    assert (cell.region, cell.other, cell.tag) == (XIHU, LUCHENG, "cross-city|physical")
    assert amounts == (1, 1, 1)
    assert key_of(Entry(cell, cell.day), "pair") == "330300>330100"
    assert reading(told, "F6", "cross_city").value == 1


def test_what_a_provincial_hall_takes_in_for_a_city_of_its_province_crosses_none() -> None:
    told = Told()
    told.says(opened(), submitted(receiving=PROVINCE), received(told.at), accepted(told.at))

    assert reading(told, "F6", "cross_city_cases").value == 0


def test_a_failed_visit_moves_one_cell() -> None:
    told = Told()
    told.says(opened())
    before = ledger(told.row())

    told.says(visited("v1", told.at, outcome="wrong_place", cause="wrong_place", responsible="applicant"))

    ((entry, amounts),) = [(e, a) for e, a in ledger(told.row()).items() if e not in before]
    assert entry.cell.tag == "wrong_place|applicant"
    assert dict(zip(GROUPS["visit"], amounts, strict=True)) == {
        "visits": 1,
        "unattributed": 0,
        "runs": 1,
        "away": 0,
        "region_unknown": 0,
        "failed": 1,
        "proxy": 0,
        "nearby": 0,
    }


def test_a_voided_visit_counts_nowhere() -> None:
    told = Told()
    told.says(opened(), visited("v1", told.at), voided("v1"))

    assert not any(sums(told).values())


def test_a_journey_is_held_where_its_case_lies_and_before_that_by_nobody() -> None:
    told = Told()

    def held() -> str | None:
        story = tell(told.row())
        return summary(story, parts(story)).holder_region

    told.says(opened(), visited("v1", told.at))
    assert held() is None
    told.says(submitted(receiving=LUCHENG), offered())
    assert held() == LUCHENG
    told.says(offer_ended("accepted"))
    assert held() == XIHU
    told.says(withdrawn(), completed("withdrawn", told.at))
    assert held() is None


def test_a_voided_visit_was_not_the_last_one() -> None:
    told = Told()
    told.says(opened(), visited("v1", told.at)).wait(1).says(visited("v2", told.at))
    (_, first), (_, second) = tell(told.row()).visits.values()

    def last(told: Told) -> datetime | None:
        story = tell(told.row())
        return summary(story, parts(story)).last_visit_at

    assert last(told) == instant_of_ms(second.at)
    assert last(told.says(voided("v2"))) == instant_of_ms(first.at)
    assert last(told.says(voided("v1"))) is None


def test_a_visit_known_late_is_counted_late_but_under_its_own_day() -> None:
    told = Told()
    told.says(opened(), visited("v1", told.at), known_later_days=3)
    seen = (told.at + timedelta(days=2)).date()
    day = told.at.date()

    assert reading(told, "F10", "visits", Slice(from_day=day, to_day=day)).value == 1
    assert reading(told, "F10", "visits", Slice(known_at=seen)).value == 0
    assert reading(told, "F10", "visits", Slice(axis="known", from_day=seen + timedelta(days=1))).value == 1


def test_an_anonymous_visit_is_unattributed_and_no_run() -> None:
    told = Told()
    told.says(opened(None, None), visited("v1", told.at, subject=None))

    assert reading(told, "F10", "unattributed").value == 1
    assert reading(told, "F7", "runs").value == 0


def test_trips_to_another_city_are_forced_travel_and_proxies_travel_for_others() -> None:
    told = Told()
    told.says(opened(), visited("v1", told.at, region=XIHU), visited("v2", told.at, region=XIHU, venue="hall-2", by="agent"))

    assert reading(told, "F7", "away").value == 1
    assert reading(told, "F7", "runs").value == 1
    assert sums(told)["visit.proxy"] == 1


def test_somebody_whose_home_is_not_known_stays_out_of_the_ratio_and_is_shown() -> None:
    told = Told()
    told.says(opened(region=None), visited("v1", told.at))

    assert reading(told, "F7", "away").value is None
    assert reading(told, "F7", "unknown").value == 1


def test_whoever_names_our_whole_province_lives_in_a_city_nobody_knows() -> None:
    told = Told()
    told.says(opened(region=PROVINCE), visited("v1", told.at))

    assert reading(told, "F7", "away").value is None
    assert reading(told, "F7", "unknown").value == 1
    assert {key_of(Entry(cell, cell.day), "home") for cell in cells(told, "visit")} == {"unknown"}
    assert reading(told, "F7", "runs", Slice(home="unknown")).value == 1


def test_whoever_comes_from_another_province_came_from_another_city() -> None:
    told = Told()
    told.says(opened(region="310000"), visited("v1", told.at))

    assert reading(told, "F7", "away").value == 1


def test_a_decision_without_its_application_waits_in_the_unknown_bucket() -> None:
    told = Told()
    told.says(taken(told.at), decided(told.at))
    ((cell, _),) = cells(told, "decided").items()
    assert cell.region == "unknown"

    told.says(opened(), submitted(), received(told.at), accepted(told.at))

    ((cell, amounts),) = cells(told, "decided").items()
    assert cell.region == XIHU
    assert amounts == (1, 1, 0, 4, 20, 1)


def test_departures_from_duty_belong_to_their_own_day() -> None:
    told = Told()
    told.says(opened(), submitted(), noticed(1), noticed(2), off_list(), accepted(told.at))
    told.wait(1).says(carded("yellow")).wait(1).says(carded("red"))

    assert reading(told, "F12", "second_notices").value == 1000
    assert reading(told, "F12", "off_list_n").value == 1
    assert [sum(amounts[2:]) for amounts in cells(told, "duty").values()] == [0, 1, 1]


def test_online_cases_are_a_layer_of_their_own() -> None:
    told = Told()
    told.says(opened(), submitted(virtual=True, channel="web"), accepted(told.at))

    assert reading(told, "F6", "accepted", Slice(layer="virtual")).value == 1
    assert reading(told, "F6", "accepted", Slice(layer="physical")).value == 0


def test_withdrawn_journeys_are_shown_apart() -> None:
    told = Told()
    told.says(opened(), visited("v1", told.at), submitted(), withdrawn(), completed("withdrawn", told.at))

    assert reading(told, "F0", "withdrawn").value == 1
    assert reading(told, "F2", "once").value is None


def test_a_journey_of_which_nothing_stands_is_neither_open_nor_lapsed() -> None:
    told = Told()
    told.says(opened(), visited("v1", told.at))
    assert is_open(told)

    told.says(voided("v1"))
    assert not is_open(told)

    told.wait(90).says(completed("lapsed", told.at))
    assert reading(told, "F0", "lapsed").value == 0


def test_a_visit_that_is_taken_off_after_the_lapse_takes_it_off_too_from_then_on() -> None:
    told = Told()
    told.says(opened(), visited("v1", told.at)).wait(90).says(completed("lapsed", told.at))
    day = local_date(told.at)
    assert reading(told, "F0", "lapsed").value == 1

    told.wait(2).says(voided("v1"))

    assert reading(told, "F0", "lapsed").value == 0
    assert reading(told, "F0", "lapsed", Slice(known_at=day)).value == 1


def test_a_journey_is_as_old_as_its_first_contact_whenever_that_was_written_down() -> None:
    told = Told(at=START + timedelta(days=9))
    told.says(opened(first_contact=START), visited("v1", START))
    story = tell(told.row())

    assert summary(story, parts(story)).opened_on == local_date(START)
    assert situation(story)["opened_on"] == local_date(START).isoformat()


def test_a_journey_with_an_application_is_open_without_a_visit() -> None:
    told = Told()

    assert is_open(told.says(opened(), submitted(virtual=True, channel="web")))
    assert not is_open(told.says(withdrawn(), completed("withdrawn", told.at)))


def test_a_visit_after_the_result_is_a_visit_but_no_run() -> None:
    told = scripted()
    told.wait(2).says(visited("v9", told.at))

    assert reading(told, "F3", "mean").value == 2
    assert reading(told, "F10", "visits").value == 3


def test_a_returned_offer_is_counted_with_its_pair() -> None:
    told = Told()
    told.says(opened(), submitted(), offered(1), offer_ended("returned", 1), offered(2))

    assert reading(told, "F8", "returned").value == 0.5
    assert reading(told, "F8", "open").value == 1
    assert reading(told, "F8", "offered", Slice(pair="330300>330100")).value == 2


def test_two_cases_of_one_journey_are_one_delivered_journey() -> None:
    told = Told()
    told.says(opened(), visited("v1", told.at), submitted(declared=0), submitted(case="C2", declared=1))
    for case in (CASE, "C2"):
        told.says(accepted(told.at, case), taken(told.at, case), decided(told.at, case=case), noted(case=case))
    told.says(delivered(told.at)).wait(1)
    told.says(delivered(told.at, "C2"), completed("granted", told.at))

    assert reading(told, "F2", "once").denominator == 1
    assert reading(told, "F4", "kept").numerator == 1
    assert reading(told, "F9", "decided").value == 2
