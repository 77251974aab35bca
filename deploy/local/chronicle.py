"""The chronicle: follows a script step by step, with what time alone brings about, and notes which events must result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from deploy.local.story import Step, Story
from deploy.local.witness import Case, Catalogue, Life, Offer, Visit, midnight, on, scope

_DAY = timedelta(days=1)
_LAPSE = timedelta(days=90)
_NOTICE_WD, _ANSWER_WD = 5, 15
_CUSTODY_WD = {"paper": 7, "electronic": 1}
_AT_HOME = frozenset({"web", "app", "courier"})
_BLAME = {
    "not_informed": "government",
    "system_failure": "government",
    "staff_error": "government",
    "hall_closed": "government",
    "collect_failed": "government",
    "missing_material": "applicant",
    "wrong_place": "applicant",
    "gap_fill": "applicant",
}
_INTAKE, _APPROVAL = "gov.intake.", "gov.approval."


class Chronicle:
    """One story as it must stand in the record at `as_of`. `lives` are its journeys, `events` the totals by type."""

    def __init__(self, catalogue: Catalogue, story: Story, as_of: datetime) -> None:
        self.lives: list[Life] = []
        self.events: Counter[str] = Counter()
        self._catalogue = catalogue
        self._days = catalogue.days
        self._as_of = as_of
        self._own: Life | None = None
        for step in story.steps:
            self._follow(step)
        self._silence(as_of)
        self._lapses()
        self._cards()

    def _follow(self, step: Step) -> None:
        if step.refused is None and step.at <= self._as_of:
            self._silence(step.at)
            _ACTS[step.command](self, step, step.data)

    def _note(self, service: str, name: str, count: int = 1) -> None:
        self.events[f"{service}{name}.v1"] += count

    # Journeys and visits.

    def _life(self, step: Step, item: str, applicant: Mapping[str, Any] | None) -> Life:
        if applicant is not None and self._own is not None:
            return self._own
        life = Life(step.at, item, applicant is not None, "unknown" if applicant is None else applicant["region"])
        self.lives.append(life)
        self._note(_INTAKE, "journey-opened")
        if applicant is not None:
            self._own = life
        return life

    def _visit(self, step: Step, data: Mapping[str, Any]) -> None:
        life = self._life(step, data["item_code"], data.get("applicant"))
        venue = self._catalogue.venues[data["venue_id"]]
        by_applicant = data["by"] == "applicant"
        person = "self" if by_applicant and life.named else data.get("person_id_no") or data["visit_id"]
        life.visits[data["visit_id"]] = Visit(
            day=datetime.fromisoformat(data["local_date"]).date(),
            venue=data["venue_id"],
            region=venue["region"],
            kind=venue["kind"],
            by=data["by"],
            person=person,
            purpose=data["purpose"],
            outcome=data["outcome"],
            cause=data["cause"],
            blame=data.get("responsible") or _BLAME.get(data["cause"], "unknown"),
            item=data["item_code"],
        )
        self._note(_INTAKE, "visit-recorded")

    def _void(self, _: Step, data: Mapping[str, Any]) -> None:
        holder = next(life for life in self.lives if data["visit_id"] in life.visits)
        del holder.visits[data["visit_id"]]
        self._note(_INTAKE, "visit-voided")

    def _attribute(self, step: Step, data: Mapping[str, Any]) -> None:
        nobody = next(life for life in self.lives if data["visit_id"] in life.visits)
        visit = nobody.visits.pop(data["visit_id"])
        visit.person = "self"
        self._life(step, visit.item, data["applicant"]).visits[data["visit_id"]] = visit
        self._note(_INTAKE, "visit-voided")
        self._note(_INTAKE, "visit-recorded")

    # The case at intake.

    def _submit(self, step: Step, data: Mapping[str, Any]) -> None:
        life = self._life(step, data["item_code"], data["applicant"])
        virtual = data["channel"] in _AT_HOME
        received_in = data["applicant"]["region"] if virtual else data["receiving_region"]
        life.case = Case(step.at, data["item_code"], data["channel"], virtual, received_in)
        self._note(_INTAKE, "application-submitted")

    @property
    def _case(self) -> Case:
        assert self._own is not None
        assert self._own.case is not None
        return self._own.case

    def _receive(self, step: Step, _: Mapping[str, Any]) -> None:
        self._case.whole_since = step.at
        self._note(_INTAKE, "application-received")

    def _issue_correction(self, step: Step, data: Mapping[str, Any]) -> None:
        case = self._case
        listed = {material["code"] for material in self._catalogue.items[case.item]["materials"]}
        for demand in data["missing"]:
            if demand["code"] not in listed:
                case.off_list.append(step.at)
                self._note(_INTAKE, "off-list-demand-refused")
        if any(demand["code"] in listed for demand in data["missing"]):
            case.notices.append(step.at)
            case.whole_since = None
            case.answer_due = self._days.after(on(step.at), _ANSWER_WD)
            self._note(_INTAKE, "correction-notice-issued")

    def _submit_correction(self, step: Step, data: Mapping[str, Any]) -> None:
        self._note(_INTAKE, "correction-submitted")
        if data["complete"]:
            self._case.whole_since, self._case.answer_due = step.at, None

    def _offer(self, step: Step, data: Mapping[str, Any]) -> None:
        case = self._case
        holder = case.received_in if case.taken_at is None else self._catalogue.region_of(case.item)
        target = self._catalogue.bodies[data["to_body"]]["region"]
        due = self._days.after(on(step.at), _CUSTODY_WD[data["medium"]])
        case.offers.append(Offer(step.at, step.by or step.at, due, holder, target))
        self._note(_INTAKE, "custody-offered")

    def _end_offer(self, step: Step, ending: str) -> None:
        case = self._case
        offer = case.offers[-1]
        offer.ending = ending
        case.free_since = step.at
        if ending == "accepted":
            case.taken_at = step.at
            least, most = step.at - offer.by, (step.by or step.at) - offer.at
            offer.took = (max(least.total_seconds(), 0.0), most.total_seconds())
        names = {"accepted": "custody-accepted", "returned": "custody-returned", "withdrawn": "custody-offer-withdrawn"}
        self._note(_INTAKE, names[ending])

    def _withdraw(self, step: Step, _: Mapping[str, Any]) -> None:
        offers = self._case.offers
        if offers and not offers[-1].ending:
            self._end_offer(step, "withdrawn")
        self._finish(step, "application-withdrawn", "withdrawn")

    def _accept(self, step: Step, _: Mapping[str, Any]) -> None:
        case = self._case
        if case.accepted_on is None:
            start = self._clock_from(case) if case.notices else None
            self._accepted(case, start or step.at)

    def _accepted(self, case: Case, at: datetime) -> None:
        case.accepted_on = on(at)
        self._note(_INTAKE, "application-accepted")
        self._note(_APPROVAL, "case-taken")

    def _finish(self, step: Step, name: str, outcome: str) -> None:
        assert self._own is not None
        self._case.over = outcome
        self._note(_INTAKE, name)
        self._end(self._own, outcome, step.at)

    def _end(self, life: Life, outcome: str, at: datetime) -> None:
        life.end, life.ended_at = outcome, at
        self._note(_INTAKE, "journey-completed")

    def _deliver(self, step: Step, _: Mapping[str, Any]) -> None:
        self._case.handed = step.at
        self._finish(step, "result-delivered", self._case.outcome)

    # Approval.

    def _withdraw_case(self, step: Step, _: Mapping[str, Any]) -> None:
        self._note(_APPROVAL, "case-withdrawn")
        self._case.decided = step.at
        self._finish(step, "withdrawal-noted", "withdrawn")

    def _start_procedure(self, step: Step, _: Mapping[str, Any]) -> None:
        self._case.pauses.append((on(step.at), None))
        self._note(_APPROVAL, "special-procedure-started")

    def _end_procedure(self, step: Step, _: Mapping[str, Any]) -> None:
        start, _end = self._case.pauses.pop()
        self._case.pauses.append((start, on(step.at)))
        self._note(_APPROVAL, "special-procedure-ended")

    def _extend(self, step: Step, data: Mapping[str, Any]) -> None:
        self._case.extended, self._case.extended_on = data["days"], on(step.at)
        self._note(_APPROVAL, "time-limit-extended")

    def _decide(self, step: Step, data: Mapping[str, Any]) -> None:
        case = self._case
        assert case.accepted_on is not None
        item = self._catalogue.items[case.item]
        rested = sum(self._days.between(start, end) for start, end in case.pauses if end is not None)
        today = on(step.at)
        case.decided, case.outcome = step.at, data["outcome"]
        case.used = self._days.between(case.accepted_on, today) - rested
        promised, lawful = (self._days.after(case.accepted_on, item[limit]) for limit in ("promised_wd", "statutory_wd"))
        case.on_time = today <= self._days.after(promised, case.extended + rested)
        case.lawful = today <= self._days.after(lawful, case.extended + rested)
        self._note(_APPROVAL, "decision-made")
        self._note(_INTAKE, "decision-noted")

    # What time brings about.

    def _clock_from(self, case: Case) -> datetime | None:
        """From when five days of silence count: all is in, and the handling body took a case from another city."""
        handled = self._catalogue.region_of(case.item)
        far = scope(case.received_in, handled, self._catalogue.level_of(case.item)) in {"cross-city", "cross-province"}
        if case.whole_since is None or not far:
            return case.whole_since
        if case.taken_at is None:
            return case.whole_since if case.virtual else None
        return max(case.whole_since, case.taken_at)

    def _silence(self, now: datetime) -> None:
        """Five working days without a word make an acceptance; fifteen without an answer end a correction's time."""
        case = self._own.case if self._own is not None else None
        if case is None or case.over or case.accepted_on is not None:
            return
        if case.answer_due is not None and midnight(case.answer_due + _DAY) <= now:
            self._note(_INTAKE, "correction-expired")
            case.answer_due = None
        start = self._clock_from(case)
        if start is None or (case.offers and not case.offers[-1].ending):
            return
        due = midnight(self._days.after(on(start), _NOTICE_WD) + _DAY)
        if max(due, case.free_since or due) <= now:
            self._accepted(case, start)

    def _lapses(self) -> None:
        for life in self.lives:
            if life.case is None and not life.end and life.began + _LAPSE <= self._as_of:
                # Of a visit that was nobody's or never made, nothing lapses: the record closes, and no figure counts it.
                self._end(life, "lapsed" if life.visits else "emptied", life.began + _LAPSE)

    def _cards(self) -> None:
        """Walk through the days of the case: a signal is given when a day begins with so many working days used up."""
        case = self._own.case if self._own is not None else None
        if case is None or case.accepted_on is None:
            return
        promised = self._catalogue.items[case.item]["promised_wd"]
        until = min(case.decided or self._as_of, self._as_of)
        given: set[str] = set()
        # On the spot is on the first day that is worked, and that day itself is used up before a signal is given.
        spot = int(promised == 0)
        begun = self._days.after(case.accepted_on, 0) - _DAY if spot else case.accepted_on
        used, day = 0, begun
        while "red" not in given and midnight(day + _DAY) <= until:
            if day > begun and self._days.is_open(day) and not any(_rests(p, day) for p in case.pauses):
                used += 1
            day += _DAY
            if any(start < day and (end is None or day <= end) for start, end in case.pauses):
                continue
            is_extended = case.extended_on is not None and case.extended_on < day
            for name, count in _signals(promised + case.extended * is_extended).items():
                if used >= count + spot and name not in given:
                    given.add(name)
                    case.cards.append((name, day))
                    self._note(_APPROVAL, {"reminder": "deadline-reminder-raised"}.get(name, f"{name}-card-issued"))


