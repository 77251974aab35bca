"""The building blocks of every contract: closed, frozen, finite, and silent about what a citizen typed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"

CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.:/-]*$"

Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN, min_length=1, max_length=64)]
"""A machine word: item, venue, window, material or reason code. Opaque: nobody parses meaning out of it."""
CaseNo = Annotated[str, StringConstraints(pattern=CODE_PATTERN, min_length=1, max_length=50)]
"""GB/T 39046 case number, at most 50 characters."""
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
"""GB/T 2260 division code, six digits."""
BodyCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{18}$")]
"""Unified social credit code of an implementing body (GB 32100), 18 characters."""
Level = Annotated[int, Field(ge=1, le=7)]
"""Exercising level: 1 national, 2 province, 3 city, 4 county, 5 township, 6 village, 7 graded (GB/T 39046 annex A)."""
SubjectRef = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""Keyed pseudonym of a person or enterprise. Only intake can link it to anybody."""
Label = Annotated[str, StringConstraints(pattern=_NO_CONTROLS, min_length=1, max_length=200)]
"""A published name in the catalogue. Never anything that a citizen wrote."""
Count = Annotated[int, Field(ge=0, le=10_000)]
Days = Annotated[int, Field(ge=0, le=3_650)]
LocalDate = date
Instant = AwareDatetime


class Closed(BaseModel):
    """What producers write: unknown fields, loose types and non-finite numbers are refused; values never reach an error text."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


class Fact(Closed):
    """The data of one event: something that happened and can no longer be refused."""


class Command(Closed):
    """The data of one request: something somebody asks for and that may be refused."""


def wire_time(instant: datetime) -> str:
    """RFC 3339 in UTC with microseconds, the one spelling used on the wire."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
