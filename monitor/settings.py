"""The configuration: `handlewatch.toml` in the home folder, and the environment over it.

Every setting can be given as an environment variable: `HANDLEWATCH_` + section + `__` + name, for example
`HANDLEWATCH_DATABASE__URL`. Without an `[organisation]` section nothing is kept: live collection only counts.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from pydantic import BaseModel, ConfigDict, EmailStr, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from monitor import __version__
from monitor.errors import ConfigError
from monitor.store.database import sqlite_url
from monitor.suggest import closest

CONFIG_FILE = "handlewatch.toml"
DATABASE_FILE = "handlewatch.db"
ENVIRONMENT = "HANDLEWATCH_"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Organisation(_Section):
    """Who is responsible, why, and on what ground: asked by `handlewatch init` before anything is kept."""

    controller: str = Field(min_length=1, description="The organisation that is responsible (data controller).")
    purpose: str = Field(min_length=1, description="What the data is kept for.")
    legal_basis: str = Field(min_length=1, description="The legal basis for keeping it.")
    retention_days: int = Field(ge=1, le=3650, description="How long texts of decided alerts are kept, in days.")
    escalation_contact: str = Field(min_length=1, description="Whom to call when somebody is in danger now.")
    contact: EmailStr = Field(description="A role's e-mail address, never a person's: part of the user agent.")
    reviewers: Annotated[list[str], Field(min_length=1, description="Names of the trained reviewers.")]


class Database(_Section):
    """Where things are kept."""

    url: str | None = Field(default=None, description="Default: SQLite in the home folder. Else postgresql://...")


class SourceSettings(BaseModel):
    """One configured source; keys beside these are the plug-in's own options (`handlewatch sources show`)."""

    model_config = ConfigDict(extra="allow", frozen=True)

    plugin: str = Field(description="The kind of source.")
    basis: str | None = Field(default=None, description="The operator's basis for this source's terms.")
    every: float = Field(default=60, ge=1, description="Seconds between two polls (not for streams).")
    enabled: bool = Field(default=True, description="Whether it is read.")

    @field_validator("basis")
    @classmethod
    def _stated(cls, value: str | None) -> str | None:
        return (value or "").strip() or None  # blanks state nothing

    @property
    def options(self) -> dict[str, Any]:
        """The plug-in's own options."""
        return dict(self.model_extra or {})


class ChannelSettings(BaseModel):
    """One configured channel; keys beside these are the plug-in's own options."""

    model_config = ConfigDict(extra="allow", frozen=True)

    plugin: str = Field(description="The kind of channel.")
    platforms: list[str] = Field(default=["*"], description="Platforms whose posts go this way; '*' for all.")
    enabled: bool = True

    @property
    def options(self) -> dict[str, Any]:
        """The plug-in's own options."""
        return dict(self.model_extra or {})


class Review(_Section):
    """How people decide."""

    second_person_for: list[str] = Field(
        default=["danger_now"],
        description="Conducts and risks whose reportable verdict needs a second, different person.",
    )
    claim_minutes: float = Field(
        default=10, gt=0, le=1440, description="How long a claimed alert is held for its reviewer."
    )
    show_unchecked_archives: bool = Field(
        default=False,
        description="Show posts out of archives before their platform was asked whether they are still there: "
        "for archives of invented or scrubbed posts only.",
    )
    notice_minutes: float = Field(
        default=60, ge=0, le=10_080, description="How long there is no further notice of an alert that grows."
    )
    undo_seconds: float = Field(default=10, ge=0, le=86400, description="How long a report waits before it can leave.")
    handles_an_hour: int = Field(
        default=60, ge=1, description="How many different handles one person may look up within an hour."
    )


class Priority(_Section):
    """What makes an alert urgent: the most points that each part gives, of 1,000; 0 turns a part off."""

    score: float = Field(default=400, ge=0, le=1000, description="The screen's score.")
    risk: float = Field(
        default=150, ge=0, le=1000, description="The risk of earlier reportable decisions on it or its handles."
    )
    spread: float = Field(default=100, ge=0, le=1000, description="Over how many platforms it is posted.")
    growth: float = Field(default=100, ge=0, le=1000, description="How many posts a day came in the last three days.")
    returns: float = Field(
        default=150, ge=0, le=1000, description="What came back after a post of it became unavailable."
    )
    age: float = Field(default=50, ge=0, le=1000, description="How long it has waited; full after two weeks.")
    terms: float = Field(
        default=50, ge=0, le=1000, description="How often alerts with its terms were reportable; taken off if rarely."
    )
    defunct: float = Field(
        default=100, ge=0, le=1000, description="Taken off where all its handles are of apps that are closed."
    )


