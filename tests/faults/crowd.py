"""Load: a bounded number of lives at a time, begun until somebody says enough or enough were lived."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from deploy.local.population import province
from shared.reference.deadlines import CHINA
from shared.runtime.auth import Keys
from tests.faults.asking import Asker, GivenUpError, Partners, Who
from tests.faults.history import History
from tests.faults.lives import Life, receipts

AT_A_TIME = 6
LIVES_MAX = 6_000
FORGOTTEN_EVERY = 8
END_S = 180.0
TOKEN_S = 3_600


class Crowd:
    """Lives in a thread of its own. Use it as a context manager: leaving it lets everybody come to their end."""

    def __init__(
        self, name: str, urls: Mapping[str, str], kafka: str, keys: Keys, path: Path, rng: Random, at_a_time: int = AT_A_TIME
    ) -> None:
        self.name = name
        self.at_a_time = at_a_time
        self.history = History(path)
        self.lived = 0
        self.given_up = 0
        self.surprises: Counter[str] = Counter()
        self._urls = urls
        self._kafka = kafka
        self._keys = keys
        self._rng = rng
        self._enough = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), daemon=True)

    def __enter__(self) -> Crowd:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join(END_S)
        assert not self._thread.is_alive(), "somebody of the crowd never came to an end"
        self.history.close()
        assert not self.surprises, self.surprises
        assert not self.given_up, "somebody was never answered"

    async def _live(self) -> None:
        today = datetime.now(CHINA).date()
        where = province(today)
        async with (
            Asker(self._urls, self._token, self.history) as asker,
            Partners(self._kafka, receipts(where), self.history) as partners,
        ):

            def life(number: int) -> Life:
                return Life(f"{self.name}-{number}", Random(self._rng.getrandbits(64)), where, asker, partners, today)

            numbers = iter(range(1, LIVES_MAX + 1))
            await asyncio.gather(*(self._one_after_another(numbers, life) for _ in range(self.at_a_time)))
        await _let_go()

    async def _one_after_another(self, numbers: Any, life: Any) -> None:
        while not self._enough.is_set():
            number = next(numbers, None)
            if number is None:
                return
            one: Life = life(number)
            try:
                if number % FORGOTTEN_EVERY == 0:
                    await one.lie_forgotten(datetime.now(UTC))
                else:
                    await one.live()
            except GivenUpError:
                self.given_up += 1
            except Exception as error:
                self.surprises[f"{type(error).__name__}: {error}"] += 1
            self.lived += 1

    def _token(self, who: Who) -> str:
        return self._keys.issue(who.role, who.id, body=who.body, region=who.region, ttl_s=TOKEN_S)  # type: ignore[arg-type]


async def _let_go() -> None:
    """A client of the broker forgets a connection that came about while it was stopped; whatever is collected here is closed."""
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()
    await asyncio.sleep(0)
