"""Promise: the generator's truth shares no rule with what it checks, and the department's program shares no code at all."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.conftest import ROOT

LOCAL = ROOT / "deploy" / "local"


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            names.add(node.module)
    return names


def closure(start: str) -> set[str]:
    """Every module of this repository that `start` rests on."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        path = ROOT / (name.replace(".", "/") + ".py")
        if name in seen or not path.exists():
            continue
        seen.add(name)
        todo += imported(path)
    return seen


def test_the_truth_rests_on_no_rule_of_services_or_reference() -> None:
    rests_on = closure("deploy.local.truth")

    assert "deploy.local.witness" in rests_on
    assert not {name for name in rests_on if name.startswith(("services.", "shared.reference.", "shared.eventsourcing."))}


def test_the_department_knows_topics_and_json_alone() -> None:
    names = imported(LOCAL / "department.py")

    assert names == {"__future__", "argparse", "asyncio", "json", "sys", "typing", "aiokafka"}
