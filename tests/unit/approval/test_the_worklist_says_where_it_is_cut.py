"""The worklist's page says that a list is cut where the service cuts it."""

from __future__ import annotations

import re
from pathlib import Path

from services.approval import incoming, worklist

PAGE = Path(worklist.__file__).parent / "web" / "worklist.js"


def test_the_page_knows_how_much_of_a_list_it_is_told() -> None:
    found = re.search(r"DUE_MAX = ([\d_]+), INCOMING_MAX = ([\d_]+);", PAGE.read_text(encoding="utf-8"))

    assert found is not None
    assert [int(most) for most in found.groups()] == [worklist.PAGE_MAX, incoming.LIST_MAX]
