"""Who calls is what an unspoilt token of ours says, for this service and this hour; anything else is nobody."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.runtime.auth import LEEWAY_S, Caller, Keys, UnauthenticatedError

NOW = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
TTL_S = 600


class Clock:
    """Tells the hour that the test says."""

    def __init__(self) -> None:
        self.now = NOW


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    told = Clock()
    monkeypatch.setattr("shared.telemetry.clock.now", lambda: told.now)
    return told


@pytest.fixture
def keys(tmp_path: Path, clock: Clock) -> Keys:
    made = Keys(tmp_path / "keys")
    made.ensure()
    return made


def issued(keys: Keys, audience: str = "intake") -> str:
    return keys.issue("officer", "o-1", body="B1", region="330100", audience=audience, ttl_s=TTL_S)


def with_claims(token: str, head: dict[str, Any] | None = None, **change: Any) -> str:
    """The same token with other words under the old signature."""
    first, claims, signature = token.split(".")
    body = orjson.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4))) | change
    return ".".join([first if head is None else _part(head), _part(body), "" if head is not None else signature])


def _part(words: dict[str, Any]) -> str:
    return urlsafe_b64encode(orjson.dumps(words)).decode().rstrip("=")


def test_a_good_token_names_its_caller(keys: Keys) -> None:
    assert keys.verify(issued(keys), "intake") == Caller("officer", "o-1", "B1", "330100")
    assert keys.verify(issued(keys, "*"), "intake").id == "o-1"


def test_a_token_names_a_head_by_true_alone(keys: Keys, tmp_path: Path) -> None:
    assert keys.verify(keys.issue("officer", "h-1", head=True), "approval") == Caller("officer", "h-1", head=True)
    assert keys.verify(keys.issue("officer", "o-1"), "approval").head is False

    signing = OKPKey.import_key((tmp_path / "keys" / "signing.pem").read_bytes())
    issued_at = int(NOW.timestamp())
    claims = {"iss": "runonce", "sub": "o-1", "role": "officer", "aud": "*", "iat": issued_at, "exp": issued_at + TTL_S}
    words: tuple[Any, ...] = ("true", 1, {}, ["true"])
    for word in words:
        token = jwt.encode({"alg": "Ed25519", "typ": "JWT"}, claims | {"head": word}, signing, algorithms=["Ed25519"])
        assert keys.verify(token, "approval").head is False


def test_a_token_is_good_at_its_own_service_alone(keys: Keys) -> None:
    with pytest.raises(UnauthenticatedError):
        keys.verify(issued(keys, "notify"), "intake")


@pytest.mark.parametrize(
    ("audience", "is_good"),
    [(["intake"], True), (["notify", "intake"], True), (["*"], True), (["notify"], False), ([], False), ([["intake"]], False)],
)
def test_a_token_may_name_several_services(keys: Keys, audience: Any, is_good: bool) -> None:
    token = issued(keys, audience)
    if is_good:
        assert keys.verify(token, "intake").id == "o-1"
    else:
        with pytest.raises(UnauthenticatedError):
            keys.verify(token, "intake")


def test_a_token_is_good_for_its_time_alone(keys: Keys, clock: Clock) -> None:
    token = issued(keys)

    clock.now = NOW + timedelta(seconds=TTL_S + LEEWAY_S)
    with pytest.raises(UnauthenticatedError):
        keys.verify(token, "intake")
    clock.now = NOW - timedelta(seconds=LEEWAY_S + 1)
    with pytest.raises(UnauthenticatedError):
        keys.verify(token, "intake")


def test_a_token_is_nobodys_before_its_time(keys: Keys, clock: Clock, tmp_path: Path) -> None:
    signing = OKPKey.import_key((tmp_path / "keys" / "signing.pem").read_bytes())
    at = int(NOW.timestamp())
    claims = {"iss": "runonce", "sub": "o-1", "role": "officer", "aud": "*", "iat": at, "nbf": at + 60, "exp": at + TTL_S}
    token = jwt.encode({"alg": "Ed25519", "typ": "JWT"}, claims, signing, algorithms=["Ed25519"])

    clock.now = NOW + timedelta(seconds=60 - LEEWAY_S)
    assert keys.verify(token, "intake").id == "o-1"
    clock.now = NOW + timedelta(seconds=60 - LEEWAY_S - 1)
    with pytest.raises(UnauthenticatedError):
        keys.verify(token, "intake")


def test_a_token_whose_words_were_changed_is_nobodys(keys: Keys) -> None:
    with pytest.raises(UnauthenticatedError):
        keys.verify(with_claims(issued(keys), body="B2"), "intake")


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256"])
def test_a_token_without_a_signature_is_nobodys(keys: Keys, algorithm: str) -> None:
    with pytest.raises(UnauthenticatedError):
        keys.verify(with_claims(issued(keys), {"alg": algorithm, "typ": "JWT"}), "intake")


def test_a_token_signed_with_what_everybody_knows_is_nobodys(keys: Keys, tmp_path: Path) -> None:
    public = (tmp_path / "keys" / "verifying.pem").read_bytes()
    signed = with_claims(issued(keys), {"alg": "HS256", "typ": "JWT"}).rstrip(".")
    signature = urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256")).decode().rstrip("=")

    with pytest.raises(UnauthenticatedError):
        keys.verify(f"{signed}.{signature}", "intake")


def test_a_token_of_another_installation_is_nobodys(keys: Keys, tmp_path: Path) -> None:
    other = Keys(tmp_path / "elsewhere")
    other.ensure()

    with pytest.raises(UnauthenticatedError):
        keys.verify(issued(other), "intake")


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "\x00", "é.é.é", "." * 10_000])
def test_what_is_no_token_is_nobodys(keys: Keys, token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        keys.verify(token, "intake")
