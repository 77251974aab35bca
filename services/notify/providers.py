"""Who carries messages: a port, a real SMTP adapter, and a directory of files as the default."""

from __future__ import annotations

import os
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

import aiosmtplib

from shared.telemetry import clock


class ProviderAwayError(Exception):
    """The provider did not take the message, for certain; try again later."""


class AddressRefusedError(Exception):
    """The provider will never take a message to this address."""


class Provider(Protocol):
    """Carries one message under a key; the same key twice is one message.

    One that `can_tell` knows for certain what it was not handed over.
    """

    @property
    def can_tell(self) -> bool: ...

    async def send(self, key: UUID, to: str, subject: str, text: str) -> str:
        """Hand over a message and return the provider's reference."""
        ...

    async def find(self, key: UUID) -> str | None:
        """The reference of a message handed over before under `key`, if the provider can tell."""
        ...


def _letter(key: UUID, to: str, subject: str, text: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"] = "runonce@localhost"
    letter["To"] = to
    letter["Subject"] = subject
    letter["Date"] = format_datetime(clock.now())
    # A mail server that sees the same Message-ID again shows one message.
    letter["Message-ID"] = f"<{key}@runonce>"
    letter.set_content(text)
    return letter


class FileOutbox:
    """Writes each message as a file named by its key. The default where no mail server is named."""

    can_tell = True

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send(self, key: UUID, to: str, subject: str, text: str) -> str:
        letter = bytes(_letter(key, to, subject, text))
        unfinished = self._directory / f"{key}.part"
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            unfinished.write_bytes(letter)
            os.replace(unfinished, self._directory / f"{key}.eml")
        except OSError:
            # Nobody reads an unfinished file, so nobody has it.
            raise ProviderAwayError from None
        return str(key)

    async def find(self, key: UUID) -> str | None:
        return str(key) if (self._directory / f"{key}.eml").exists() else None


class Smtp:
    """Hands messages to a mail server: `smtp://host:port`."""

    can_tell = False

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "localhost"
        self._port = parts.port or 25
        self._timeout_s = timeout_s

    async def send(self, key: UUID, to: str, subject: str, text: str) -> str:
        letter = _letter(key, to, subject, text)
        try:
            await aiosmtplib.send(letter, hostname=self._host, port=self._port, timeout=self._timeout_s)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            # A server that knows nobody yet says 450 at first and takes the letter some minutes later.
            is_for_good = all(recipient.code >= 500 for recipient in refused.recipients)
            raise (AddressRefusedError if is_for_good else ProviderAwayError) from None
        except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPConnectTimeoutError, aiosmtplib.SMTPResponseException):
            raise ProviderAwayError from None
        return str(key)

    async def find(self, key: UUID) -> str | None:  # noqa: ARG002
        return None
