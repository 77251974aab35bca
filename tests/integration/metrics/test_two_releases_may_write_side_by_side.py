"""Promise: what a later release adds to its events changes no figure of this one, in whatever order the two of them write."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.metrics.store import Store
from tests.integration.metrics.house import Hand, Wire, expected, some_tales, stored_cells
from tests.unit.metrics.stories import Told


def with_more(value: Any) -> Any:
    """`value` with a field nobody knows in every object of it."""
    if isinstance(value, dict):
        return {name: with_more(one) for name, one in value.items()} | {"added_later": {"colour": ["blue"]}}
    return [with_more(one) for one in value] if isinstance(value, list) else value


def of_a_later_release(body: bytes) -> bytes:
    document = orjson.loads(body)
    return orjson.dumps({**document, "data": with_more(document["data"]), "laterattribute": "x"})


@pytest.mark.parametrize(("every", "offset"), [(1, 0), (2, 0), (2, 1)], ids=["all of it", "every other", "the others"])
async def test_figures_are_those_of_one_release_alone(store: Store, every: int, offset: int) -> None:
    tales, wire = some_tales(12), Wire()
    mixed = [
        Told(
            journey=tale.journey,
            events=[
                (source, of_a_later_release(body) if (place + offset) % every == 0 else body)
                for place, (source, body) in enumerate(tale.events)
            ],
        )
        for tale in tales
    ]
    wire.publish(mixed)

    await Hand(store, wire).project(7)

    assert await stored_cells(store) == expected(tales)
    assert await store.log.pool.fetchval("SELECT count(*) FROM parked") == 0
