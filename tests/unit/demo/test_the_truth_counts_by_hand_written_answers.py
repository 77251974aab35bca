"""Promise: on small stories the truth comes to what a person counts with pencil and calendar."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from deploy.local.catalogue import catalogue
from deploy.local.story import CASE, Act, Step, Story
from deploy.local.truth import Truth, count
from deploy.local.witness import Catalogue, WorkingDays, scope
from shared.reference.deadlines import CHINA

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=CHINA)
PROVINCE = Catalogue(catalogue(NOW))
WENZHOU, HANGZHOU = "330300", "330100"
LUCHENG = "330302"
YUHANG = "330110"
ESTATE = f"{HANGZHOU}-estate-transfer"
PERMIT = f"{LUCHENG}-residence-permit"
PERSON = {"id_no": "SYNP1", "region": LUCHENG}
BODY = {item: PROVINCE.items[item]["body_uscc"] for item in (ESTATE, PERMIT)}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def step(when: str, command: str, act: Act = "before", **data: Any) -> Step:
    return Step(command, at(when), at(when), act, data)


def visit(when: str, name: str, venue: str, purpose: str, outcome: str = "done", cause: str = "normal", **more: Any) -> Step:
    data = {
        "visit_id": name, "applicant": PERSON, "item_code": ESTATE, "venue_id": venue, "local_date": when[:10],
        "by": "applicant", "purpose": purpose, "outcome": outcome, "cause": cause, "source": "window",
    }  # fmt: skip
    return step(when, "record-visit", **(data | more))


def submit(when: str, item: str = ESTATE, channel: str = "window", region: str = LUCHENG) -> Step:
    place: dict[str, Any] = {"receiving_region": region} if channel == "window" else {}
    return step(when, "submit-application", applicant=PERSON, item_code=item, channel=channel, **place)


def receive(when: str) -> Step:
    return step(when, "receive", case_no=CASE, window_id=f"{LUCHENG}-hall")


def accept(when: str) -> Step:
    return step(when, "accept", case_no=CASE)


def decide(when: str) -> Step:
    return step(when, "decide", "decision", case_no=CASE, outcome="granted")


def deliver(when: str) -> Step:
    return step(when, "deliver", "after", case_no=CASE, method="e_certificate")


def told(*steps: Step, as_of: datetime = NOW) -> Truth:
    return count([Story("s", "caller", steps)], PROVINCE, as_of)


def events(truth: Truth) -> dict[str, int]:
    return {name.removeprefix("gov.").removesuffix(".v1"): n for name, n in truth.events.items()}


SCRIPTED = (
    visit("2026-11-02T10:00", "v1", f"{WENZHOU}-hall", "consult", "wrong_place", "wrong_place"),
    visit("2026-11-03T10:00", "v2", f"{LUCHENG}-hall", "apply"),
    submit("2026-11-03T10:05"),
    receive("2026-11-03T10:10"),
    step("2026-11-03T11:00", "offer-custody", case_no=CASE, to_body=BODY[ESTATE], medium="paper"),
    step("2026-11-05T11:00", "accept-custody", case_no=CASE),
    accept("2026-11-06T09:00"),
    decide("2026-11-10T09:00"),
    deliver("2026-11-10T10:00"),
)


def test_the_scripted_journey_is_one_by_law_and_two_by_experience() -> None:
    truth = told(*SCRIPTED)

    assert truth.readings("F2")["once"] == (1, 1)
    assert truth.readings("F3")["mean"] == (2, 1)
    assert truth.readings("F4")["kept"] == (0, 1)
    assert truth.readings("F4")["gap"] == (1, 1)
    assert truth.readings("F5", "cause=wrong_place|applicant")["extra"] == (1, None)


def test_it_moves_the_pair_wenzhou_to_hangzhou_by_one() -> None:
    truth = told(*SCRIPTED)

    assert truth.readings("F6", f"pair={WENZHOU}>{HANGZHOU}")["cross_city_cases"] == (1, None)
    assert truth.readings("F8", f"pair={WENZHOU}>{HANGZHOU}")["accepted"] == (1, 1)
    assert truth.wait_quantile(0.5) == (172_800.0, 172_800.0)


def test_whoever_withdraws_takes_the_open_offer_back() -> None:
    truth = told(*SCRIPTED[:5], step("2026-11-04T09:00", "withdraw", case_no=CASE, reason_code="changed-mind"))

    assert truth.readings("F8")["withdrawn"] == (1, 1)
    assert events(truth)["intake.custody-offer-withdrawn"] == 1


def test_decided_on_the_second_working_day_is_on_time() -> None:
    readings = told(*SCRIPTED).readings("F9")

    assert readings["on_time"] == (1, 1)
    assert readings["speed_up"] == (28, 30)


def test_the_same_place_twice_on_one_day_is_one_run() -> None:
    morning = visit("2026-11-03T09:00", "v1", f"{LUCHENG}-hall", "apply", "missing_material", "missing_material")
    readings = told(morning, visit("2026-11-03T14:00", "v2", f"{LUCHENG}-hall", "apply"), submit("2026-11-03T14:05")).readings("F7")

    assert readings["runs"] == (1, None)


def test_whoever_names_the_whole_province_as_home_is_from_nowhere_in_it() -> None:
    somewhere = {"id_no": "SYNP2", "region": "330000"}
    readings = told(visit("2026-11-03T09:00", "v1", f"{LUCHENG}-hall", "apply", applicant=somewhere)).readings("F7")

    assert (readings["away"], readings["unknown"]) == ((0, 0), (1, None))


def test_an_agents_trip_is_nobodys_run() -> None:
    truth = told(visit("2026-11-03T09:00", "v1", f"{LUCHENG}-hall", "apply", by="agent"), submit("2026-11-03T09:05"))

    assert truth.readings("F7")["runs"] == (0, None)
    assert truth.readings("F10")["visits"] == (1, None)


def test_a_trip_without_a_name_trusts_nobody() -> None:
    truth = told(visit("2026-11-03T09:00", "v1", f"{LUCHENG}-hall", "consult", applicant=None))

    assert truth.readings("F10")["unattributed"] == (1, 1)
    assert truth.readings("F7")["runs"] == (0, None)


def test_five_working_days_of_silence_accept_as_of_receipt() -> None:
    # Friday before the make-up Saturday of 2026-10-10 and after the holiday week: Oct 9, 10, 12, 13, 14 are counted.
    received = (submit("2026-10-08T09:00", PERMIT), receive("2026-10-08T09:30"))

    waiting = told(*received, as_of=at("2026-10-14T23:59"))
    deemed = told(*received, as_of=at("2026-10-15T00:00"))

    assert "intake.application-accepted" not in events(waiting)
    assert deemed.readings("F6", "day=2026-10-08")["accepted"] == (1, None)


def test_a_hand_over_inside_one_city_restarts_nothing() -> None:
    # Received on Monday 2026-11-02 in a county of the city whose bureau decides, taken on Friday: the 3rd to the 9th are counted.
    handed_on = (
        submit("2026-11-02T09:00", region=YUHANG),
        receive("2026-11-02T09:30"),
        step("2026-11-05T11:00", "offer-custody", case_no=CASE, to_body=BODY[ESTATE], medium="electronic"),
        step("2026-11-06T11:00", "accept-custody", case_no=CASE),
    )

    waiting = told(*handed_on, as_of=at("2026-11-09T23:59"))
    deemed = told(*handed_on, as_of=at("2026-11-10T00:00"))

    assert "intake.application-accepted" not in events(waiting)
    assert deemed.readings("F6", "day=2026-11-02")["accepted"] == (1, None)


def test_ten_promised_days_raise_three_signals_and_a_special_procedure_stops_the_clock() -> None:
    taken = (submit("2026-10-12T09:00", PERMIT), receive("2026-10-12T09:10"), accept("2026-10-12T09:30"))
    undecided = told(*taken, as_of=at("2026-10-27T00:00"))
    stopped = told(
        *taken,
        step("2026-10-13T09:00", "start-special-procedure", "decision", case_no=CASE),
        step("2026-10-20T09:00", "end-special-procedure", "decision", case_no=CASE),
        as_of=at("2026-10-27T00:00"),
    )

    assert undecided.readings("F12")["yellow_n"] == (1, None)
    assert undecided.readings("F12")["red_n"] == (1, None)
    assert "approval.yellow-card-issued" not in events(stopped)


def test_more_time_moves_the_signals_that_were_not_given_yet_and_no_others() -> None:
    # Working days 1 to 8 after Monday 2026-10-12 end on Thursday 2026-10-22; five more days are allowed on the 9th.
    taken = (submit("2026-10-12T09:00", PERMIT), receive("2026-10-12T09:10"), accept("2026-10-12T09:30"))
    extended = told(
        *taken,
        step("2026-10-23T09:00", "extend", "decision", case_no=CASE, days=5),
        as_of=at("2026-10-31T00:00"),
    )

    assert events(extended)["approval.deadline-reminder-raised"] == 1
    assert extended.readings("F12")["yellow_n"] == (1, None)
    assert extended.readings("F12")["red_n"] == (0, None)


def test_on_the_spot_is_on_the_first_working_day_and_more_time_is_added_to_it() -> None:
    # Accepted on Saturday 2026-11-07, so due on Monday the 9th, and with one day more on Tuesday the 10th.
    spot = Catalogue(catalogue(NOW))
    spot.items[PERMIT] = {**spot.items[PERMIT], "promised_wd": 0}
    taken = (submit("2026-11-07T09:00", PERMIT), receive("2026-11-07T09:10"), accept("2026-11-07T09:30"))
    extended = (*taken, step("2026-11-09T09:00", "extend", "decision", case_no=CASE, days=1))

    def told_on_the_spot(steps: tuple[Step, ...], as_of: str) -> Truth:
        return count([Story("s", "caller", steps)], spot, at(as_of))

    tuesday = decide("2026-11-10T09:00")
    assert told_on_the_spot((*taken, tuesday), "2026-11-20T00:00").readings("F9")["on_time"] == (0, 1)
    assert told_on_the_spot((*extended, tuesday), "2026-11-20T00:00").readings("F9")["on_time"] == (1, 1)
    red = [told_on_the_spot(steps, as_of).readings("F12")["red_n"][0] for steps in (taken, extended) for as_of in _MIDNIGHTS]
    assert red == [0, 1, 1, 0, 0, 1]


_MIDNIGHTS = ("2026-11-09T00:00", "2026-11-10T00:00", "2026-11-11T00:00")


def test_nobody_who_only_asked_waits_for_ever() -> None:
    asked = visit("2026-08-03T09:00", "v1", f"{LUCHENG}-hall", "consult")

    assert told(asked, as_of=at("2026-11-01T08:59")).readings("F0")["lapsed"] == (0, None)
    assert told(asked, as_of=at("2026-11-01T09:00")).readings("F0")["lapsed"] == (1, None)


def test_a_trip_that_was_never_made_leaves_nobody_who_gave_up() -> None:
    asked = visit("2026-08-03T09:00", "v1", f"{LUCHENG}-hall", "consult")
    taken_off = step("2026-08-04T09:00", "void-visit", visit_id="v1", reason_code="mistake")

    truth = told(asked, taken_off, as_of=at("2026-11-01T09:00"))

    assert truth.readings("F0")["lapsed"] == (0, None)
    assert events(truth)["intake.journey-completed"] == 1


def test_working_days_follow_the_published_year_and_are_plain_weekdays_otherwise() -> None:
    days = WorkingDays([{"days_off": ["2026-10-01", "2026-10-02"], "makeup_workdays": ["2026-10-10"]}])

    assert not days.is_open(date(2026, 10, 1))
    assert days.is_open(date(2026, 10, 10))
    assert days.between(date(2026, 9, 30), date(2026, 10, 5)) == 1
    assert days.after(date(2026, 9, 30), 1) == date(2026, 10, 5)
    assert days.after(date(2026, 10, 10), 0) == date(2026, 10, 10)
    assert days.after(date(2027, 1, 1), 1) == date(2027, 1, 4)
    assert days.after(date(2027, 1, 2), 0) == date(2027, 1, 4)


def test_a_city_bureau_that_serves_its_own_county_crosses_nothing() -> None:
    assert scope("330302", "330300", 3) == "vertical"
    assert scope("330302", "330324", 4) == "cross-county"
    assert scope("330302", "330100", 3) == "cross-city"
    assert scope("310000", "330100", 3) == "cross-province"
    assert scope("330000", "330100", 3) == "vertical"
    assert scope("330000", "330102", 4) == "vertical"
