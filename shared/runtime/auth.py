"""Identity: a signed token says who calls, for which body and region. Nothing of it is ever taken from a request body.

Tokens are EdDSA (Ed25519) JWTs. In the local profile the keys are made at first start; elsewhere they come from the
operator and the services hold the public key alone; one that asks others is given a token of its own.
"""

from __future__ import annotations

import hmac
import os
from collections import OrderedDict
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, cast, get_args

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.contracts.envelope import Actor, Role
from shared.eventsourcing.errors import RefusedError
from shared.runtime.refusals import NOT_YOUR_BODY, NOT_YOUR_ROLE
from shared.telemetry import clock

ISSUER = "runonce"
LEEWAY_S = 5
TOKENS_MAX = 1_000
"""Tokens whose signature need not be looked at again: checking one costs as much as a tenth of a command."""
PEOPLE: frozenset[Role] = frozenset({"citizen", "clerk", "officer", "operator", "auditor"})
_ALGORITHMS = ["Ed25519", "EdDSA"]
_PRIVATE, _PUBLIC, _PSEUDONYM, _STAFF = "signing.pem", "verifying.pem", "pseudonym.key", "staff.key"


class UnauthenticatedError(Exception):
    """There is no token, or it is not good."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the token says. `head`: an officer who is the head of the body and may approve what only heads may."""

    role: Role
    id: str
    body: str | None = None
    region: str | None = None
    head: bool = False

    def actor(self, staff: Staff) -> Actor:
        """The caller as the actor of what follows. A program is named there, a person by its pseudonym among `staff` alone."""
        return Actor(self.role, staff.ref(self.id) if self.role in PEOPLE else self.id, self.body, self.region)


class Staff:
    """The pseudonyms of staff in one service's events: who acted, who approved. Without the key nobody can try out numbers."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def ref(self, number: str) -> str:
        """The pseudonym of the member of staff of this number."""
        return hmac.digest(self._key, f"staff/{number}".encode(), "sha256").hex()[:32]


class Keys:
    """The keys of one installation, in files that only their owner can read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._verifying: OKPKey | None = None
        self._signing: OKPKey | None = None
        self._good: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def ensure(self) -> None:
        """Make the keys that are missing; for the local profile. Where the public one lies alone, the other is kept elsewhere."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (self._directory / _PUBLIC).exists():
            self._make(_PRIVATE, OKPKey.generate_key("Ed25519").as_pem(private=True))
            self._make(_PUBLIC, OKPKey.import_key((self._directory / _PRIVATE).read_bytes()).as_pem(private=False))
        for secret in (_PSEUDONYM, _STAFF):
            self._make(secret, os.urandom(32))

    def pseudonym_key(self) -> bytes:
        """The secret behind every `subject_ref`; intake alone reads it."""
        return (self._directory / _PSEUDONYM).read_bytes()

    def staff_key(self) -> bytes:
        """The secret behind the pseudonyms of staff; approval alone reads it."""
        return (self._directory / _STAFF).read_bytes()

    def can_issue(self) -> bool:
        """Whether the key that signs is here, as it is in the local profile."""
        return (self._directory / _PRIVATE).exists()

    def issue(
        self,
        role: Role,
        subject: str,
        *,
        body: str | None = None,
        region: str | None = None,
        head: bool = False,
        audience: str = "*",
        ttl_s: int = 600,
    ) -> str:
        """A signed token for `subject` in `role`, valid for `ttl_s` seconds at `audience` (a service, or `*`)."""
        if self._signing is None:
            self._signing = OKPKey.import_key((self._directory / _PRIVATE).read_bytes())
        issued = int(clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": subject,
            "role": role,
            "aud": audience,
            "iat": issued,
            "exp": issued + ttl_s,
        }
        claims |= {"body": body} if body else {}
        claims |= {"region": region} if region else {}
        claims |= {"head": True} if head else {}
        return jwt.encode({"alg": "Ed25519", "typ": "JWT"}, claims, self._signing, algorithms=_ALGORITHMS)

    def verify(self, token: str, service: str) -> Caller:
        """The caller behind a token meant for `service`. Raises `UnauthenticatedError` for anything doubtful."""
        return _caller(self._claims(token), service)

    def _claims(self, token: str) -> dict[str, Any]:
        """What a token says. A signature that was good stays good; whether its time is over is looked at every time."""
        claims = self._good.get(token)
        if claims is None:
            if self._verifying is None:
                self._verifying = OKPKey.import_key((self._directory / _PUBLIC).read_bytes())
            try:
                claims = jwt.decode(token, self._verifying, algorithms=_ALGORITHMS).claims
            except (JoseError, ValueError, TypeError):
                raise UnauthenticatedError from None
            self._good[token] = claims
            if len(self._good) > TOKENS_MAX:
                self._good.popitem(last=False)
        return claims

    def _make(self, name: str, content: bytes) -> None:
        """Make a file, whole or not at all, that only its owner can read. One that is there already stays."""
        with NamedTemporaryFile(dir=self._directory) as whole, suppress(FileExistsError):
            whole.write(content)
            whole.flush()
            os.link(whole.name, self._directory / name)


def _caller(claims: dict[str, Any], service: str) -> Caller:
    now = clock.now().timestamp()
    expires, issued = claims.get("exp"), claims.get("iat")
    begins = claims.get("nbf", issued)
    in_time = (
        isinstance(expires, int)
        and isinstance(issued, int)
        and isinstance(begins, int)
        and max(issued, begins) - LEEWAY_S <= now < expires + LEEWAY_S
    )
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    meant_for_us = claims.get("iss") == ISSUER and any(one in (service, "*") for one in named)
    role, subject = claims.get("role"), claims.get("sub")
    if not in_time or not meant_for_us or role not in get_args(Role) or not isinstance(subject, str):
        raise UnauthenticatedError
    return Caller(cast(Role, role), subject, claims.get("body"), claims.get("region"), claims.get("head") is True)


def require(caller: Caller, roles: Collection[Role]) -> None:
    """Raise `RefusedError` unless the caller has one of `roles`."""
    if caller.role not in roles:
        raise RefusedError(NOT_YOUR_ROLE)


def require_body(caller: Caller, body: str) -> None:
    """Raise `RefusedError` unless the caller speaks for `body`; the importer speaks for all."""
    if caller.role != "importer" and caller.body != body:
        raise RefusedError(NOT_YOUR_BODY, field="case_no")
