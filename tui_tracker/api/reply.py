"""Answers as bytes: made once, compressed once, not sent to who has them."""

import gzip
from collections.abc import Mapping
from email.utils import formatdate
from hashlib import blake2b
from typing import Final

import msgspec
from fastapi import Response

JSON: Final = "application/json"
GZIP_FROM: Final = 1_000
"""Bytes from which on a reply is compressed."""


class Reply:
    """A body with its media type and tag.

    Args:
        body: What is sent.
        media_type: What it is.
        headers: More headers.
    """

    def __init__(self, body: bytes, media_type: str = JSON, headers: Mapping[str, str] | None = None) -> None:
        self.body: Final = body
        self.media_type: Final = media_type
        self.tag: Final = blake2b(body, digest_size=12).hexdigest()
        self._headers: Final = dict(headers or {})
        self._gzipped: bytes | None = None

    @classmethod
    def of(cls, document: object) -> "Reply":
        """A document as JSON: full precision, ``null`` for NaN."""
        return cls(msgspec.json.encode(document))

    def to(self, asked: Mapping[str, str], fresh_s: int = 0, at_ms: int | None = None) -> Response:
        """The response to a request: compressed where that is understood, empty where the client has it already.

        Args:
            asked: Headers of the request.
            fresh_s: Seconds for which the client may keep it; with 0 it asks again each time.
            at_ms: Of when the data are.
        """
        is_gzip = len(self.body) >= GZIP_FROM and _accepts_gzip(asked.get("accept-encoding", ""))
        headers = {
            **self._headers,
            "ETag": f'W/"{self.tag}"',
            "Cache-Control": f"private, max-age={fresh_s}" if fresh_s else "private, no-cache",
            "Vary": "Accept-Encoding, Authorization",
        }
        if at_ms is not None:
            headers["Last-Modified"] = formatdate(at_ms / 1000, usegmt=True)
        if {self.tag, "*"} & _tags(asked.get("if-none-match", "")):
            return Response(None, 304, headers)
        if not is_gzip:
            return Response(self.body, headers=headers, media_type=self.media_type)
        if self._gzipped is None:
            self._gzipped = gzip.compress(self.body, 5, mtime=0)
        headers["Content-Encoding"] = "gzip"
        return Response(self._gzipped, headers=headers, media_type=self.media_type)


def _accepts_gzip(header: str) -> bool:
    for each in header.lower().split(","):
        name, _, weight = each.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _tags(header: str) -> frozenset[str]:
    return frozenset(part.strip().removeprefix("W/").strip('"') for part in header.split(","))
