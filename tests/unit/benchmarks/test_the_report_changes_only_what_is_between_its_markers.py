"""The report rewrites a page between two markers, the same results to the same text, and draws what it can compare."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.goals import LARGE, SMALL
from benchmarks.intervals import interval, ratios
from benchmarks.report import BEGIN, END, write
from benchmarks.results import Result
from benchmarks.standings import CPU, RATE

RESULTS = [
    Result("projection", "ours", 1_000, 500.0, "events/s", 1.0, rounds=[400.0, 500.0, 600.0]),
    Result("projection", "theirs", 1_000, 100.0, "events/s", 0.2, rounds=[100.0, 100.0, 90.0], note="over its first 50 records"),
    Result("projection", "partial", 1_000, 90.0, "events/s", 0.18, correct=None, rounds=[90.0]),
    Result("projection", "broken", 1_000, None, "events/s", correct=False, note="its outcome is not the right one"),
]


def _page(directory: Path) -> Path:
    page = directory / "README.md"
    page.write_text(f"# By hand\n\n{BEGIN}\nold\n{END}\n\nAlso by hand.\n")
    return page


def test_prose_stays_and_results_take_the_place_of_old_ones(tmp_path: Path) -> None:
    page = _page(tmp_path)

    write(RESULTS, page)
    once = page.read_text()
    write(RESULTS, page)

    assert once == page.read_text()
    assert once.startswith(f"# By hand\n\n{BEGIN}\n")
    assert once.endswith(f"{END}\n\nAlso by hand.\n")
    assert "old" not in once.partition(BEGIN)[2].partition(END)[0].split()


def test_every_result_is_told_with_its_spread_its_ratios_and_what_to_know(tmp_path: Path) -> None:
    page = _page(tmp_path)

    write(RESULTS, page)

    lines = page.read_text().splitlines()
    assert "| 1,000 | theirs | events/s | 100 | 90 to 100 | 3 | 0.2 [0.15, 0.25] (0.25, 0.2, 0.15) |  | yes |" in lines
    assert "| 1,000 | broken | events/s |  |  |  |  |  | no |" in lines
    assert "| 1,000 | partial | events/s | 90 |  | 1 | 0.225 |  | not compared |" in lines
    assert "* theirs, 1,000: over its first 50 records." in lines


def test_drawings_are_well_formed_and_show_only_what_was_right(tmp_path: Path) -> None:
    write(RESULTS, _page(tmp_path))

    drawn = (tmp_path / "results" / "projection-events-per-s.svg").read_text()

    assert ElementTree.fromstring(drawn) is not None
    assert "theirs" in drawn
    assert "broken" not in drawn
    assert "partial" not in drawn


def test_a_page_without_a_place_for_results_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("# By hand\n")

    with pytest.raises(ValueError, match="no place for results"):
        write(RESULTS, page)

    assert page.read_text() == "# By hand\n"


def test_rounds_are_compared_with_ours_of_the_same_round() -> None:
    assert ratios([50.0, 100.0, 70.0], [100.0, 50.0]) == [0.5, 2.0]
    assert interval([0.5, 2.0]) == (0.5, 2.0)


def test_one_round_alone_has_no_interval(tmp_path: Path) -> None:
    page = _page(tmp_path)
    once = [Result("projection", name, 9, value, "events/s", rounds=[value]) for name, value in (("ours", 4.0), ("theirs", 3.0))]

    write(once, page)

    assert "| 9 | theirs | events/s | 3 |  | 1 | 0.75 |  | yes |" in page.read_text().splitlines()


def test_a_goal_stands_beside_what_was_measured_and_only_at_its_size(tmp_path: Path) -> None:
    page = _page(tmp_path)
    measured = [Result("freshness", "ours", size, value, "ms p50 HTTP") for size, value in ((200, 20.0), (1_000, 31.0))]

    write([*measured, Result("doors", "ours", 5, 400.0, "single POST/s")], page)

    lines = page.read_text().splitlines()
    assert "| 200 | ours | ms p50 HTTP | 20 |  |  |  |  | yes |" in lines
    assert "| 1,000 | ours | ms p50 HTTP | 31 |  |  |  | ≤ 30: missed | yes |" in lines
    assert "| 5 | ours | single POST/s | 400 |  |  |  | ≥ 400: met | yes |" in lines


def test_a_lead_over_a_peer_is_told_where_its_outcome_was_compared(tmp_path: Path) -> None:
    page = _page(tmp_path)
    ours = Result("projection", "ours", 9, 40.0, RATE, rounds=[30.0, 40.0])
    quix = Result("projection", "quix", 9, 10.0, RATE, rounds=[10.0, 10.0])
    faust = Result("projection", "faust_tables", 9, 1.0, RATE, correct=None, rounds=[1.0])

    write([ours, quix, faust], page)

    lines = page.read_text().splitlines()
    assert [line.split(" | ")[-2] for line in lines if "| quix |" in line] == ["ours ÷ it ≥ 3: met"]
    assert [line.split(" | ")[-2] for line in lines if "| faust_tables |" in line] == ["ours ÷ it ≥ 15: not shown"]


def test_a_large_corpus_may_cost_little_more_an_event_than_a_small_one(tmp_path: Path) -> None:
    page = _page(tmp_path)

    write([Result("projection", "ours", size, value, CPU, rounds=[value]) for size, value in ((SMALL, 10.0), (LARGE, 12.0))], page)

    lines = [line for line in page.read_text().splitlines() if f"| ours | {CPU} |" in line]
    assert [line.split(" | ")[-2] for line in lines] == ["", "≤ 11.5: missed"]
