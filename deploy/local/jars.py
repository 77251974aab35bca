"""Fetches jars by Maven coordinates where Maven itself is missing. Run by the interpreter of `.venv-jars`, which has jgo."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def main(target: str, *pinned: str) -> None:
    """Copy the jar of each `group:artifact:version` into `target`, and nothing that they depend on."""
    from jgo.maven import MavenContext  # noqa: PLC0415

    context = MavenContext()
    for coordinates in pinned:
        group, name, version = coordinates.split(":")
        jar = context.project(group, name).at_version(version).artifact().resolve()
        shutil.copy(jar, Path(target) / f"{name}-{version}.jar")


if __name__ == "__main__":
    main(*sys.argv[1:])
