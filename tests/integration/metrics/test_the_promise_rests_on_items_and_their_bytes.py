"""F1 opens the items it counts, has a link that stays, and is counted again from the stored bytes of the catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

import pytest

from services.metrics import catalogue, items
from services.metrics.asking import items_asked_of, permalink
from services.metrics.catalogue import CatalogueRow, Published
from services.metrics.cells import Snapshot, snapshot
from services.metrics.figure_doors import Answers
from services.metrics.item_bulletin import bulletin
from services.metrics.recounting import last
from services.metrics.shares import Asked
from services.metrics.shelf import Shelf
from services.metrics.slices import Slice
from services.metrics.store import Store
from services.metrics.view import read
from shared.contracts.catalogue import ServiceItemPublished, ServiceItemRetired
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.partitioning import partition_of
from shared.contracts.topics import CATALOGUE_EVENTS, PARTITIONS, TOPICS
from shared.contracts.wire import encode
from shared.kafka.admin import ensure_topics
from shared.kafka.clients import producer
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.pool import Row
from shared.reference.deadlines import local_date
from shared.telemetry import clock
from tests.integration.metrics.house import Hand, Wire
from tests.integration.metrics.test_the_board_can_be_asked_what_it_said import asker
from tests.unit.metrics.stories import BODY, HANGZHOU

BEGUN = date(2026, 1, 1)
RETIRED = date(2026, 6, 1)
NOW = clock.now() - timedelta(days=200)
Tells = Callable[..., Awaitable[None]]


def published(code: str, declared: int, version: int = 1, exception: str | None = None) -> ServiceItemPublished:
    return ServiceItemPublished(
        item_code=code,
        version=version,
        basic_code="basic-1",
        name_zh="不动产转移登记",
        name_en="Real-estate transfer",
        item_type="license",
        main_item=True,
        level=3,
        body_uscc=BODY,
        body_region=HANGZHOU,
        case_type="promised",
        promised_wd=5,
        statutory_wd=20,
        declared_visits=declared,
        exception_reason=exception,
        materials=(),
        roam_eligible=True,
        power_source=1,
        effective_from=BEGUN,
    )


def told_as(key: str, number: int, fact: ServiceItemPublished | ServiceItemRetired) -> bytes:
    """An item's fact as its event's bytes."""
    name = uuid4()
    return encode(
        Envelope(name, "intake", str(fact.type), key, number, NOW, NOW, NOW, key, name, name, Actor("importer", "t"), fact)
    )


@pytest.fixture
async def tells(log: EventLog, kafka: str) -> AsyncIterator[Tells]:
    """Publish an item's facts, and keep its row as the projector would."""
    await ensure_topics(kafka, TOPICS)
    client = producer(kafka, "promise")
    await client.start()

    async def told(code: str, *facts: ServiceItemPublished | ServiceItemRetired) -> None:
        key = f"item:{code}"
        place, row = partition_of(key, PARTITIONS), CatalogueRow(key)
        for number, fact in enumerate(facts, 1):
            body = told_as(key, number, fact)
            stored = await client.send_and_wait(CATALOGUE_EVENTS, body, key.encode(), place)
            row = catalogue.fold(row, read(body), stored.offset)
        await log.pool.execute(
            "INSERT INTO p1.catalogue (key, partition, body) VALUES ($1, $2, $3)", key, place, catalogue.store(row)
        )

    yield told
    await client.stop()


@pytest.fixture
async def promised(tells: Tells) -> None:
    """Four items: one visit, none, two as an exception, and one that was retired."""
    await tells("one", published("one", 2), published("one", 1, version=2))
    await tells("none", published("none", 0))
    await tells("two", published("two", 2, exception="law"))
    retired = ServiceItemRetired(item_code="gone", reason_code="merged", effective_from=RETIRED)
    await tells("gone", published("gone", 1), retired)


def asked(reading: str = "once", day: date = RETIRED, region: str | None = None) -> Asked:
    return items_asked_of(reading, Slice(region=region), day)


