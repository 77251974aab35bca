"""Who people are: pseudonyms, contact details that can be erased, and the code with which a citizen asks for a case.

Nothing of this ever enters an event, a log line or an answer to anybody but the person's own notifier. The code alone is told
to whoever hands the application in, and stays in the first answer, which is kept.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from shared.contracts.commands import Applicant
from shared.postgres.event_log import Tx

CODE_DIGITS = 10
"""Long enough that nobody has to be kept from trying for others' sake (`guesses`)."""


class Pseudonyms:
    """Keyed functions of the installation's secret. Without the key nobody can go from a pseudonym to a person."""

    def __init__(self, key: bytes) -> None:
        self._key = key

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


_KEEP = """
INSERT INTO person (subject_ref, name, phone, email, language, region)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
ON CONFLICT (subject_ref) DO UPDATE SET name = coalesce(excluded.name, person.name),
    phone = coalesce(excluded.phone, person.phone), email = coalesce(excluded.email, person.email),
    language = excluded.language, region = excluded.region, changed_at = clock_timestamp()
WHERE (person.language, person.region) IS DISTINCT FROM (excluded.language, excluded.region)
    OR coalesce(excluded.name, person.name) IS DISTINCT FROM person.name
    OR coalesce(excluded.phone, person.phone) IS DISTINCT FROM person.phone
    OR coalesce(excluded.email, person.email) IS DISTINCT FROM person.email
"""


async def keep(tx: Tx, people: Sequence[tuple[str, Applicant]]) -> None:
    """Remember how to reach these people; what is not given stays as it was."""
    newest = dict(people)
    rows = [(ref, a.name, a.phone, a.email, a.language, a.region) for ref, a in sorted(newest.items(), key=lambda p: p[0])]
    if rows:
        await tx.execute(_KEEP, *(list(column) for column in zip(*rows, strict=True)))


async def contact(tx: Tx, caller: str, journey: UUID, case_no: str | None) -> dict[str, Any] | None:
    """How to reach the person behind a journey (and, if named, its case); every look is written down.

    None for a journey or case that is not known. A person who was erased, or left nothing, has empty fields.
    """
    row = await tx.fetchrow(
        "SELECT p.phone, p.email, coalesce(p.language, 'zh') AS language "
        "FROM journey_index j LEFT JOIN person p ON p.subject_ref = j.subject_ref "
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
