"""Who people are: pseudonyms, contact details that can be erased, and the code with which a citizen asks for a case.

Nothing of this ever enters an event, a log line or an answer to anybody but the person's own notifier. The code alone is told
to whoever hands the application in, and stays in the first answer, which is kept.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from shared.contracts.commands import Applicant
from shared.postgres.event_log import Tx
from shared.runtime.auth import Staff

CODE_DIGITS = 10
"""Long enough that nobody has to be kept from trying for others' sake (`guesses`)."""


class Pseudonyms:
    """Keyed functions of the installation's secret. Without the key nobody can go from a pseudonym to a person.

    `staff` makes those of whoever acts, under a key of their own: no number of theirs can be tried out as an applicant's.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.staff = Staff(hmac.digest(key, b"key/staff", "sha256"))

    def subject_ref(self, id_no: str) -> str:
        """The 32 hex letters under which a person or enterprise appears in events."""
        return self._keyed(id_no)[:32]

    def status_code(self, case_no: str) -> str:
        """The digits that belong to a case's receipt.

        A keyed function instead of a stored random number: whoever tells it again tells the same one.
        """
        return f"{int(self._keyed(f'status-code/{case_no}')[:15], 16) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"

    def is_status_code(self, case_no: str, given: str) -> bool:
        """Whether `given` is the code of the case, in time that does not depend on how much of it is right."""
        return hmac.compare_digest(self.status_code(case_no).encode(), given.encode())

    def unnamed(self, kind: str, text: str) -> str:
        """What something is counted under, when neither it nor whose it is shall be kept."""
        return self._keyed(f"{kind}/{text}")[:32]

    def _keyed(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Left:
    """What somebody left about the person behind `subject_ref`: with a submission for its case, and at a desk for others too."""

    subject_ref: str
    applicant: Applicant
    at_desk: bool
    case_no: str | None = None


# Nobody who comes later moves what is known: whoever acts in somebody's name would lead that person's letters elsewhere.
_FILL = """
INSERT INTO person (subject_ref, region, name, phone, email, language)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
ON CONFLICT (subject_ref) DO UPDATE SET name = coalesce(person.name, excluded.name),
    phone = coalesce(person.phone, excluded.phone), email = coalesce(person.email, excluded.email),
    language = coalesce(person.language, excluded.language), changed_at = clock_timestamp()
WHERE person.name IS NULL AND excluded.name IS NOT NULL OR person.phone IS NULL AND excluded.phone IS NOT NULL
    OR person.email IS NULL AND excluded.email IS NOT NULL OR person.language IS NULL AND excluded.language IS NOT NULL
"""
_KEEP_WITH_CASE = """
INSERT INTO case_contact (case_no, subject_ref, phone, email, language)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) ON CONFLICT DO NOTHING
"""


async def keep(tx: Tx, left: Sequence[Left]) -> None:
    """Remember how to reach these people: each case its own way, and of the person only what nobody had said yet."""
    people = _first_said(left)
    if people:
        rows = [(subject, *people[subject]) for subject in sorted(people)]
        await tx.execute(_FILL, *(list(column) for column in zip(*rows, strict=True)))
    of_cases = [one for one in left if one.case_no is not None and any(_ways_to(one.applicant))]
    if of_cases:
        ways = [(one.case_no, one.subject_ref, *_ways_to(one.applicant)) for one in of_cases]
        await tx.execute(_KEEP_WITH_CASE, *(list(column) for column in zip(*ways, strict=True)))


def _ways_to(applicant: Applicant) -> tuple[str | None, ...]:
    return applicant.phone, applicant.email, applicant.language


def _first_said(left: Sequence[Left]) -> dict[str, tuple[str | None, ...]]:
    """Region, name, phone, email and language of each person, as far as they may be filled in."""
    people: dict[str, tuple[str | None, ...]] = {}
    for one in left:
        said = (one.applicant.name, *_ways_to(one.applicant)) if one.at_desk else (None,) * 4
        new = (one.applicant.region, *said)
        known = people.get(one.subject_ref, new)
        people[one.subject_ref] = tuple(now if before is None else before for before, now in zip(known, new, strict=True))
    return people


async def contact(tx: Tx, caller: str, journey: UUID, case_no: str | None) -> dict[str, Any] | None:
    """How to reach the person behind a journey; for a case as it was said with its submission. Every look is written down.

    None for a journey or case that is not known. A person who was erased, or left nothing, has empty fields.
    """
    row = await tx.fetchrow(
        "SELECT coalesce(k.phone, p.phone) AS phone, coalesce(k.email, p.email) AS email, "
        "coalesce(k.language, p.language, 'zh') AS language "
        "FROM journey_index j LEFT JOIN person p ON p.subject_ref = j.subject_ref LEFT JOIN case_contact k ON k.case_no = $2 "
        "WHERE j.journey = $1 AND ($2::text IS NULL OR EXISTS "
        "(SELECT 1 FROM case_index c WHERE c.journey = j.journey AND c.case_no = $2))",
        journey,
        case_no,
    )
    await tx.execute(
        "INSERT INTO contact_access (caller, journey, case_no, found) VALUES ($1, $2, $3, $4)",
        caller,
        journey,
        case_no,
        row is not None,
    )
    return None if row is None else dict(row)