def _rests(pause: tuple[Any, Any], day: Any) -> bool:
    start, end = pause
    return bool(start < day and (end is None or day <= end))


def _signals(promised: int) -> dict[str, int]:
    """After how many used working days each signal is due: eight tenths, nine tenths and all of the promised time."""
    if promised < 3:
        return {"red": promised}
    yellow = promised * 9 // 10
    return {"reminder": min(promised * 8 // 10, yellow - 1), "yellow": yellow, "red": promised}


_Act = Callable[[Chronicle, Step, Mapping[str, Any]], None]
_ACTS: dict[str, _Act] = {
    "record-visit": Chronicle._visit,
    "void-visit": Chronicle._void,
    "attribute-visit": Chronicle._attribute,
    "submit-application": Chronicle._submit,
    "receive": Chronicle._receive,
    "issue-correction": Chronicle._issue_correction,
    "submit-correction": Chronicle._submit_correction,
    "offer-custody": Chronicle._offer,
    "accept-custody": lambda c, step, _: c._end_offer(step, "accepted"),
    "return-custody": lambda c, step, _: c._end_offer(step, "returned"),
    "withdraw-custody-offer": lambda c, step, _: c._end_offer(step, "withdrawn"),
    "accept": Chronicle._accept,
    "not-accept": lambda c, step, _: c._finish(step, "application-not-accepted", "not_accepted"),
    "withdraw": Chronicle._withdraw,
    "deliver": Chronicle._deliver,
    "withdraw-case": Chronicle._withdraw_case,
    "start-special-procedure": Chronicle._start_procedure,
    "end-special-procedure": Chronicle._end_procedure,
    "extend": Chronicle._extend,
    "decide": Chronicle._decide,
}
