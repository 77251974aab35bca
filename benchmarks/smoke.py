"""Every bench at its smallest, a few side by side, each in a process of its own: outcomes are judged, and no times."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence

WITHIN_S = 600.0
"""None of them takes a tenth of this, but the first one may have to fetch what the contestants need."""


def smoke(words: Sequence[str]) -> int:
    """Run the benches of these words and tell what each said; exit code 1 if any was wrong or did not come to its end."""
    return 0 if asyncio.run(_all(words)) else 1


async def _all(words: Sequence[str]) -> bool:
    turn = asyncio.Semaphore(os.cpu_count() or 1)
    return all(await asyncio.gather(*(_one(word, turn) for word in words)))


async def _one(word: str, turn: asyncio.Semaphore) -> bool:
    async with turn:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks", "--smoke", word, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        try:
            async with asyncio.timeout(WITHIN_S):
                said, _ = await child.communicate()
        except TimeoutError:
            child.terminate()
            said, _ = await child.communicate()
    # Told as a whole, or two benches would speak at once.
    print(f"{word}: {'right' if child.returncode == 0 else 'WRONG'}", said.decode(errors="replace"), sep="\n", flush=True)
    return child.returncode == 0
