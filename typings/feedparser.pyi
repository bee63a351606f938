from typing import Any

def parse(
    url_file_stream_or_string: bytes,
    *,
    response_headers: dict[str, str] | None = ...,
    sanitize_html: bool | None = ...,
    resolve_relative_uris: bool | None = ...,
) -> dict[str, Any]: ...
