"""Settings: read once from the environment, frozen, and silent about secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, PositiveInt, SecretStr, ValidationError

from shared.contracts.topics import SERVICES, Service

PREFIX = "RUNONCE_"


@dataclass(frozen=True, slots=True)
class About:
    """What a page may know of its installation: whether it is one machine's own, whether its data are made up, and the rest."""

    local: bool = False
    demo: bool = False
    urls: Mapping[str, str] = field(default_factory=dict)


class MisconfiguredError(Exception):
    """A setting is missing or wrong; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Settings(BaseModel):
    """What a service process needs to know. Every field is `RUNONCE_<FIELD>` in the environment.

    `instance` tells the processes of one service apart where several run; with it, one that is restarted goes on at once.
    `token_file` holds the token with which a service asks others where it cannot sign one: its role is `service`, and its
    `sub` the service's name.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    service: Service
    profile: Literal["local", "production"] = "production"
    postgres_dsn: SecretStr
    postgres_owner_dsn: SecretStr | None = None
    kafka: str
    http_host: str = "127.0.0.1"
    http_port: PositiveInt
    keys_dir: Path
    token_file: Path | None = None
    data_dir: Path
    intake_url: str = ""
    approval_url: str = ""
    notify_url: str = ""
    metrics_url: str = ""
    smtp_url: SecretStr | None = None
    demo: bool = False
    instance: str = ""
    shutdown_grace_s: PositiveInt = 20

    def url_of(self, service: Service) -> str:
        """Where another service answers."""
        return {
            "intake": self.intake_url,
            "approval": self.approval_url,
            "notify": self.notify_url,
            "metrics": self.metrics_url,
        }[service]

    def about(self) -> About:
        """What its pages may know."""
        return About(self.profile == "local", self.demo, {service: self.url_of(service) for service in SERVICES})

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], service: Service) -> Settings:
        """Read the settings. Raises `MisconfiguredError` naming the first variable that is missing or wrong."""
        given = {key[len(PREFIX) :].lower(): value for key, value in environ.items() if key.startswith(PREFIX)}
        try:
            return cls.model_validate({**given, "service": service})
        except ValidationError as error:
            field = str(error.errors(include_input=False, include_url=False)[0]["loc"][0])
            raise MisconfiguredError(PREFIX + field.upper()) from None
