"""What the text-only client refuses, and why. All of it ends a command as "unreachable"."""

from __future__ import annotations

from monitor.errors import UnreachableError


class NotTextError(UnreachableError):
    """The answer is no text of a listed type; its body was not read (or no further than its first bytes).

    :param page: it says to be text of another type: servers in trouble answer with a page instead of JSON.
    """

    def __init__(self, what: str, *, page: bool = False, kept: str = "", do: str = "") -> None:
        super().__init__(what, kept=kept, do=do)
        self.page = page


class TooLargeError(UnreachableError):
    """The answer is larger than the limit; reading stopped there."""


class RedirectRefusedError(UnreachableError):
    """The answer sends us to a server that the operator did not name."""


class AddressRefusedError(UnreachableError):
    """The name leads to a private or loopback address that the operator did not name."""


class BadAnswerError(UnreachableError):
    """The answer is of the right type and yet cannot be used: cut off, invalid, not in the documented form."""


class StatusError(UnreachableError):
    """The server refused this one request (400 to 499, other than for credentials and limits).

    :param status: the HTTP status.
    :param name: the error's name, where the server gave one ("CursorTooOld").
    :param told: an API said so, in an object of JSON. A page of HTML may come from whatever answers in its place: a
        proxy, a parked domain.
    """

    def __init__(
        self, what: str, *, status: int, name: str = "", told: bool = False, do: str = "", brief: str = ""
    ) -> None:
        super().__init__(what, do=do, brief=brief)
        self.status = status
        self.name = name
        self.told = told

    @property
    def gone(self) -> bool:
        """Whether an API said that what was asked for is not there (404), or no longer (410)."""
        return self.told and self.status in {404, 410}


def is_offline(error: Exception) -> bool:
    """Whether an error says that a server was not reached, or is in trouble itself: nothing of what it was asked."""
    return type(error) is UnreachableError
