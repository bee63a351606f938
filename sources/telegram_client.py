"""A client of Telegram's API that can only read: Telethon, held to a list of requests.

Telethon is an extra (`pip install handlewatch[telethon]`), loaded where a client is opened. Everything that it asks,
of its own accord too, goes through one method; what is not on the list is refused before it is sent. There is no
request on it that joins, sends, marks as read, votes or fetches a file.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

from monitor.errors import AuthError, ConfigError, HandlewatchError, RateLimitedError, RefusedError, UnreachableError
from monitor.net.environment import proxies

READS: Final = frozenset(
    {
        "channels.GetChannelsRequest",
        "channels.GetFullChannelRequest",
        "channels.GetMessagesRequest",
        "contacts.ResolveUsernameRequest",
        "help.GetConfigRequest",
        "messages.GetHistoryRequest",
        "updates.GetStateRequest",
        "users.GetUsersRequest",
    }
)
"""All that may be asked."""

_LOST: Final = frozenset(
    {"AuthKeyDuplicatedError", "AuthKeyError", "UnauthorizedError", "UserDeactivatedError", "UserDeactivatedBanError"}
)
_NO_CHANNEL: Final = frozenset(
    {
        "ChannelInvalidError",
        "ChannelPrivateError",
        "ChatAdminRequiredError",
        "ForbiddenError",
        "PeerIdInvalidError",
        "UsernameInvalidError",
        "UsernameNotOccupiedError",
    }
)
_PASSING: Final = frozenset({"ConnectionError", "OSError", "ServerError", "TimeoutError", "TimedOutError"})


def request_name(request: object) -> str:
    """A request's name with its group: "messages.GetHistoryRequest"."""
    return f"{type(request).__module__.rpartition('.')[2]}.{type(request).__name__}"


def require_reading(request: Any) -> None:
    """Raises `RefusedError` for a request, or one of several, that is not on the list."""
    several = isinstance(request, (list, tuple))
    for one in cast("Sequence[Any]", request) if several else (request,):
        if request_name(one) not in READS:
            raise RefusedError(
                f"{request_name(one)} is no request that only reads what is listed.", kept="Nothing was sent."
            )


def reading(client: Any) -> Any:
    """Telethon's client, held to reading."""
    base: Any = client

    class ReadingClient(base):
        """See the module."""

        async def _call(self, sender: Any, request: Any, *rest: Any, **options: Any) -> Any:
            require_reading(request)
            return await base._call(self, sender, request, *rest, **options)  # noqa: SLF001 - its one way out

        async def about_of(self, entity: Any) -> str | None:
            """What a channel says of itself."""
            asking = importlib.import_module("telethon.tl.functions.channels").GetFullChannelRequest
            full: Any = await self(asking(entity))
            return full.full_chat.about or None

    return ReadingClient


@asynccontextmanager
async def open_client(
    *, api_id: str, api_hash: str, session: str, named: str, address: str = ""
) -> AsyncGenerator[Any]:
    """A client that is connected and signed in.

    :param address: a data centre to connect to, instead of the session's own.
    :param named: what Telegram shows to the account's owner as this session's program.
    :raises ConfigError: the extra is missing, or a credential has not its form. :raises AuthError: the session is not
        signed in (any more). :raises UnreachableError: no connection.
    """
    try:
        telethon, sessions = importlib.import_module("telethon"), importlib.import_module("telethon.sessions")
    except ImportError:
        raise ConfigError(
            "telegram-api needs an extra that is not installed.", do="Run `pip install handlewatch[telethon]`."
        ) from None
    if not api_id.isdecimal():
        raise ConfigError("telegram-api: api_id is no number.", do="Take it from https://my.telegram.org.")
    try:
        stored = sessions.StringSession(session)
    except Exception:  # noqa: BLE001 - whatever is wrong with it; it must not be repeated
        raise ConfigError("telegram-api: session is none of Telethon's.", do="Make one as the docs say.") from None
    if address:
        place = urlsplit(address)
        stored.set_dc(stored.dc_id or 2, place.hostname, place.port or 443)

    client: Any = reading(telethon.TelegramClient)(
        stored,
        int(api_id),
        api_hash,
        proxy=proxy_of(proxies()),
        device_model=named,
        app_version=named,
        receive_updates=False,
        flood_sleep_threshold=0,  # waits are ours
        connection_retries=2,
        request_retries=2,
        raise_last_call_error=True,
    )
    try:
        await client.connect()
        _require_signed_in(signed_in=await client.is_user_authorized())
        yield client
    except HandlewatchError:
        raise
    except Exception as error:
        raise worded(error) from error
    finally:
        await client.disconnect()


def _require_signed_in(*, signed_in: bool) -> None:
    if not signed_in:
        raise AuthError("Telegram does not know this session (any more).", do="Sign in anew; see the docs.")


def proxy_of(named: Mapping[str, str]) -> dict[str, Any] | None:
    """The proxy that the environment names, in Telethon's form; None without one.

    :raises ConfigError: it is of a kind that cannot be used; we would not go past it.
    """
    address = named.get("https") or named.get("all") or named.get("http")
    if not address:
        return None
    parts = urlsplit(address if "://" in address else f"http://{address}")
    scheme = {"http": "http", "socks5": "socks5", "socks5h": "socks5", "socks4": "socks4"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise ConfigError("Telegram cannot be reached through a proxy of this kind.", do="Use http:// or socks5://.")
    return {
        "proxy_type": scheme,
        "addr": parts.hostname,
        "port": parts.port or (1080 if scheme != "http" else 80),
        "rdns": True,
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
    }


def worded(error: Exception) -> HandlewatchError:
    """What Telethon raises, told apart by the names of its errors; none of its words, which may hold addresses."""
    names = {one.__name__ for one in type(error).__mro__}
    if isinstance(error, HandlewatchError):
        return error
    if "FloodError" in names:
        seconds = float(getattr(error, "seconds", 0) or 60)
        return RateLimitedError(
            "Telegram asks us to wait.", retry_after=seconds, do="It goes on by itself.", stated=True
        )
    if names & _LOST:
        return AuthError("Telegram refuses the session: revoked, expired or banned.", do="Sign in anew; see the docs.")
    if names & _NO_CHANNEL or isinstance(error, (ValueError, TypeError)):
        what = "There is no such channel, or it is private, or banned."
        return AuthError(what, do="Check the name; or leave it out.")
    if names & _PASSING:
        return UnreachableError("Telegram could not be reached.", do="Check the network and the proxy; try again.")
    return UnreachableError(f"Telegram answers with an error of its own ({type(error).__name__}).")
