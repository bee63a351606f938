"""`handlewatch serve`: the review page."""

from __future__ import annotations

import asyncio
import signal

import typer

from monitor.cli.options import Home

command = typer.Typer(add_completion=False, help="Serves the review page.")


@command.command(epilog="Example: handlewatch serve --port 8700")
def serve(
    home: Home = None,
    host: str = typer.Option("", help="Where to listen (default: page.host, 127.0.0.1)."),
    port: int = typer.Option(-1, min=-1, max=65535, help="The port (default: page.port, 8642); 0 for any free one."),
) -> None:
    """Serves until SIGTERM or Ctrl-C. Works beside `run`.

    To go beyond loopback, put a reverse proxy with TLS before it.
    """
    from monitor import logs
    from monitor.app import open_app
    from monitor.cli.pages import page_of
    from monitor.serving import address_of, listen, serve_page

    logs.configure()
    with open_app(home) as app:
        settings = app.settings.page
        listening = listen(host or settings.host, settings.port if port < 0 else port)
        typer.echo(f"Review page: {address_of(listening)}  Stop with Ctrl-C.", err=True)

        async def until_stopped() -> None:
            stop = asyncio.Event()
            for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(name, stop.set)
            await serve_page(page_of(app), listening, stop)

        asyncio.run(until_stopped())
        typer.echo("Stopped.", err=True)
