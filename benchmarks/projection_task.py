"""The common task of the projection bench, what a right outcome is, and the plain count that every contestant is held to.

Input: topics `gov.intake.events.v1`, `gov.approval.events.v1`, `gov.notify.events.v1`, 12 partitions each. A record's key is
the journey's id in ASCII, its value a JSON object with `type`, `source`, `sequence`, `journey`, `time`, `recordedtime`,
`knowntime` (RFC 3339, UTC, microseconds, `Z`) and `data`. About one record in a hundred comes twice: the same bytes again,
later in the same partition. Equal (journey, source, sequence) is the same event and counts once. Within one source and
journey sequences are 1, 2, 3 … in the order of the partition. There is no order between topics: an event of approval may be
read before or long after the events of intake about the same journey, and the outcome must not depend on it.

State to keep: one durable row for each journey, whatever its events are (`rows` = the number of journeys), from which its
contributions follow. A contribution that an event changes is taken out of its old cell and put into its new one.

Cells to keep, as integers. `day` is a local day in China (UTC+8, no summer time), as YYYY-MM-DD:

visits     (venue_region, applicant_region, item_code, cause|responsible, local_date) → n
           One for each `visit-recorded` of intake whose `visit_id` no `visit-voided` of the journey names. All but
           `applicant_region` are fields of the visit. `applicant_region` is that of `journey-opened`; if it has none, that
           of `application-submitted`; while there is neither, "unknown". An application may come after the visit: it moves
           the visits that were counted under "unknown". Causes are joined as text, with a bar.
delivered  (handling_region, item_code, day) → journeys
           One for each journey whose `journey-completed` of intake has outcome granted or refused and which has a
           `result-delivered`; `day` is that of its `delivered_at`. Region and item are those of `application-submitted`.
decided    (handling_region, item_code, day) → cases, on_time, net_wd_used
           One case for each `decision-made` of approval, under the day of its `decided_at`; on_time adds 1 if the field is
           true, net_wd_used adds the field. Region and item are those of `application-submitted` of intake; while that is
           not there, "unknown" for both.

A journey has at most one case. Cells in which every integer is zero are left out. Events of other types only take their
place in the row (its sequence per source). The work is done when every record is reflected in what is durably committed.

A contestant is a program with `--kafka HOST:PORT --records N --out FILE` and options of its own. N counts duplicates too. It
prints one JSON object, {"events": N, "seconds": from its first record to its last commit, "cpu_s": its processor time},
and writes FILE as `Outcome.write` does.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

UNKNOWN = "unknown"
Cell = tuple[str, ...]
Amounts = tuple[int, ...]


@dataclass(slots=True)
class Outcome:
    """Rows and cells. Two outcomes are equal if they say the same."""

    rows: int = 0
    visits: dict[Cell, Amounts] = field(default_factory=dict)
    delivered: dict[Cell, Amounts] = field(default_factory=dict)
    decided: dict[Cell, Amounts] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """One JSON object: `rows`, and for each kind a list of cells, the cell's words first and its integers after them."""
        kinds = {kind: [[*cell, *n] for cell, n in sorted(getattr(self, kind).items())] for kind in WORDS}
        path.write_text(json.dumps({"rows": self.rows, **kinds}))


WORDS = {"visits": 5, "delivered": 3, "decided": 3}
"""Each kind of cell with how many words name one."""


def read_outcome(path: Path) -> Outcome:
    """What a contestant wrote, in any order."""
    told = json.loads(path.read_text())
    kinds = {
        kind: {tuple(cell[:words]): tuple(cell[words:]) for cell in told[kind] if any(cell[words:])}
        for kind, words in WORDS.items()
    }
    return Outcome(told["rows"], **kinds)


class Visit(NamedTuple):
    """A visit was recorded."""

    visit_id: str
    region: str
    item: str
    tag: str
    day: str


class Void(NamedTuple):
    """A visit does not count any more."""

    visit_id: str


class Opening(NamedTuple):
    """A journey began."""

    region: str | None


class Application(NamedTuple):
    """An application was submitted."""

    region: str
    handling: str
    item: str


class Decision(NamedTuple):
    """A case was decided."""

    day: str
    on_time: bool
    used: int


class Delivery(NamedTuple):
    """The result was handed over."""

    day: str


class Completion(NamedTuple):
    """The journey is over."""

    outcome: str


Mark = Visit | Void | Opening | Application | Decision | Delivery | Completion
"""What an event means for the task, told by whoever made the event; nothing is parsed."""


class Count:
    """Counts events as they are made, knowing nothing of how anybody projects them."""

    def __init__(self) -> None:
        self._open: dict[str, list[Mark]] = {}
        self._rows = 0
        self._visits: Counter[Cell] = Counter()
        self._delivered: Counter[Cell] = Counter()
        self._decided: dict[Cell, list[int]] = defaultdict(lambda: [0, 0, 0])

    def see(self, journey: str, mark: Mark | None, *, is_last: bool) -> None:
        """Take one distinct event. After its last event a journey is settled and forgotten."""
        marks = self._open.get(journey)
        if marks is None:
            marks = self._open[journey] = []
            self._rows += 1
        if mark is not None:
            marks.append(mark)
        if is_last:
            self._settle(self._open.pop(journey))

    def outcome(self) -> Outcome:
        """What is right after the events seen; call it once, at the end."""
        for marks in self._open.values():
            self._settle(marks)
        self._open.clear()
        return Outcome(
            self._rows,
            {cell: (n,) for cell, n in self._visits.items()},
            {cell: (n,) for cell, n in self._delivered.items()},
            {cell: tuple(n) for cell, n in self._decided.items()},
        )

    def _settle(self, marks: Iterable[Mark]) -> None:
        visits: dict[str, Visit] = {}
        home: str | None = None
        terms: Application | None = None
        delivery: Delivery | None = None
        is_in_hand = False
        decisions: list[Decision] = []
        for mark in marks:
            match mark:
                case Visit():
                    visits[mark.visit_id] = mark
                case Void():
                    visits.pop(mark.visit_id, None)
                case Opening():
                    home = mark.region
                case Application():
                    terms = mark
                case Decision():
                    decisions.append(mark)
                case Delivery():
                    delivery = mark
                case Completion():
                    is_in_hand = mark.outcome in ("granted", "refused")
        region = home or (UNKNOWN if terms is None else terms.region)
        for visit in visits.values():
            self._visits[visit.region, region, visit.item, visit.tag, visit.day] += 1
        handling, item = (UNKNOWN, UNKNOWN) if terms is None else (terms.handling, terms.item)
        if is_in_hand and delivery is not None:
            self._delivered[handling, item, delivery.day] += 1
        for decision in decisions:
            amounts = self._decided[handling, item, decision.day]
            amounts[0] += 1
            amounts[1] += decision.on_time
            amounts[2] += decision.used
