"""Live alerts: a pair of cities whose hand-overs pile up, a cause that doubles; and nothing twice for the same hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.metrics.alerts import Alert, SnapshotSaid, Windows, worded

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PAIR = "330300>330100"


def hear(windows: Windows, minute: int, *, waits: int = 0, failed: int = 0) -> list[Alert]:
    said = SnapshotSaid(at=START + timedelta(minutes=minute), open_waits={PAIR: waits}, failed={"wrong_place": failed})
    return windows.hear(said)


def test_waits_that_double_within_the_hour_are_told() -> None:
    windows = Windows()

    assert hear(windows, 0, waits=3) == []
    assert hear(windows, 10, waits=4) == []
    (found,) = hear(windows, 20, waits=7)
    assert (found.kind, found.subject, found.now, found.before) == ("custody-wait", PAIR, 7, 3)


def test_waits_that_are_usual_are_not_told() -> None:
    windows = Windows()
    hear(windows, 0, waits=10)

    assert hear(windows, 10, waits=9) == []
    assert hear(windows, 20, waits=11) == []


def test_few_waits_are_not_told() -> None:
    windows = Windows()
    hear(windows, 0, waits=1)

    assert hear(windows, 5, waits=4) == []


def test_a_cause_that_doubles_is_told_with_both_hours() -> None:
    windows = Windows()
    for minute, failed in ((0, 100), (30, 104), (60, 108), (119, 108)):
        assert hear(windows, minute, failed=failed) == []

    (found,) = hear(windows, 120, failed=128)

    assert (found.kind, found.subject, found.now, found.before) == ("cause-doubled", "wrong_place", 20, 8)


def test_an_hour_of_watching_comes_before_the_first_word_about_causes() -> None:
    windows = Windows()
    hear(windows, 0, failed=0)

    assert hear(windows, 30, failed=1000) == []


def test_totals_that_fall_at_midnight_are_no_news() -> None:
    windows = Windows()
    for minute in (0, 30, 60, 90):
        hear(windows, minute, failed=500)

    assert hear(windows, 125, failed=10) == []


def test_a_late_snapshot_is_not_looked_at() -> None:
    windows = Windows()
    hear(windows, 10, waits=1)

    assert hear(windows, 5, waits=100) == []


def test_the_same_subject_has_one_name_within_an_hour() -> None:
    first, second = Windows(), Windows()
    hear(first, 0, waits=1)
    hear(second, 0, waits=1)

    assert hear(first, 10, waits=8)[0].id == hear(second, 12, waits=9)[0].id


def test_an_alert_is_told_in_both_languages() -> None:
    windows = Windows()
    hear(windows, 0, waits=1)
    (found,) = hear(windows, 10, waits=8)

    told = worded(found._asdict())

    assert "温州市" in told["zh"]
    assert "Hangzhou" in told["en"]


def test_an_alert_names_the_evidence_of_its_hour() -> None:
    """An hour that ends after midnight lies on two days; papers offered a fortnight before may still wait."""
    windows = Windows()
    late = datetime(2026, 11, 23, 16, 20, tzinfo=UTC)
    for minutes, failed in ((-120, 0), (-60, 0), (0, 12)):
        said = SnapshotSaid(at=late + timedelta(minutes=minutes), open_waits={}, failed={"wrong_place": failed})
        found = windows.hear(said)
    (doubled,) = found
    hear(windows, 1_000, waits=1)
    (waiting,) = hear(windows, 1_010, waits=8)

    assert worded(doubled._asdict())["evidence"] == {
        "figure": "F13",
        "reading": "failed",
        "cause": "wrong_place",
        "from": "2026-11-23",
        "to": "2026-11-24",
    }
    assert worded(waiting._asdict())["evidence"] == {
        "figure": "F8",
        "reading": "offered",
        "pair": PAIR,
        "layer": "physical",
        "from": "2026-11-10",
        "to": "2026-11-24",
    }
