"""Answers that are long: squeezed where the browser takes it, and not sent again when it has them already."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from urllib.parse import quote

from fastapi import Request, Response

from pipeline.server.lines import squeezed

AGAIN = "private, no-cache"  # ask each time whether it is still the same
FOREVER = "private, max-age=31536000, immutable"
SMALL_BYTES = 1024  # not worth squeezing


def stored_json(request: Request, path: Path) -> Response:
    """A file of squeezed JSON as it lies there."""
    told = path.stat()
    etag = f'"{told.st_mtime_ns:x}-{told.st_size:x}"'
    return known(request, etag) or squeezed_json(request, path.read_bytes(), etag)


def json_body(request: Request, data: bytes, etag: str | None = None) -> Response:
    """JSON bytes, squeezed here; the tag is their digest unless it is known."""
    etag = etag or f'"{hashlib.sha256(data).hexdigest()[:24]}"'
    if told := known(request, etag):
        return told
    if len(data) > SMALL_BYTES and takes_gzip(request):
        return squeezed_json(request, squeezed(data), etag)
    return Response(data, media_type="application/json", headers=_headers(etag))


def squeezed_json(request: Request, data: bytes, etag: str) -> Response:
    """JSON that is squeezed already."""
    if takes_gzip(request):
        headers = _headers(etag) | {"Content-Encoding": "gzip"}
        return Response(data, media_type="application/json", headers=headers)
    return Response(gzip.decompress(data), media_type="application/json", headers=_headers(etag))


def picture(request: Request, data: bytes, media_type: str) -> Response:
    """A picture that may change under its address: crops of a pin that is made anew."""
    etag = f'"{hashlib.sha256(data).hexdigest()[:24]}"'
    told = known(request, etag)
    return told or Response(data, media_type=media_type, headers=_headers(etag))


def lasting(data: bytes, media_type: str) -> Response:
    """A picture that stays what it is under its address."""
    return Response(data, media_type=media_type, headers={"Cache-Control": FOREVER} | NOSNIFF)


NOSNIFF = {"X-Content-Type-Options": "nosniff"}


def _headers(etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": AGAIN, "Vary": "Accept-Encoding"} | NOSNIFF


def known(request: Request, etag: str) -> Response | None:
    """304 when the browser has this already."""
    listed = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return Response(status_code=304, headers=_headers(etag)) if etag in listed or "*" in listed else None


def takes_gzip(request: Request) -> bool:
    accepted = [part.strip() for part in request.headers.get("accept-encoding", "").lower().split(",")]
    return any(part == "gzip" or (part.startswith("gzip;") and not part.endswith("q=0")) for part in accepted)


def attachment(name: str, plain: str = "") -> str:
    """Content-Disposition of a download: a plain ASCII name, by default made of the real one, and that (RFC 6266)."""
    plain = plain or name
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in plain).lstrip(".") or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
