"""No page takes materials in online, so no letter says so; it leads to the page that tells where to go."""

from __future__ import annotations

import pytest

from services.notify.letters import write


@pytest.mark.parametrize(
    ("language", "leads", "promises"), [("zh", "交到哪里", "可在线补正"), ("en", "where to hand it in", "hand it in online")]
)
def test_what_is_missing_is_handed_in_where_the_page_says(language: str, leads: str, promises: str) -> None:
    _, text = write("correction", language, "CASE-1", demo=False)

    assert leads in text
    assert promises not in text
