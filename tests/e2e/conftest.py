from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from monitor.serving import address_of, listen
from monitor.store.database import open_store, sqlite_url
from monitor.store.keys import Keyring
from tests.support.site import PASSWORD, Site, make_site

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_WATCH = "document.addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium. It runs an event loop of its own until it ends, so it does not outlive its module."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        assert path, "Chromium is not installed: apt-get install chromium"
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Live:
    """The page on a real socket, and browsers that watch what they are asked to do."""

    def __init__(self, site: Site, address: str, browser: Browser) -> None:
        self.site = site
        self.address = address.rstrip("/")
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.foreign: list[str] = []
        self.complaints: list[str] = []

    def window(self, name: str | None = None, **options: Any) -> Page:
        """A window of a browser of its own; logged in as `name`."""
        context = self._browser.new_context(base_url=self.address, viewport={"width": 1280, "height": 900}, **options)
        context.set_default_timeout(10_000)
        self._contexts.append(context)
        page = context.new_page()
        if options.get("java_script_enabled", True):
            page.add_init_script(_WATCH)
        page.on("request", self._asked)
        page.on("console", lambda message: self._said(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if name is not None:
            page.goto("/login")
            page.fill("#name", name)
            page.fill("#password", PASSWORD)
            page.click("text=Log in")
            page.wait_for_url("**/queue")
        return page

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(f"{self.address}/"):
            self.foreign.append(request.url)

    def _said(self, kind: str, text: str) -> None:
        # The browser itself notes answers like 409 as errors; those are meant.
        if kind in {"error", "warning"} and "the server responded with a status of" not in text:
            self.complaints.append(text)

    def close(self) -> None:
        """Ends all windows; nothing may have been asked of others, nothing may have been complained about."""
        for context in self._contexts:
            context.close()
        assert self.foreign == []
        assert self.complaints == []


@contextmanager
def _served(app: Any) -> Iterator[str]:
    listening = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield address_of(listening)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture
def live(tmp_path: Path, browser: Browser) -> Iterator[Live]:
    """The page over an empty store, on the machine's own time: countdowns are the browser's."""
    store = open_store(sqlite_url(tmp_path / "live.db"), Keyring(b"k" * 32), upgrade=True)
    site = make_site(store, undo_seconds=60)
    with _served(site.app) as address:
        live = Live(site, address, browser)
        yield live
        live.close()
    store.close()
