"""Errors a person can act on, and the one table of exit codes.

Every error that reaches a user says three things: what happened, what was kept, what to do.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command (`docs/exit-codes.md` is checked against this table)."""

    OK = 0
    PARTIAL = 1
    USAGE = 2
    INPUT = 3
    AUTH = 4
    RATE_LIMITED = 5
    UNREACHABLE = 6
    REFUSED = 7
    STORE = 8
    INTERRUPTED = 130


EXIT_MEANINGS: dict[Exit, str] = {
    Exit.OK: "Done.",
    Exit.PARTIAL: "Done, but some of the input was bad or some of the work failed; stderr says which.",
    Exit.USAGE: "The command line, the configuration, the lexicon or the rules cannot be used as given.",
    Exit.INPUT: "An input could not be read (to its end); what came before was processed.",
    Exit.AUTH: "Credentials, a password or a permission are missing or were refused.",
    Exit.RATE_LIMITED: "A platform's rate limit; the message says when it ends.",
    Exit.UNREACHABLE: "A server could not be reached.",
    Exit.REFUSED: "Refused to protect what is there: already decided, already running, sending stopped.",
    Exit.STORE: "The database or its key cannot be used: newer version, read-only, full, wrong key.",
    Exit.INTERRUPTED: "Interrupted by the user.",
}


class HandlewatchError(Exception):
    """What happened, what was kept, what to do.

    :param what: what happened, one sentence.
    :param kept: what is safe (written, committed, unchanged); empty when nothing was at stake.
    :param do: what the reader can do about it.
    :param brief: `what` for logs, the status and the store, where `what` holds more than may be there: the path
        of an address (it may name a tag or an account), a server's own words.
    """

    exit_code: Exit = Exit.PARTIAL

    def __init__(self, what: str, *, kept: str = "", do: str = "", brief: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.kept = kept
        self.do = do
        self.brief = brief or what

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.kept, self.do) if part)


class ConfigError(HandlewatchError):
    """Configuration, lexicon, rules or a command's arguments cannot be used as given."""

    exit_code = Exit.USAGE


class InputError(HandlewatchError):
    """An input file cannot be read (to its end)."""

    exit_code = Exit.INPUT


class AuthError(HandlewatchError):
    """Credentials missing or refused, or a person who may not do this."""

    exit_code = Exit.AUTH


class RateLimitedError(HandlewatchError):
    """A platform asked us to wait.

    :param retry_after: seconds to wait, where the platform said so.
    :param stated: the platform itself named that time, and only this error tells it: it outlives a restart.
    """

    exit_code = Exit.RATE_LIMITED

    def __init__(
        self, what: str, *, retry_after: float | None = None, kept: str = "", do: str = "", stated: bool = False
    ) -> None:
        super().__init__(what, kept=kept, do=do)
        self.retry_after = retry_after
        self.stated = stated and retry_after is not None


class UnreachableError(HandlewatchError):
    """A server could not be reached, or answered with an error of its own."""

    exit_code = Exit.UNREACHABLE


class RefusedError(HandlewatchError):
    """The state of things forbids it: already decided, lease lost, sending stopped, already running."""

    exit_code = Exit.REFUSED


class StoreError(HandlewatchError):
    """The database (or its key) cannot be used."""

    exit_code = Exit.STORE
