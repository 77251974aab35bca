"""Wrong status codes are few: so many an hour from one household for one receipt, and nobody else notices.

A limit over everybody who asks for a receipt would be a way to shut its applicant out, so there is none: the code's length
makes up for it. Ten digits and ten wrong ones an hour are 240 tries of 10^10 a day, 2.4 in 10^8; ten thousand households
that do nothing else find the code of one receipt within a day with a probability of 2.4 in 10^4, and are 28 requests a
second by then. Only a hash under the installation's key is kept, and no longer than it counts.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from math import ceil

from services.intake.people import Pseudonyms
from services.intake.refusals import TOO_MANY_GUESSES
from shared.eventsourcing.errors import TooOftenError
from shared.postgres.event_log import Tx

WRONG_MAX = 10
SPAN = "interval '1 hour'"
_HOME_BITS = 48
"""One line of IPv6 may be given so many networks that only what they have in common tells it. Neighbours may share that,
but hardly a receipt too."""

# Codes of one household for one receipt are looked at in turn, so that many at once are no more than so many in a row.
_IN_TURN = "SELECT pg_advisory_xact_lock(('x' || substr($1, 1, 16))::bit(64)::bigint)"
# A count that begins later than now was begun before the clock was set back.
_COUNTS = f"g.began_at BETWEEN clock_timestamp() - {SPAN} AND clock_timestamp()"
_LEFT = f"""
SELECT extract(epoch FROM began_at + {SPAN} - clock_timestamp())::float8 FROM guess AS g
WHERE whose = $1 AND wrong >= $2 AND {_COUNTS}
"""
_COUNT = f"""
INSERT INTO guess AS g (whose, began_at, wrong) VALUES ($1, clock_timestamp(), 1)
ON CONFLICT (whose) DO UPDATE SET
    wrong = CASE WHEN {_COUNTS} THEN g.wrong + 1 ELSE 1 END,
    began_at = CASE WHEN {_COUNTS} THEN g.began_at ELSE clock_timestamp() END
"""
# More than one wrong code adds, so the table never outgrows an hour's guesses.
_FORGET = f"""
DELETE FROM guess WHERE whose IN (
    SELECT whose FROM guess WHERE began_at < clock_timestamp() - {SPAN} ORDER BY began_at LIMIT 10 FOR UPDATE SKIP LOCKED)
"""


class Guesser:
    """Somebody who gives a code for a receipt, from an address."""

    def __init__(self, pseudonyms: Pseudonyms, receipt_no: str, address: str | None) -> None:
        self._whose = pseudonyms.unnamed("guess", f"{receipt_no}/{household(address or 'unknown')}")

    async def require_few(self, tx: Tx) -> None:
        """Raises `TooOftenError` if there were too many wrong codes already; else this household waits until `tx` ends."""
        await tx.execute(_IN_TURN, self._whose)
        left_s = await tx.fetchval(_LEFT, self._whose, WRONG_MAX)
        if left_s is not None:
            raise TooOftenError(TOO_MANY_GUESSES, max(ceil(left_s), 1))

    async def was_wrong(self, tx: Tx) -> None:
        """Count one more wrong code; it counts once `tx` is committed."""
        await tx.execute(_COUNT, self._whose)
        await tx.execute(_FORGET)


def household(address: str) -> str:
    """What the addresses of one line have in common."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return f"{int(found) >> (128 - _HOME_BITS):x}/{_HOME_BITS}"
    return str(found)
