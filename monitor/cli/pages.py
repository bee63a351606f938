"""The review page over an installation, for `serve` and for the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.web.app import create_app

if TYPE_CHECKING:
    from fastapi import FastAPI

    from monitor.app import App


def page_of(app: App) -> FastAPI:
    """The page, with all that people do through it."""
    return create_app(
        store=app.store,
        triage=app.triage,
        fast_lane=app.fast_lane,
        campaigns=app.campaigns,
        handles=app.handles,
        settings=app.settings,
    )