async def behind(snap: Snapshot, wanted: Asked, limit: int = 50) -> list[tuple[str, int]]:
    found, after, shelf = list[tuple[str, int]](), "", Shelf()
    while True:
        page = await items.page(shelf, snap, wanted, after, limit)
        found += [(row["item"], row["numerator"]) for row in page["rows"]]
        if page["next"] is None:
            assert page["total"]["numerator"] == sum(numerator for _, numerator in found)
            assert page["total"]["denominator"] == len(found)
            return found
        after = page["next"]


@pytest.mark.parametrize(
    ("reading", "day", "rows"),
    [
        ("once", RETIRED, [("none", 1), ("one", 1), ("two", 0)]),
        ("once", BEGUN, [("gone", 1), ("none", 1), ("one", 1), ("two", 0)]),
        ("zero", RETIRED, [("none", 1), ("one", 0), ("two", 0)]),
        ("once_less_exceptions", RETIRED, [("none", 1), ("one", 1)]),
    ],
)
@pytest.mark.usefixtures("promised")
async def test_the_items_add_up_to_the_figure_page_by_page(
    log: EventLog, reading: str, day: date, rows: list[tuple[str, int]]
) -> None:
    async with snapshot(log) as snap:
        assert await behind(snap, asked(reading, day)) == rows
        assert await behind(snap, asked(reading, day), limit=1) == rows


