"""What can go wrong when somebody asks for something, said in words that may be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["malformed", "forbidden", "unknown", "conflict", "invalid"]
"""How a door answers: 400, 403, 404, 409, 422."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule with its sentence in both languages: what happened, why, and what to do next."""

    code: str
    kind: Kind
    zh: str
    en: str


class RefusedError(Exception):
    """A request breaks a rule. `field` names the field at fault, `state` the situation that forbids it; never a value."""

    def __init__(self, rule: Rule, *, field: str | None = None, state: str | None = None) -> None:
        super().__init__(rule.code)
        self.rule = rule
        self.field = field
        self.state = state


class TooOftenError(Exception):
    """Somebody asked too often, and may ask again after so many seconds."""

    def __init__(self, rule: Rule, after_s: int) -> None:
        super().__init__(rule.code)
        self.rule = rule
        self.after_s = after_s


class VersionConflictError(Exception):
    """Somebody else appended to the stream first: reload and decide again."""


class TooLargeError(Exception):
    """An event exceeds the size that can be sent; nothing was appended."""


class UnavailableError(Exception):
    """A dependency is away or its answer unknown: retry with the same key."""


class HeldUpError(UnavailableError):
    """Somebody holds what is needed for longer than we wait; others need not suffer for it."""


class DisagreementError(Exception):
    """Kafka and the record no longer tell the same story, and going on would make it worse. The message says what to do."""


class RecordsLostError(DisagreementError):
    """A topic does not hold what was written to it and not read yet: it was made anew, or records of it were deleted."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"Kafka has lost records of {topic}: stop, then ./runonce republish")


class PartitionsAddedError(DisagreementError):
    """Somebody added partitions to a topic of ours: journeys of one partition may then be with several readers."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"{topic} has more partitions than it was made with: stop, delete the topic, then ./runonce republish")
