"""What happens in one journey, decided by chance within the rules: nothing in it is refused by mistake."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from deploy.local.codes import staff_ref
from deploy.local.story import CASE, Step
from deploy.local.teller import Teller

OFF_LIST = "marriage-certificate"
"""What some window demands although no list names it."""
_FAILURES: tuple[tuple[str, str, str], ...] = (
    ("wrong_place", "consult", "wrong_place"),
    ("missing_material", "apply", "missing_material"),
    ("not_informed", "consult", "done"),
    ("system_failure", "apply", "system_failure"),
    ("hall_closed", "apply", "hall_closed"),
    ("staff_error", "apply", "missing_material"),
    ("unknown_cause", "consult", "done"),
)
"""Attempts before applying: rate, purpose and outcome; the cause is the rate's name."""


class Plot(Teller):
    """Tells one journey from the first contact to the result in hand."""

    _accepted_at: datetime | None = None
    _clock_from: datetime
    _unnamed: str | None = None
    _refused = False

    def tell(self, start: datetime) -> list[Step]:
        """All steps from `start` on."""
        self.now = start
        if not self._terms.is_virtual:
            self._attempts()
        elif self._chance(self._rates.asked_first):
            self._visit("consult", cause="not_informed")
            self.now = self._pace.home(self.now, 0, 3)
        self._apply()
        if self._up_to_acceptance() and self._decision():
            self._delivery()
        return self.steps

    # Before applying.

    def _attempts(self) -> None:
        for name, purpose, outcome in _FAILURES:
            if self._chance(getattr(self._rates, name)):
                self._attempt(name.removesuffix("_cause"), purpose, outcome)
        if self._chance(self._rates.unnamed_first):
            self._unnamed = self._visit("consult", cause="not_informed", applicant=None, source="queue")
            self._next_day()

    def _attempt(self, cause: str, purpose: str, outcome: str) -> None:
        venue_id = self._wrong_venue() if cause == "wrong_place" else None
        responsible = "government" if cause == "missing_material" and self._chance(0.25) else None
        self._visit(purpose, outcome, cause, venue_id=venue_id, responsible=responsible)
        if cause == "missing_material" and self._chance(0.3):
            self.now = self._pace.minutes(self.now, 20, 90)  # Fetched it and came back the same day: one run.
        else:
            self._next_day()

    def _next_day(self) -> None:
        self.now = self._pace.office(self.now, 1, 4)

    def _wrong_venue(self) -> str:
        city = self._terms.receiving_region[:4] + "00"
        elsewhere = [c for c in (city, *self._province.counties[city]) if c != self._terms.receiving_region]
        return self._province.hall(self._rng.choice(elsewhere)).venue_id

    # Applying.

    def _apply(self) -> None:
        terms = self._terms
        if not terms.is_virtual:
            if self._chance(self._rates.mistaken_visit):
                wrong = self._visit("consult", cause="unknown")
                self._do("void-visit", "before", visit_id=wrong, reason_code="mistake")
            self._visit("apply")
            self._odd_visits()
            self.now = self._pace.minutes(self.now, 1, 10)
        data: dict[str, Any] = {"applicant": self._applicant(), "item_code": terms.item.code, "channel": terms.channel}
        if not terms.is_virtual:
            data["receiving_body"] = self._province.service_bodies[terms.receiving_region].uscc
            data["receiving_region"] = terms.receiving_region
        form = "electronic" if terms.is_virtual else "original"
        data["materials"] = [{"code": one.code, "form": form} for one in terms.item.kind.materials]
        self._do("submit-application", "before", **data)
        if self._unnamed is not None:
            self.now = self._pace.minutes(self.now, 1, 5)
            self._do("attribute-visit", "before", visit_id=self._unnamed, applicant=self._applicant())
        self.now = self._pace.office(self.now, 0, 1) if terms.is_virtual else self._pace.minutes(self.now, 2, 15)
        self._receive(self._counter())
        if self._chance(self._rates.intended_refusal):
            self._receive(self._another_window(), refused="already-received")

    def _receive(self, window_id: str, refused: str | None = None) -> None:
        checks = {"form_check": "passed", "identity_check": "passed"}
        self._do("receive", "before", refused, case_no=CASE, window_id=window_id, **checks)

    def _another_window(self) -> str:
        halls = (self._province.hall(city).venue_id for city in self._province.counties)
        return next(venue_id for venue_id in halls if venue_id != self._counter())

    def _odd_visits(self) -> None:
        if self._chance(self._rates.duplicate_visit):
            again = self._visit("apply", source="queue")
            self._do("void-visit", "before", visit_id=again, reason_code="duplicate")
        if self._chance(self._rates.staff_visit):
            self._visit("consult", by="staff", person_id_no=None)

    def _counter(self) -> str:
        """Where the case is dealt with: where it was handed in, or at the handling body's own hall."""
        if self._terms.is_virtual:
            return self._province.hall(self._terms.item.body.region).venue_id
        return self._terms.venue_id

    # Up to acceptance.

    def _up_to_acceptance(self) -> bool:
        self._clock_from = self.now
        if self._chance(self._rates.not_accepted):
            return self._turn_away()
        if self._chance(self._rates.withdrawn):
            self.now = self._pace.home(self.now, 0, 2)
            self._do("withdraw", "before", case_no=CASE, reason_code="changed-mind")
            return False
        if self._terms.changes_hands and not self._hand_over():
            return False
        if self._chance(self._rates.off_list):
            self.now = self._pace.office(self.now, 0, 1)
            demand = [{"code": OFF_LIST, "reason_code": "absent"}]
            self._do("issue-correction", "before", case_no=CASE, missing=demand)
        if self._chance(self._rates.correction) and not self._corrections():
            return False
        if self._chance(self._rates.deemed) and self._terms.item.kind.promised_wd >= 10:
            return self._silence()
        self.now = self._pace.office(self.now, 0, 0 if not self._terms.is_virtual and self._chance(0.6) else 1)
        window = None if self._terms.changes_hands else self._counter()
        self._do("accept", "before", case_no=CASE, **({} if window is None else {"window_id": window}))
        self._accepted_at = self._accepted_at or self.now
        return True

    def _turn_away(self) -> bool:
        self.now = self._pace.office(self.now, 0, 2)
        self._do(
            "not-accept", "before", case_no=CASE, reason_code="not-our-power",
            competent_body=self._terms.item.body.uscc, remedies=["reconsideration", "lawsuit"],
        )  # fmt: skip
        return False

    def _silence(self) -> bool:
        """Nobody says anything for five working days, so the application counts as accepted; then the applicant asks."""
        self._accepted_at = self._accepted_at or self._clock_from
        self.now = self._pace.office(self.now, 6, 7)
        self._visit("consult", cause="not_informed", venue_id=self._terms.hall_id)
        return True

    def _hand_over(self) -> bool:
        """Custody to the body that handles it; at times it comes back first."""
        body = self._terms.item.body.uscc
        medium = "paper" if self._terms.hand_over == "custody-city" and self._chance(0.6) else "electronic"
        self.now = self._pace.minutes(self.now, 10, 60)
        self._do("offer-custody", "before", case_no=CASE, to_body=body, medium=medium)
        if self._chance(self._rates.offer_returned):
            self.now = self._pace.office(self.now, 0, 1)
            self._do("return-custody", "before", case_no=CASE, reason_code="incomplete-file")
            if self._chance(0.2):
                return self._turn_away()
            self.now = self._pace.minutes(self.now, 10, 50)
            self._do("offer-custody", "before", case_no=CASE, to_body=body, medium=medium)
        elif self._chance(self._rates.offer_taken_back):
            self.now = self._pace.minutes(self.now, 10, 50)
            self._do("withdraw-custody-offer", "before", case_no=CASE)
            self.now = self._pace.minutes(self.now, 10, 50)
            self._do("offer-custody", "before", case_no=CASE, to_body=body, medium=medium)
        low, high = (1, 6) if medium == "paper" else (0, 1)
        if self._terms.hand_over == "custody-city" and self._chance(self._rates.offer_late):
            low, high = (8, 10) if medium == "paper" else (2, 4)
        self.now = self._pace.office(self.now, low, high)
        self._do("accept-custody", "before", case_no=CASE)
        if self._terms.hand_over == "custody-city":
            self._clock_from = self.now  # Inside one city the five days go on from the receipt.
        return True

    def _corrections(self) -> bool:
        """What is missing is told and brought; True once everything is in."""
        if not self._correction("N1", None):
            return False
        if self._chance(self._rates.second_notice):
            self.now = self._pace.office(self.now, 0, 1)
            return self._correction("N2", "new-finding")
        return True

    def _correction(self, notice_no: str, reason: str | None) -> bool:
        self.now = self._pace.office(self.now, 0, 2)
        materials = [one.code for one in self._terms.item.kind.materials]
        missing = [{"code": code, "reason_code": "absent"} for code in materials[: self._rng.randint(1, 2)]]
        self._do("issue-correction", "before", case_no=CASE, missing=missing, **({} if reason is None else {"reason_code": reason}))
        if self._chance(self._rates.intended_refusal):
            self._do("submit-correction", "before", refused="unknown-notice", case_no=CASE, notice_no="N9", complete=True)
        if self._chance(self._rates.unanswered):
            return False
        self._answer(notice_no)
        return True

    def _answer(self, notice_no: str) -> None:
        by_visit = not self._terms.is_virtual and self._chance(0.7)
        self.now = self._pace.office(self.now, 1, 6) if by_visit else self._pace.home(self.now, 1, 9)
        if by_visit:
            cause = "not_informed" if self._chance(0.25) else "missing_material"
            self._visit("correct", cause=cause)
        if self._chance(self._rates.partial_answer):
            self._do("submit-correction", "before", case_no=CASE, notice_no=notice_no, complete=False)
            self.now = self._pace.home(self.now, 1, 4)
        self._do("submit-correction", "before", case_no=CASE, notice_no=notice_no, complete=True)
        self._accepted_at = self._clock_from = self.now

    # At the body that decides.

    def _decision(self) -> bool:
        assert self._accepted_at is not None
        promised = self._terms.item.kind.promised_wd
        used = self._days_used(promised)
        self._meanwhile()
        if self._chance(self._rates.withdrawn_later):
            self.now = self._pace.home(self.now, 0, 1)
            self._do("withdraw-case", "decision", case_no=CASE, reason_code="changed-mind")
            return False
        if self._chance(self._rates.special) and promised >= 5:
            self._special_procedure()
            self.now = self._pace.office(self.now, 1, 2)
        elif self._chance(self._rates.extension) and promised >= 5:
            self.now = self._pace.office_on(self.now, self._accepted_at, promised - 2)
            head = f"head-{self._terms.item.body.region}"
            self._do("extend", "decision", case_no=CASE, days=5, approver_no=head, reason_code="complex")
            self.now = self._pace.office_on(self.now, self._accepted_at, promised + 2)
        else:
            self.now = self._pace.office_on(self.now, self._accepted_at, used)
        self._decide()
        return True

    def _days_used(self, promised: int) -> int:
        kind = self._rng.random()
        if kind < self._rates.late:
            return promised + self._rng.randint(1, 4)
        if kind < self._rates.late + self._rates.at_the_limit:
            return promised
        return int(promised * self._rng.random() * 0.75)

    def _meanwhile(self) -> None:
        kind = self._terms.item.kind
        if kind.declared_visits and self._chance(self._rates.presence):
            self.now = self._pace.office(self.now, 0, 1)
            self._visit("presence", venue_id=self._terms.hall_id)
        if self._chance(self._rates.progress_asked):
            self.now = self._pace.office(self.now, 0, 1)
            self._visit("consult", cause="not_informed", venue_id=self._terms.hall_id)

    def _special_procedure(self) -> None:
        self.now = self._pace.office(self.now, 0, 1)
        self._do(
            "start-special-procedure", "decision", case_no=CASE, kind=self._rng.choice(("inspection", "expert_review", "hearing")),
            basis="licensing-law-45", expected_wd=5,
        )  # fmt: skip
        self.now = self._pace.office(self.now, 2, 7)
        self._do("end-special-procedure", "decision", case_no=CASE, result="completed")

    def _decide(self) -> None:
        self._refused = self._chance(self._rates.refused)
        data = self._ruling("refused" if self._refused else "granted")
        self._do("decide", "decision", **data)
        if self._chance(self._rates.intended_refusal):
            other = self._ruling("granted" if self._refused else "refused")
            self._do("decide", "decision", refused="already-decided", **other)

    def _ruling(self, outcome: str) -> dict[str, Any]:
        data: dict[str, Any] = {
            "case_no": CASE,
            "officer_ref": staff_ref(f"officer-{self._terms.item.body.region}"),
            "outcome": outcome,
            "document_no": f"D-{self._terms.name}",
        }
        if outcome == "refused":
            data |= {"reason_codes": ["conditions-not-met"], "remedies": ["reconsideration", "lawsuit"]}
        return data

    # The result.

    def _delivery(self) -> None:
        at_window = self._rates.collect_online if self._terms.is_virtual else self._rates.collect_at_window
        if self._chance(at_window):
            self._collect()
            return
        if self._refused or self._chance(0.35):
            self.now = self._pace.home(self.now, 1, 3)
            self._hand("courier")
            return
        self.now = self._pace.minutes(self.now, 1, 30)
        self._hand("e_certificate")

    def _hand(self, method: str) -> None:
        self._do("deliver", "after", case_no=CASE, method=method)
        if self._chance(self._rates.intended_refusal):
            self._do("deliver", "after", refused="already-delivered", case_no=CASE, method="terminal")

    def _collect(self) -> None:
        venue_id = self._terms.hall_id
        self.now = self._pace.office(self.now, 0, 4)
        if self._chance(self._rates.collect_failed):
            self._visit("collect", "system_failure", "collect_failed", venue_id=venue_id, act="after")
            self.now = self._pace.office(self.now, 1, 2)
        self._visit("collect", venue_id=venue_id, act="after", source="collection_signature")
        self.now += timedelta(seconds=self._rng.randint(30, 240))
        self._hand("window")
