"""Import walls, types, style, and what no file may contain."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CODE = ("services", "shared", "deploy")


def run(*words: str) -> None:
    done = subprocess.run([str(BIN / words[0]), *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6_000:]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        return [path for path in ROOT.rglob("*") if path.is_file() and not {".git", ".venv", ".run"} & set(path.parts)]
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for folder in CODE:
        for path in (ROOT / folder).rglob("*.py"):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_import_walls_hold() -> None:
    run("lint-imports", "--no-cache")


def test_types_are_strict_in_code_and_tests() -> None:
    run("mypy")


def test_style_is_even() -> None:
    run("ruff", "check", ".")
    run("ruff", "format", "--check", ".")


def test_every_room_has_a_name() -> None:
    nameless = {"utils.py", "helpers.py", "common.py", "misc.py"}

    assert [path for path in tracked() if path.name in nameless] == []


def test_locks_pin_hashes_and_name_no_address() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "://" not in text, lock.name
        assert "--hash=sha256:" in text, lock.name


def test_no_file_names_a_machine_path() -> None:
    machine = re.compile(rb"(?<![A-Za-z0-9_./-])/(work|root|home)/[a-z]")

    found = [path.relative_to(ROOT) for path in tracked() if path.suffix != ".png" and machine.search(path.read_bytes())]

    assert [path for path in found if path.name != Path(__file__).name] == []


def test_kafka_clients_are_made_in_one_place() -> None:
    makers = {"AIOKafkaProducer", "AIOKafkaConsumer", "AIOKafkaAdminClient"}
    outside = [
        path.relative_to(ROOT)
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) in makers
    ]

    # The department program stands for somebody else's system and must not know our code.
    assert {str(path) for path in outside} <= {"shared/kafka/clients.py", "deploy/local/department.py"}


def test_no_group_takes_a_part_that_could_end_unnoticed() -> None:
    parts = [
        (path, call.args[0])
        for path, module in modules()
        if path.parts[len(ROOT.parts)] != "deploy"
        for call in ast.walk(module)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "group.create_task"
    ]
    bare = [f"{path.name}: {ast.unparse(part)}" for path, part in parts if not ast.unparse(part).startswith("lasting(")]

    assert len(parts) > 3, "the parts of services are told under another name now"
    assert not bare


def test_every_refusal_speaks_both_languages() -> None:
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Rule" and len(node.args) == 4:
                zh, en = (ast.literal_eval(argument) for argument in node.args[2:])
                assert re.search("[\u4e00-\u9fff]", zh), f"{path}: {zh}"
                assert re.search("[a-z]{2}", en), f"{path}: {en}"


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_command_that_a_page_tells_exists(document: str) -> None:
    from deploy.local.cli import parser

    known = set(re.findall(r"\{([a-z,-]+)\}", parser().format_help().replace("\n", ""))[0].split(",")) | {"test", "bench"}
    told = set(re.findall(r"\./runonce ([a-z]+)", (ROOT / document).read_text(encoding="utf-8")))

    assert told <= known
    assert told
