"""What a source reads, as it is named in front of people: tags may be coded terms, addresses may name accounts."""

from __future__ import annotations

import re

from alerts.masking.masker import tag
from monitor.store.keys import Keyring

_TAG = re.compile(r"(#|/tag/)([^\s#/?&]+)")
_ADDRESS = re.compile(r"\b[a-z]{2,10}://([^/\s?#]+)[^\s]*")


def masked_scope(text: str, keyring: Keyring) -> str:
    """A scope, or a note about one: of addresses the host stays, tags become the names of terms ("T-9XM3CD")."""

    def named(found: re.Match[str]) -> str:
        return f"{found[1]}{tag('T', keyring.lookup('term', found[2].lower()))}"

    return _TAG.sub(named, _ADDRESS.sub(r"\1", text))
