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
_PERIODS = frozenset({"7", "30", "90", "0"})
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PLAIN = re.compile(r"[\w.:/-]{0,64}", re.ASCII)


def asked_first(query: Mapping[str, str]) -> tuple[str, ...]:
    """The addresses that the board opened with `query` asks for first; none where its filters are not plain."""
    chosen = _USUAL | {key: value for key, value in query.items() if key in _USUAL and _is_heard(key, value)}
    now = str(today())
    last, days = chosen["to"] or min(chosen["known_at"] or now, now), int(chosen.pop("period"))
    try:
        begins = {"from": str(date.fromisoformat(last) - timedelta(days=days - 1))} if days else {}
    except OverflowError:
        return ()
    if not all(_PLAIN.fullmatch(value) for value in chosen.values()):
        return ()
    return _NAMES, "/v1/dashboard?" + urlencode(begins | {key: value for key, value in chosen.items() if value})


def _is_heard(key: str, value: str) -> bool:
    """Whether the page goes by it: a period that it has not, and a day that no calendar has, it passes over."""
    if key == "period":
        return value in _PERIODS
    return key not in ("to", "known_at") or _is_day(value)


def _is_day(value: str) -> bool:
    try:
        return _DAY.fullmatch(value) is not None and date.fromisoformat(value) is not None
    except ValueError:
        return False
