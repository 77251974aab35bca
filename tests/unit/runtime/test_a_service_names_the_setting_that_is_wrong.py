"""A service that is set up wrongly does not start: it names the setting, ends with 2, and quotes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.runtime.lifecycle import Health, Parts, Runtime, run_service


async def nothing(_: Runtime, __: Health) -> Parts:
    raise AssertionError("it must not come so far")


@pytest.mark.parametrize(
    ("name", "value"),
    [("KAFKA", "broker.example:9092"), ("KAFKA", ""), ("HTTP_PORT", "-1"), ("PROFILE", "somewhere")],
    ids=["a broker elsewhere, unencrypted", "no broker", "no port", "an unknown profile"],
)
async def test_the_setting_is_named(
    name: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.telemetry.logs.configure", lambda _: None)
    given = {"POSTGRES_DSN": "postgresql://nowhere", "KAFKA": "localhost:9", "HTTP_PORT": "9", "PROFILE": "local"}
    given |= {"KEYS_DIR": str(tmp_path / "keys"), "DATA_DIR": str(tmp_path), name: value}

    code = await run_service({f"RUNONCE_{key}": text for key, text in given.items()}, "notify", tmp_path, nothing)

    assert (code, capsys.readouterr().err) == (2, f"notify: the setting RUNONCE_{name} is missing or wrong\n")
