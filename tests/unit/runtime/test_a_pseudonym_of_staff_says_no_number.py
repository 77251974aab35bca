"""Whoever has a pseudonym of a member of staff cannot find the number by trying: it takes the installation's own key."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from shared.runtime.auth import Keys, Staff


def test_a_pseudonym_is_always_the_same_and_another_one_elsewhere() -> None:
    here, elsewhere = Staff(b"a" * 32), Staff(b"b" * 32)

    assert here.ref("officer-7") == here.ref("officer-7")
    assert len({here.ref("officer-7"), here.ref("officer-8"), elsewhere.ref("officer-7")}) == 3
    assert here.ref("officer-7") != sha256(b"staff/officer-7").hexdigest()[:32]


def test_an_installation_has_a_key_for_staff_that_is_not_the_applicants(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys")
    keys.ensure()
    first = keys.staff_key()
    keys.ensure()

    assert keys.staff_key() == first
    assert len(first) == 32
    assert first != keys.pseudonym_key()
    assert (tmp_path / "keys" / "staff.key").stat().st_mode & 0o077 == 0


def test_an_older_installation_gets_the_key_that_it_lacks(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys")
    keys.ensure()
    (tmp_path / "keys" / "staff.key").unlink()
    signing = (tmp_path / "keys" / "signing.pem").read_bytes()
    keys.ensure()

    assert len(keys.staff_key()) == 32
    assert (tmp_path / "keys" / "signing.pem").read_bytes() == signing
