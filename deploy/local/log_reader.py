"""Reads somebody else's permit log by its mapping file: rows of CSV become commands to report history.

A mapping is one TOML file; a new log needs no code. A row that cannot be read is told with its line and reason, and the
rest goes on.
"""

from __future__ import annotations

import csv
import gzip
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from shared.contracts.commands import ReportHistory
from shared.contracts.ids import history_id

DEFAULT_RULE = {"rule": "step", "phase": "step"}


class MappingError(Exception):
    """The mapping file does not say what is needed; the message names the entry."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read, and why."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Reported:
    """One command with the times that belong into its envelope."""

    id: str
    case_ref: str
    occurred: datetime
    known: datetime | None
    data: dict[str, Any]


@dataclass(slots=True)
class LogReader:
    """One log: a mapping and the directory of its files."""

    mapping: Mapping[str, Any]
    directory: Path
    _cases: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    @classmethod
    def open(cls, mapping: Path, directory: Path) -> LogReader:
        """Read the mapping. Raises `MappingError` if it is no TOML or lacks what every log needs."""
        try:
            read = tomllib.loads(mapping.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise MappingError(f"{mapping.name} cannot be read: {error}") from None
        for entry in ("origin", "zone"):
            if entry not in read:
                raise MappingError(f"{mapping.name} has no entry {entry}")
        if "region" not in read and "region_column" not in read:
            raise MappingError(f"{mapping.name} has neither region nor region_column")
        return cls(read, directory)

    @property
    def origin(self) -> str:
        """The log's name."""
        return str(self.mapping["origin"])

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the log's days are cut."""
        return ZoneInfo(self.mapping["zone"])

    def count(self) -> int:
        """How many rows the log's files have, for a progress bar."""
        return sum(1 for name in self._files() for _ in _rows(self.directory / name))

    def read(self) -> Iterator[Reported | BadRow]:
        """Every report of the log, file by file and row by row."""
        self._read_cases()
        for section, reports in (
            ("events", self._event_reports),
            ("snapshot", self._snapshot_reports),
            ("changes", self._change_reports),
        ):
            for name in self.mapping.get(section, {}).get("files", ()):
                for line, row in _rows(self.directory / name):
                    try:
                        yield from reports(name, line, row)
                    except (KeyError, ValueError, TypeError) as error:
                        yield BadRow(name, line, f"{type(error).__name__}: {str(error)[:80]}")

    def _files(self) -> list[str]:
        return [name for s in ("events", "snapshot", "changes") for name in self.mapping.get(s, {}).get("files", ())]

    def _read_cases(self) -> None:
        section = self.mapping.get("cases", {})
        for name in section.get("files", ()):
            for _, row in _rows(self.directory / name):
                self._cases[self._region(row), row[section["case"]]] = row

    def _region(self, row: Mapping[str, str]) -> str:
        column = self.mapping.get("region_column")
        return row[column] if column else str(self.mapping["region"])

    def _event_reports(self, name: str, line: int, row: dict[str, str]) -> Iterator[Reported]:
        section = self.mapping["events"]
        case, region = row[section["case"]], self._region(row)
        occurred = self._instant(row[section["time"]])
        known: str | None = row.get(section.get("known", ""))
        facts = self._case_facts(region, case) | {"resource": row.get(section.get("resource", "")) or None}
        for rule in self._matching(row):
            known_at = self._instant(known) if known else None
            yield self._report(name, line, rule, case, region, occurred, known_at, facts)

    def _snapshot_reports(self, name: str, line: int, row: dict[str, str]) -> Iterator[Reported]:
        section = self.mapping["snapshot"]
        case, region, known = row[section["case"]], self._region(row), section["known"]
        facts = {"item": row.get(section.get("item", "")) or None}
        for column, value in row.items():
            if value and (column in section["fields"] or self._milestone(column)):
                change = {"op": "insert", "field": column, "new": value}
                yield self._changed(name, line, case, region, known, change, facts)

    def _change_reports(self, name: str, line: int, row: dict[str, str]) -> Iterator[Reported]:
        section = self.mapping["changes"]
        known = self._instant(row[section["known"]])
        change = {key: row[section[key]] for key in ("op", "field", "old", "new") if row[section[key]]}
        yield self._changed(name, line, row[section["case"]], self._region(row), known, change, {})

    def _changed(
        self,
        name: str,
        line: int,
        case: str,
        region: str,
        known: datetime,
        change: dict[str, str],
        facts: dict[str, Any],
    ) -> Reported:
        column, value = change.get("field", ""), change.get("new")
        milestone = self._milestone(column)
        rules = self._matching({"milestone": milestone}) if milestone and value else [DEFAULT_RULE]
        occurred = self._instant(value) if milestone and value else known
        rule = {**rules[0], "rule": f"{rules[0]['rule']}.{column or change['op']}"}
        irregular = ["occurred-after-known"] if occurred > known else []
        told = facts | {"change": change, "irregular": irregular}
        return self._report(name, line, rule, case, region, min(occurred, known), known, told)

    def _milestone(self, column: str) -> str | None:
        suffix = self.mapping.get("milestones", {}).get("suffix")
        return column.removesuffix(suffix) if suffix and column.endswith(suffix) else None

    def _matching(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = [rule for rule in self.mapping.get("rules", ()) if _matches(rule, row)]
        return found or [DEFAULT_RULE]

    def _case_facts(self, region: str, case: str) -> dict[str, Any]:
        section, row = self.mapping.get("cases", {}), self._cases.get((region, case), {})
        facts: dict[str, Any] = {key: row[section[key]] for key in ("channel", "item") if key in section and row.get(section[key])}
        for key in ("started", "due", "ended"):
            if key in section and row.get(section[key]):
                facts[f"{key}_on"] = self._instant(row[section[key]]).isoformat()
        return facts

    def _instant(self, text: str) -> datetime:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=self.zone)
        return found

    def _report(
        self,
        name: str,
        line: int,
        rule: Mapping[str, Any],
        case: str,
        region: str,
        occurred: datetime,
        known: datetime | None,
        facts: Mapping[str, Any],
    ) -> Reported:
        data = {
            "origin": self.origin,
            "file": name,
            "row": line,
            "rule": rule["rule"],
            "phase": rule["phase"],
            "case_ref": case,
            "region": region,
            "zone": str(self.mapping["zone"]),
            **({"kind": rule["kind"]} if "kind" in rule else {}),
            **{key: value for key, value in facts.items() if value},
        }
        identity = history_id(self.origin, region, case, name, line, rule["rule"])
        return Reported(str(identity), case, occurred, known, data)


def _matches(rule: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    value = row.get(rule["field"]) or ""
    hit = value in rule.get("values", ()) or any(value.startswith(prefix) for prefix in rule.get("prefixes", ()))
    return hit and all(row.get(column) == wanted for column, wanted in rule.get("when", {}).items())


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, row) of a CSV file, gzipped or not; line 1 is the header."""
    with _opened(path) as lines:
        yield from enumerate(csv.DictReader(lines), start=2)


REPORT_TYPE = str(ReportHistory.type)
