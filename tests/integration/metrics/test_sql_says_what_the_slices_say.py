"""Every question put to the database has the answer that the pure slices give over the same journeys."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

import pytest

from services.metrics import handovers
from services.metrics.cells import NO_WAITS, answer, keyed, snapshot, sums, waits
from services.metrics.contributions import GROUPS, Group
from services.metrics.evidence import page, projected, rows, shares
from services.metrics.figures import BY_CODE, FIGURES, Figure
from services.metrics.ledger import Ledger
from services.metrics.shares import Asked
from services.metrics.slices import By, Slice, covers, key_of
from tests.integration.metrics.conftest import Full
from tests.integration.metrics.house import expected

DAY, LATER = date(2026, 8, 6), date(2026, 9, 30)
SLICES = [
    Slice(),
    Slice(region="330000"),
    Slice(region="3300"),
    Slice(region="330300"),
    Slice(region="330106", to_day=DAY),
    Slice(region="unknown"),
    Slice(from_day=DAY),
    Slice(from_day=date(2026, 7, 31), to_day=date(2026, 9, 1)),
    Slice(from_day=date(2026, 8, 1), to_day=date(2026, 8, 31), region="330300"),
    Slice(from_day=date(2026, 8, 5), to_day=date(2026, 8, 18)),
    Slice(from_day=date(2026, 8, 4), to_day=DAY, axis="known"),
    Slice(known_at=DAY),
    Slice(item="item-1", channel="web"),
    Slice(basic="another"),
    Slice(layer="virtual"),
    Slice(layer="physical", pair="330300>330100"),
    Slice(cause="wrong_place|applicant"),
    Slice(cause="wrong_place", to_day=DAY),
    Slice(home="330300"),
    Slice(home="unknown", from_day=DAY),
    Slice(home="330300", region="330100", cause="wrong_place|applicant"),
]
BYS: list[By] = ["city", "county", "home", "item", "channel", "day", "week", "month", "cause", "pair", "scope"]


def plain(entries: Ledger, asked: Slice, groups: tuple[Group, ...], by: By | None = None) -> dict[str | None, dict[str, int]]:
    found: dict[str | None, dict[str, int]] = {}
    for entry, amounts in entries.items():
        if entry.cell.group in groups and covers(asked, entry):
            key = None if by is None else key_of(entry, by, asked.axis)
            into = found.setdefault(key, {})
            for measure, amount in zip(GROUPS[entry.cell.group], amounts, strict=True):
                name = f"{entry.cell.group}.{measure}"
                into[name] = into.get(name, 0) + amount
    return found


def without_zeros(found: dict[str | None, dict[str, int]]) -> dict[str | None, dict[str, int]]:
    made = {key: {name: n for name, n in sums.items() if n} for key, sums in found.items()}
    return {key: sums for key, sums in made.items() if sums}


@pytest.mark.parametrize("asked", SLICES, ids=str)
async def test_sums_over_a_slice(full: Full, asked: Slice) -> None:
    groups: tuple[Group, ...] = tuple(GROUPS)

    async with snapshot(full.log) as snap:
        found = await sums(snap, groups, asked)

    assert without_zeros(found) == without_zeros(plain(expected(full.told), asked, groups))


@pytest.mark.parametrize("by", BYS)
@pytest.mark.parametrize("asked", [Slice(), Slice(axis="known", known_at=DAY)], ids=["occurred", "known"])
async def test_sums_by_a_dimension(full: Full, by: By, asked: Slice) -> None:
    groups: tuple[Group, ...] = tuple(GROUPS)

    async with snapshot(full.log) as snap:
        found = await sums(snap, groups, asked, by)

    assert without_zeros(found) == without_zeros(plain(expected(full.told), asked, groups, by))


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.code)
async def test_the_parts_of_a_figure_add_up_to_the_whole(full: Full, figure: Figure) -> None:
    async with snapshot(full.log) as snap:
        found = await answer(snap, figure, Slice(), DAY, "city")

    for reading in figure.readings:
        if not reading.from_waits:
            whole = found.readings[reading.code].numerator
            assert sum(values[reading.code].numerator for values in found.groups.values()) == whole


@pytest.mark.parametrize("asked", SLICES, ids=str)
async def test_evidence_adds_up_to_its_figure(full: Full, asked: Slice) -> None:
    async with snapshot(full.log) as snap:
        for figure in FIGURES:
            for reading in (one for one in figure.readings if not one.from_waits):
                wanted = Asked(figure, reading, asked)
                found = [share async for share in shares(snap, wanted)]
                said = await projected(snap, wanted)
                assert sum(share.numerator for share in found) == said.numerator, reading.code
                if said.denominator is not None:
                    assert sum(share.denominator for share in found) == said.denominator, reading.code


@pytest.mark.parametrize("asked", SLICES, ids=str)
async def test_waits_are_read_from_the_hand_overs_that_are_shown(full: Full, asked: Slice) -> None:
    custody = BY_CODE["F8"]
    async with snapshot(full.log) as snap:
        for reading in (one for one in custody.readings if one.from_waits):
            wanted = Asked(custody, reading, asked)
            behind = [one async for looked in rows(snap, wanted) for one in handovers.handovers(looked, asked, LATER)]
            found = await handovers.page(snap, wanted, "", 500, LATER)

            said = (await waits(snap, asked, LATER)).get(None, NO_WAITS)
            assert handovers.waits_of(behind) == said
            assert len(found["rows"]) == (said.overdue if reading.code == "overdue" else said.taken)
            assert found["total"] == said.values()[reading.code]._asdict()


async def test_some_hand_overs_are_shown_and_some_wait_past_their_day(full: Full) -> None:
    async with snapshot(full.log) as snap:
        said = (await waits(snap, Slice(), LATER))[None]

    assert said.taken > 1
    assert said.overdue > 0


async def test_a_percentile_is_the_databases_own(full: Full) -> None:
    chance = Random(7)
    async with snapshot(full.log) as snap:
        for size in range(1, 60):
            waited = [chance.randrange(-5, 200) for _ in range(size)]
            query = "SELECT percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY s) FROM unnest($1::bigint[]) AS s"
            found = handovers.waits_of(taken_after(seconds) for seconds in waited)

            assert [found.p50, found.p90] == await snap.tx.fetchval(query, waited)


def taken_after(seconds: int) -> handovers.Handover:
    wait: Any = None
    return handovers.Handover(wait, "accepted", seconds, is_overdue=False)


async def test_evidence_comes_in_pages_that_miss_nobody(full: Full) -> None:
    figure = next(figure for figure in FIGURES if figure.code == "F10")
    wanted = Asked(figure, figure.readings[1], Slice())
    seen: list[str] = []
    after = ""
    async with snapshot(full.log) as snap:
        while True:
            found = await page(snap, wanted, after, 7)
            seen += [row["journey"] for row in found["rows"]]
            if found["next"] is None:
                break
            after = found["next"]

        everybody = [share.row.journey async for share in shares(snap, wanted)]

    assert seen == everybody


async def test_what_a_group_does_not_know_belongs_to_every_key(full: Full) -> None:
    async with snapshot(full.log) as snap:
        found = keyed(await sums(snap, ("extra", "delivered"), Slice(), "cause"))

    assert len({entry["delivered.journeys"] for entry in found.values()}) == 1
