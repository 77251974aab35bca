"""The verdict of a soak: what grows is named, what only filled its caches or was restarted is not."""

from __future__ import annotations

from benchmarks.soak import ENOUGH, EVENTS_PER_S, SAMPLE_EVERY_S, WARM_S, Sample, is_proof, judged


def samples(*mb: float, age_s: float = WARM_S, handles: int = 40, tasks: int | None = None) -> list[Sample]:
    """One process, weighed at regular times; `age_s` is its age at the first of them."""
    return [Sample(n * SAMPLE_EVERY_S, age_s + n * SAMPLE_EVERY_S, value, handles, 10, tasks, 5) for n, value in enumerate(mb)]


def test_a_level_line_is_flat() -> None:
    assert judged({"intake": samples(100, 104, 99, 103, 101, 100)}) == []


def test_a_steady_rise_is_named_with_both_ends() -> None:
    assert judged({"intake": samples(100, 100, 120, 130, 150, 150)}) == ["mb of intake: 100.0 to 150.0"]


def test_a_process_that_was_just_started_may_grow() -> None:
    assert judged({"intake": samples(40, 60, 80, 100, 101, 100, 102, age_s=WARM_S - 3 * SAMPLE_EVERY_S)}) == []


def test_a_restart_in_between_hides_no_rise_of_what_lived_on() -> None:
    living = samples(100, 100, 130, 140, 160, 160)
    reborn = samples(30, 50, age_s=0.0)

    assert judged({"metrics": [*living[:3], *reborn, *living[3:]]}) == ["mb of metrics: 100.0 to 160.0"]


def test_handles_have_their_own_allowance() -> None:
    few, many = samples(100, 100, 100, handles=40), samples(100, 100, 100, handles=60)

    assert judged({"notify": [*few, *many]}) == ["handles of notify: 40.0 to 60.0"]


def test_tasks_that_grow_are_named_though_a_service_was_silent_for_a_while() -> None:
    told = [*samples(100, 100, 100, tasks=60), *samples(100, 100), *samples(100, 100, 100, tasks=160)]

    assert judged({"intake": told}) == ["tasks of intake: 60.0 to 160.0"]


def test_too_few_samples_say_nothing() -> None:
    assert judged({"notify": samples(100, 900)}) == []


def test_a_run_that_grows_or_lacks_its_load_proves_nothing() -> None:
    enough = round(ENOUGH * EVENTS_PER_S * 60)
    flat = {"flat": True, "minutes": 1.0, "events": enough}

    assert is_proof(flat)
    assert not is_proof({**flat, "flat": False})
    assert not is_proof({**flat, "events": enough - 1})
