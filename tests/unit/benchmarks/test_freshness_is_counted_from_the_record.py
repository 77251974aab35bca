"""The delay of the k-th visit is the time from its record until k were counted; a rate that cannot be kept up has none."""

from __future__ import annotations

import pytest

from benchmarks.freshness import SATURATED_S, Watch, spread


def test_each_visit_waits_for_the_first_look_that_counts_it() -> None:
    watch = Watch([(10.0, 0), (11.0, 2), (12.0, 3)])

    assert watch.delays([9.5, 10.5, 10.75], 0) == [1.5, 0.5, 1.25]


def test_visits_from_before_the_run_are_left_out() -> None:
    watch = Watch([(10.0, 100), (11.0, 101)])

    assert watch.delays([10.5], 100) == [0.5]


def test_a_rate_that_is_kept_up_has_its_percentiles() -> None:
    found = {one.unit: one.value for one in spread(1_000, "HTTP", [0.02] * 100, right=True)}

    assert found["ms p50 HTTP"] == pytest.approx(20.0)


def test_a_delay_that_grows_to_the_end_is_no_number() -> None:
    growing = [n / 100 * SATURATED_S * 2 for n in range(100)]

    assert {one.value for one in spread(3_000, "HTTP", growing, right=True)} == {None}
