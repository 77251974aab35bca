"""What a board that opens asks for first. Told with the page itself, so that the answers are on their way before its scripts are.

The addresses are spelled as `web/slice.js` spells them: a browser gives an answer that came early only to whoever asks for
exactly that address. Where the two differ, the page asks again and nothing else is lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from urllib.parse import urlencode

from services.metrics.figure_doors import today

_NAMES = "/v1/names?only=regions,cities,basics,channels"
_USUAL = {"region": "", "basic": "", "channel": "", "period": "90", "to": "", "known_at": ""}
_PLAIN = re.compile(r"[\w.:/-]{0,64}", re.ASCII)


def asked_first(query: Mapping[str, str]) -> tuple[str, ...]:
    """The addresses that the board opened with `query` asks for first; none where its filters are not plain."""
    chosen = _USUAL | {key: value for key, value in query.items() if key in _USUAL}
    try:
        now = str(today())
        last = chosen["to"] or min(chosen["known_at"] or now, now)
        days, to = int(chosen.pop("period")), date.fromisoformat(last)
        begins = {"from": str(to - timedelta(days=days - 1))} if days else {}
    except (ValueError, OverflowError):
        return ()
    if not all(_PLAIN.fullmatch(value) for value in chosen.values()):
        return ()
    return _NAMES, "/v1/dashboard?" + urlencode(begins | {key: value for key, value in chosen.items() if value})