class Linking(_Section):
    """What joins handles to linked sets, and how long it counts."""

    hub_accounts: int = Field(
        default=50,
        ge=2,
        description="A handle that so many accounts shared (a support channel, a bot) joins nothing, unless a person "
        "says that it does.",
    )
    half_life_days: float = Field(
        default=180, gt=0, description="After so many days without a new post, a link counts half."
    )


class Page(_Section):
    """The review page."""

    host: str = "127.0.0.1"
    port: int = Field(default=8642, ge=0, le=65535)
    session_hours: float = Field(default=12, gt=0, le=744)


class _Environment(EnvSettingsSource):
    """The environment, but for the home folder: whoever calls says which one is meant (`--home` wins)."""

    def __call__(self) -> dict[str, Any]:
        values = super().__call__()
        values.pop("home", None)
        return values


class Settings(BaseSettings):
    """All settings. `home` holds configuration, database and (unless given otherwise) the key."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT, env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )

    home: Path
    organisation: Organisation | None = None
    database: Database = Database()
    sources: dict[str, SourceSettings] = Field(default_factory=dict[str, SourceSettings])
    channels: dict[str, ChannelSettings] = Field(default_factory=dict[str, ChannelSettings])
    review: Review = Review()
    priority: Priority = Priority()
    linking: Linking = Linking()
    page: Page = Page()
    lexicon: Path | None = None
    rules: Path | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (pydantic-settings gives these by name)
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file (which is handed in as init values)."""
        return _Environment(settings_cls), init_settings

    @property
    def database_url(self) -> str:
        """The database's URL."""
        return self.database.url or sqlite_url(self.home / DATABASE_FILE)

    @property
    def user_agent(self) -> str:
        """What platforms see: the program, its version, and the organisation's contact."""
        contact = self.organisation.contact if self.organisation else "counting only"
        return f"handlewatch/{__version__} ({contact})"


class _FileOnly(Settings):
    """The settings of the file alone."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  (pydantic-settings gives these by name)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is handed in."""
        return (init_settings,)


def default_home() -> Path:
    """The user's data folder for Handlewatch."""
    return platformdirs.user_data_path("handlewatch", appauthor=False)


def load_settings(home: Path | None = None, *, environment: bool = True) -> Settings:
    """Reads the configuration of a home folder.

    :param environment: False for the file alone: a demo must not touch what the environment names.
    :raises ConfigError: naming the file (or the variable) and the setting; no value is repeated.
    """
    home = (home or default_home()).absolute()
    path = home / CONFIG_FILE
    values = _read(path)
    if "home" in values:
        raise ConfigError(
            f"{path}: there is no setting 'home'.", do="The folder is given by --home or HANDLEWATCH_HOME."
        )
    try:
        settings = (Settings if environment else _FileOnly)(**values, home=home)
    except SettingsError as error:
        named = re.search(r'field "(\w+)"', str(error))
        variable = f"{ENVIRONMENT}{named[1].upper()}" if named else f"A variable that begins with {ENVIRONMENT}"
        raise ConfigError(
            f"{variable} in the environment is not what it should be: JSON.",
            do="Set it as a JSON object, or its settings one by one (HANDLEWATCH_DATABASE__URL).",
        ) from None
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise ConfigError(
            f"{_place(path, problem['loc'])}: {_worded(problem)}",
            do="Mend that setting; `handlewatch init` writes a full example.",
        ) from None
    beside = {name: home / file for name in ("lexicon", "rules") if (file := getattr(settings, name)) is not None}
    return settings.model_copy(update=beside)


def _read(path: Path) -> dict[str, Any]:
    try:
        # Editors on Windows begin files with a byte order mark.
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}  # nothing configured: counting only
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}.", do="Check the folder (--home), the file and its permissions."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} cannot be read: it is not UTF-8 (byte {error.start}).", do="Save it so.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}.", do="Mend that line.") from None


def _place(path: Path, loc: tuple[int | str, ...]) -> str:
    """Where a wrong value comes from: the variable that sets it, or a setting around it, else the file."""
    names = [str(part).upper() for part in loc]
    for length in range(len(names), 0, -1):
        variable = ENVIRONMENT + "__".join(names[:length])
        if variable in os.environ:
            return f"{variable} in the environment"
    return str(path)


def _worded(problem: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"there is no setting {where!r}. {closest(str(problem['loc'][-1]), _siblings(problem['loc'][:-1]))}"
    return f"{where}: {problem['msg']}."


def _siblings(path: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    sections: dict[str, type[BaseModel]] = {
        "organisation": Organisation,
        "database": Database,
        "review": Review,
        "linking": Linking,
        "page": Page,
    }
    for part in path:
        model = sections.get(str(part), model)
    return list(model.model_fields)
