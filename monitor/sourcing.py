"""Making a source of its plug-in and its options: validated options, credentials, the client it reads with.

The command line and `handlewatch run` both open sources here, so that a source tried is the source that runs.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError

from monitor.errors import ConfigError
from monitor.net.address import host_of, hosts_of, is_loopback
from monitor.ports import Source, SourceContext, SourcePlugin
from monitor.secrets import read_secret
from monitor.suggest import closest

if TYPE_CHECKING:
    import httpx

    from monitor.clock import Clock
    from monitor.net.ratelimit import Limiter, Sleep


class SourceOptions(BaseModel):
    """What a source's options are derived from: unknown ones are refused, values are never echoed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


def split_texts(value: object) -> object:
    """Several texts given as one, with commas (as `--set` gives them), as a list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(split_texts)]
"""Several texts: a list, or one text with commas (as `--set` gives it)."""


def _as_url(value: object) -> object:
    if not isinstance(value, str):
        return value
    url = value.strip().rstrip("/")
    url = url if "://" in url else f"https://{url}"
    if not host_of(url):
        raise ValueError("is not the address of a server")
    return url


Address = Annotated[str, BeforeValidator(_as_url)]
"""A server's address; https is taken where no scheme is given."""

Addresses = Annotated[tuple[Address, ...], BeforeValidator(split_texts)]
"""Several servers' addresses."""


def env_names(plugin: SourcePlugin, option: str) -> list[str]:
    """The environment variables that may hold a credential, in the order in which they are looked up."""
    own = f"HANDLEWATCH_{plugin.name}_{option}".upper().replace("-", "_")
    extra = plugin.options.model_fields[option].json_schema_extra
    usual = cast("Mapping[str, Any]", extra).get("env", ()) if isinstance(extra, dict) else ()
    return [own, *cast("Sequence[str]", usual)]


def make_options(plugin: SourcePlugin, values: Mapping[str, Any], *, env: Mapping[str, str] | None = None) -> Any:
    """The plug-in's options of raw values; credentials that are not among them come from the environment.

    A credential may also name where it is kept: see `monitor.secrets`.

    :raises ConfigError: an unknown option, an unusable value, or a missing credential; no value is repeated.
    """
    env = os.environ if env is None else env
    given = dict(values)
    for option in plugin.credentials:
        if not given.get(option):
            found = next((env[name] for name in env_names(plugin, option) if env.get(name)), None)
            if found is not None:
                given[option] = found
        if isinstance(given.get(option), str):
            given[option] = read_secret(given[option], of=f"{plugin.name}: {option}")
    try:
        options = plugin.options.model_validate(given)
    except ValidationError as error:
        raise ConfigError(_worded(plugin, error), do=f"`handlewatch sources show {plugin.name}` lists them.") from None
    missing = [name for name in plugin.credentials if not _secret(getattr(options, name))]
    # A server on this machine may want none: a stand-in, a replay.
    if plugin.credentials_needed and missing and not on_loopback(plugin, options):
        names = ", ".join(env_names(plugin, missing[0]))
        raise ConfigError(
            f"{plugin.name} needs {missing[0]}.", do=f"Set it in the configuration, or in the environment ({names})."
        )
    return options


def _secret(value: SecretStr | str | None) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value or ""


def _worded(plugin: SourcePlugin, error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    # A misspelt option is the likelier reason for one that is missing.
    problem = next((one for one in problems if one["type"] == "extra_forbidden"), problems[0])
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{plugin.name} has no option {where!r}. {closest(where, plugin.options.model_fields)}"
    if problem["type"] == "missing":
        return f"{plugin.name} needs the option {where!r}."
    said = problem["msg"].removeprefix("Value error, ")
    return f"{plugin.name}: {where}: {said}." if where else f"{plugin.name}: {said}."


def on_loopback(plugin: SourcePlugin, options: Any) -> bool:
    """Whether the options name servers, all of them on this machine."""
    servers = plugin.servers(options)
    return bool(servers) and all(is_loopback(host_of(url)) for url in servers)


@asynccontextmanager
async def open_source(
    plugin: SourcePlugin,
    options: Any,
    *,
    user_agent: str,
    clock: Clock,
    limiter: Limiter | None = None,
    sleep: Sleep = asyncio.sleep,
    limit: int | None = None,
    pages: int | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncGenerator[Source]:
    """A source, ready to collect, with a client of its own that is closed afterwards.

    :param options: from :func:`make_options`.
    :param limiter: what servers said about their limits; share one over all sources with the same credentials.
    :param limit: see `SourceContext`; so is `pages`.
    :param transport: what connects; a test gives `httpx.MockTransport`.
    """
    from monitor.net.http import open_client  # noqa: PLC0415 - httpx is loaded only where something is collected

    named = hosts_of(plugin.servers(options))
    async with open_client(
        user_agent=user_agent,
        accepts=plugin.accepts,
        clock=clock,
        named=named,
        limiter=limiter,
        sleep=sleep,
        transport=transport,
    ) as client:
        context = SourceContext(
            http=client,
            clock=clock,
            user_agent=user_agent,
            sleep=sleep,
            named=named,
            loopback=on_loopback(plugin, options),
            limit=limit,
            pages=pages,
        )
        yield plugin.open(options, context)
