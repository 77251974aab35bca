"""Bodies and venues are told by the names under which the catalogue knows them last."""

from __future__ import annotations

from pathlib import Path

from services.metrics.catalogue import CatalogueRow, fold, load, store
from services.metrics.names import names
from services.metrics.view import read

GOLDEN = Path(__file__).parents[2] / "contract" / "golden"


def known(key: str, kind: str, *, renamed: str = "") -> CatalogueRow:
    """The row of the contract's example of a `kind`, which may be renamed later, as it comes back from the store."""
    first = (GOLDEN / f"gov.catalogue.{kind}.v1.json").read_text("utf-8").replace('"sequence":3', '"sequence":1')
    again = first.replace('"sequence":1', '"sequence":2').replace("Wenzhou hall", renamed)
    row = fold(CatalogueRow(key), read(first.encode()), 7)
    if renamed:
        row = fold(row, read(again.encode()), 8)
    return load(key, store(row))


def test_bodies_and_venues_have_names_and_partners_have_none() -> None:
    rows = [
        known("body:bureau", "body-registered"),
        known("venue:hall", "venue-registered", renamed="City hall"),
        known("partner:portal", "partner-registered"),
    ]
    told = names(rows)

    assert told["bodies"] == {"bureau": {"zh": "杭州市规划和自然资源局", "en": "Planning bureau", "region": "330100"}}
    assert told["venues"] == {"hall": {"zh": "温州市政务服务中心", "en": "City hall", "region": "330300"}}
