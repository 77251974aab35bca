"""Wrong status codes are few: so many an hour for one receipt, and fewer from one address, whoever asks.

The limit of a receipt is the higher one, so that nobody alone can lock an applicant out. Only hashes under the
installation's key are kept, and no longer than they count.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from math import ceil

from services.intake.people import Pseudonyms
from services.intake.refusals import TOO_MANY_GUESSES
from shared.eventsourcing.errors import TooOftenError
from shared.postgres.event_log import Tx

OF_A_RECEIPT, FROM_AN_ADDRESS = 30, 20
SPAN = "interval '1 hour'"
_HOME_BITS = 64
"""One household of IPv6 has so many addresses that only what they have in common tells it."""

# Codes for one receipt are looked at in turn, so that many at once are no more than so many one after another.
_IN_TURN = "SELECT pg_advisory_xact_lock(('x' || substr($1, 1, 16))::bit(64)::bigint)"
_LEFT = f"""
SELECT extract(epoch FROM max(g.began_at + {SPAN} - clock_timestamp()))::float8 FROM guess g
JOIN unnest($1::text[], $2::int[]) AS l(whose, most) USING (whose)
WHERE g.wrong >= l.most AND g.began_at > clock_timestamp() - {SPAN}
"""
_COUNT = f"""
INSERT INTO guess AS g (whose, began_at, wrong)
SELECT whose, clock_timestamp(), 1 FROM unnest($1::text[]) AS w(whose) ORDER BY whose
ON CONFLICT (whose) DO UPDATE SET
    wrong = CASE WHEN g.began_at > clock_timestamp() - {SPAN} THEN g.wrong + 1 ELSE 1 END,
    began_at = CASE WHEN g.began_at > clock_timestamp() - {SPAN} THEN g.began_at ELSE clock_timestamp() END
"""
# More than one wrong code adds, so the table never outgrows an hour's guesses.
_FORGET = f"""
DELETE FROM guess WHERE whose IN (
    SELECT whose FROM guess WHERE began_at < clock_timestamp() - {SPAN} ORDER BY began_at LIMIT 10 FOR UPDATE SKIP LOCKED)
"""


class Guesser:
    """Somebody who gives a code for a receipt, from an address."""

    def __init__(self, pseudonyms: Pseudonyms, receipt_no: str, address: str | None) -> None:
        self._receipt = pseudonyms.unnamed("receipt", receipt_no)
        self._address = pseudonyms.unnamed("address", household(address or "unknown"))

    async def require_few(self, tx: Tx) -> None:
        """Raises `TooOftenError` if there were too many wrong codes already; else nobody else guesses until `tx` ends."""
        await tx.execute(_IN_TURN, self._receipt)
        left_s = await tx.fetchval(_LEFT, [self._receipt, self._address], [OF_A_RECEIPT, FROM_AN_ADDRESS])
        if left_s is not None:
            raise TooOftenError(TOO_MANY_GUESSES, max(ceil(left_s), 1))

    async def was_wrong(self, tx: Tx) -> None:
        """Count one more wrong code; it counts once `tx` is committed."""
        await tx.execute(_COUNT, [self._receipt, self._address])
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