@pytest.fixture
def read_keys(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of all rows of the catalogue that are read, one after the other."""
    fetch, keys = Tx.fetch, list[str]()

    async def fetching(tx: Tx, sql: str, *args: Any) -> list[Row]:
        found = await fetch(tx, sql, *args)
        if "p1.catalogue" in sql:
            keys.extend(row["key"] for row in found)
        return found

    monkeypatch.setattr(Tx, "fetch", fetching)
    return keys


@pytest.mark.usefixtures("promised")
async def test_a_page_reads_the_items_that_it_shows_and_no_others(log: EventLog, kafka: str, read_keys: list[str]) -> None:
    shelf, known = Shelf(), local_date(NOW)
    async with snapshot(log) as snap:
        await shelf.stock(snap)
        assert read_keys == ["item:gone", "item:none", "item:one", "item:two"]
        read_keys.clear()

        first = await items.page(shelf, snap, asked(), "", 1)
        await items.page(shelf, snap, asked(), first["next"], 1)
        await bulletin(shelf, snap, kafka, asked(), known - timedelta(days=1), known, "item:one", 1)

    assert read_keys == ["item:none", "item:one", "item:two"]


@pytest.mark.usefixtures("promised")
async def test_it_is_counted_again_from_the_bytes_and_a_row_that_says_otherwise_is_found(log: EventLog, kafka: str) -> None:
    async with snapshot(log) as snap:
        counted = await last(items.recounting(snap, kafka, asked()))
    assert counted["equal"]
    assert (counted["recounted"]["numerator"], counted["recounted"]["denominator"]) == (2, 3)
    assert (counted["events"], counted["journeys"]) == (6, 3)

    row = catalogue.load("item:two", await log.pool.fetchval("SELECT body FROM p1.catalogue WHERE key = 'item:two'"))
    wrong = row._replace(facts=(row.facts[0]._replace(declared=1),))  # type: ignore[call-arg]
    await log.pool.execute("UPDATE p1.catalogue SET body = $1 WHERE key = 'item:two'", catalogue.store(wrong))
    async with snapshot(log) as snap:
        counted = await last(items.recounting(snap, kafka, asked()))
    assert not counted["equal"]
    assert (counted["projected"]["numerator"], counted["recounted"]["numerator"]) == (3, 2)


@pytest.mark.parametrize(("day", "counted"), [(BEGUN, 4), (RETIRED, 3)])
@pytest.mark.usefixtures("promised")
async def test_it_is_counted_again_of_the_day_that_is_asked_for(
    log: EventLog, kafka: str, tmp_path: Path, day: date, counted: int
) -> None:
    async with asker(log, tmp_path, kafka) as client:
        found = (await client.post("/v1/recount", params={"figure": "F1", "day": str(day)})).json()

    assert found["equal"]
    assert found["recounted"]["denominator"] == counted


@pytest.mark.usefixtures("promised")
async def test_an_item_opens_its_events_with_their_bytes(log: EventLog, kafka: str) -> None:
    async with snapshot(log) as snap:
        found = await items.one(snap, kafka, "one")
        assert await items.one(snap, kafka, "nothing") is None
    assert found is not None

    assert [event["type"] for event in found["events"]] == ["gov.catalogue.service-item-published.v1"] * 2
    assert '"declared_visits":1' in found["events"][1]["body"]


@pytest.mark.parametrize(("day", "counted"), [(BEGUN, 4), (RETIRED, 3)])
@pytest.mark.usefixtures("promised")
async def test_the_board_counts_the_items_of_the_day_it_is_asked_for(log: EventLog, day: date, counted: int) -> None:
    made = await Answers(log, Shelf(), demo=True).dashboard(Slice(to_day=day))

    assert made is not None
    assert made[1]["promise"]["F1"]["total"]["readings"]["once"]["denominator"] == counted


@pytest.mark.usefixtures("promised")
async def test_the_facts_of_an_item_are_looked_through_once_a_day_however_often_the_board_is_asked(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, in_effect = Counter[str](), CatalogueRow.in_effect

    def looking(row: CatalogueRow, day: int, known_to: int | None = None) -> Published | None:
        looked[row.key] += 1
        return in_effect(row, day, known_to)

    monkeypatch.setattr(CatalogueRow, "in_effect", looking)
    answers = Answers(log, Shelf(), demo=True)

    for region in (None, HANGZHOU, None):
        await answers.dashboard(Slice(region=region, to_day=RETIRED))

    assert set(looked.values()) == {1}
    assert len(looked) == 4


async def test_the_board_counts_again_when_an_item_is_published_anew(store: Store) -> None:
    wire, key, said = Wire(), "item:one", list[int]()
    hand, answers = Hand(store, wire), Answers(store.log, Shelf(), demo=True)
    for number, declared in enumerate((2, 1), 1):
        wire.put(CATALOGUE_EVENTS, key, told_as(key, number, published("one", declared, number)))
        await hand.project()
        for _ in range(2):
            made = await answers.dashboard(Slice(to_day=RETIRED))
            assert made is not None
            said.append(made[1]["promise"]["F1"]["total"]["readings"]["once"]["numerator"])

    assert said == [0, 0, 1, 1]


def test_its_link_pins_the_day_and_what_was_known() -> None:
    today = RETIRED + timedelta(days=1)
    told = permalink(asked(region=HANGZHOU), today, clock.now())
    words = dict(parse_qsl(told["query"]))

    assert words == {
        "figure": "F1", "reading": "once", "region": HANGZHOU,
        "to": str(RETIRED), "known_at": str(today), "rule": "coverage/1",
    }  # fmt: skip


@pytest.mark.usefixtures("promised")
async def test_a_fact_that_moved_it_is_named_by_its_stored_event(log: EventLog, kafka: str) -> None:
    wanted = items_asked_of("once", Slice(), RETIRED)
    known = local_date(NOW)

    async with snapshot(log) as snap:
        found = await bulletin(Shelf(), snap, kafka, wanted, known - timedelta(days=1), known, "", 50)

    assert found["record_reachable"]
    assert [(fact["item"], fact["type"].split(".")[2], fact["denominator"]) for fact in found["facts"]] == [
        ("gone", "service-item-published", 1),
        ("gone", "service-item-retired", -1),
        ("none", "service-item-published", 1),
        ("one", "service-item-published", 1),
        ("one", "service-item-published", 0),
        ("two", "service-item-published", 1),
    ]
    assert all(UUID(fact["event"]) for fact in found["facts"])
