"""A throw-away installation: configuration, key, database, users, a mail server, and the bundled sample as source."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from alerts.roles import Role
from alerts.users import Users
from monitor.app import App
from monitor.cli.init import config_text
from monitor.demo.mailbox import mailbox
from monitor.errors import RefusedError
from monitor.settings import CONFIG_FILE, DATABASE_FILE, load_settings
from monitor.store.database import open_store, sqlite_url
from monitor.store.keys import KEY_FILE, load_keyring, write_key_file

ORGANISATION = {
    "controller": "Handlewatch demo",
    "purpose": "showing Handlewatch at work on synthetic posts",
    "legal_basis": "none needed: the posts are invented",
    "retention_days": 1,
    "escalation_contact": "nobody: this is a demo",
    "contact": "demo@handlewatch.example",
    "reviewers": ["ada", "grace"],
}
PEOPLE = {"ada": Role.ANALYST, "grace": Role.SUPERVISOR}
"""ada decides, grace confirms what needs two people, works the outbox and exports."""

MARK = ".handlewatch-demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A demo that is set up. `passwords` are made anew each time; `mails` is where its reports arrive."""

    app: App
    passwords: dict[str, str]
    mails: Path
    home: Path


@contextmanager
def open_demo(home: Path | None = None) -> Generator[Demo]:
    """Sets a demo up; a temporary folder is removed in the end, a named one is kept until the next time.

    :raises RefusedError: the named folder holds something that is not a demo.
    """
    with ExitStack() as stack:
        folder = _folder(stack, home)
        sample = stack.enter_context(as_file(files("monitor.demo") / "sample.ndjson"))
        mails = folder / "mails"
        port = stack.enter_context(mailbox(mails))
        (folder / CONFIG_FILE).write_text(_configuration(sample, port), "utf-8")
        write_key_file(folder / KEY_FILE)
        store = open_store(sqlite_url(folder / DATABASE_FILE), load_keyring(folder), upgrade=True)
        stack.callback(store.close)
        passwords = {name: secrets.token_urlsafe(9) for name in PEOPLE}
        for name, role in PEOPLE.items():
            Users(store).seed(name, role=role, password=passwords[name], part="demo")
        app = App(load_settings(folder, environment=False), store)
        yield Demo(app=app, passwords=passwords, mails=mails, home=folder)


def _folder(stack: ExitStack, home: Path | None) -> Path:
    if home is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handlewatch-demo-")))
    home = home.absolute()
    if home.exists():
        if not home.is_dir() or (any(home.iterdir()) and not (home / MARK).exists()):
            raise RefusedError(
                f"{home} holds something that is not a demo.",
                kept="It is unchanged.",
                do="Choose an empty folder, or leave --home away for a temporary one.",
            )
        shutil.rmtree(home)
    home.mkdir(mode=0o700, parents=True)
    (home / MARK).touch()
    return home


def _configuration(sample: Path, mail_port: int) -> str:
    return f"""{config_text(ORGANISATION)}
[review]
show_unchecked_archives = true  # they are invented: no platform can be asked about them

[sources.sample]
plugin = "archive"
files = ["{sample}"]
provenance = "the sample that ships with Handlewatch"
basis = "invented posts that ship with Handlewatch"

[channels.demo-mail]
plugin = "mail"
to = "reports@platform.example"
host = "127.0.0.1"
port = {mail_port}
security = "none"
"""
