"""Evidence of a journey: each stream's checksums are chained again from its bytes, so a changed or missing link shows."""

from __future__ import annotations

from hashlib import sha256

from services.metrics.record import Standing, chained, standings
from shared.kafka.fetch import Stored, StoredRecord
from tests.unit.metrics.stories import scripted


def told() -> tuple[list[Standing], Stored]:
    """A journey's events as a relay published them, with the checksum that it wrote beside each."""
    journey = scripted()
    places = standings(journey.row(), 3)
    chain: dict[str, bytes] = {}
    stored: Stored = {}
    bodies = {source: [body for own, body in journey.events if own == source] for source in ("intake", "approval", "notify")}
    for place in places:
        body = bodies[place.source][place.sequence - 1]
        chain[place.source] = sha256(chain.get(place.source, b"") + body).digest()
        stored[place.place, place.offset] = StoredRecord(body, chain[place.source].hex())
    return places, stored


def test_every_link_fits_the_one_before() -> None:
    places, stored = told()

    assert [event["chain_holds"] for event in chained(places, stored)] == [True] * len(places)


def test_a_changed_event_breaks_its_own_link_and_all_behind_it() -> None:
    places, stored = told()
    second = next(place for place in places if (place.source, place.sequence) == ("intake", 2))
    kept = stored[second.place, second.offset]
    stored[second.place, second.offset] = StoredRecord(kept.body.replace(b"wrong_place", b"staff_error"), kept.chain)

    found = {(event["source"], event["sequence"]): event["chain_holds"] for event in chained(places, stored)}

    assert found["intake", 1]
    assert not any(holds for (source, sequence), holds in found.items() if source == "intake" and sequence > 1)
    assert all(holds for (source, _), holds in found.items() if source != "intake")


def test_where_no_checksum_was_written_none_is_claimed() -> None:
    places, stored = told()

    bare: Stored = {at: StoredRecord(record.body, None) for at, record in stored.items()}

    assert {event["chain_holds"] for event in chained(places, bare)} == {None}
