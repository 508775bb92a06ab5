"""DEFLATE, the built-in output filter: gzip for clients that take it (Apache's mod_deflate; RFC 9110 section 12.5.3)."""

from __future__ import annotations

import zlib
from typing import Any

from mpfcgi.api import Request
from mpfcgi.api.chain import CONTENT_SET, Forward

# A response that is whole and not longer than this grows by being packed (bytes; as mod_deflate).
TOO_SHORT = 68
# zlib's number for a gzip header and trailer around a window of 32 KiB.
GZIP = 16 + zlib.MAX_WBITS


class Deflate:
    """Packs one response, if it is worth it and the client takes it: known when the first piece comes."""

    order = CONTENT_SET

    def __init__(self, req: Request) -> None:
        self._req = req
        # Whether to pack, once it is known.
        self._packs: bool | None = None
        self._packer: Any = None

    def take(self, data: bytes, flush: bool, eos: bool, forward: Forward) -> None:
        """As `OutputStage`."""
        if self._packs is None:
            self.decide(len(data) if eos else None)
        if not self._packs or (eos and not data and self._packer is None):
            # An empty response stays empty, as that of a condition that fails.
            forward(data, flush, eos)
            return
        if self._packer is None:
            self._label()
            level = self._req._settings.get("DeflateCompressionLevel", zlib.Z_DEFAULT_COMPRESSION)
            self._packer = zlib.compressobj(level, zlib.DEFLATED, GZIP)
        packed = self._packer.compress(data)
        if eos:
            packed += self._packer.flush()
        elif flush:
            packed += self._packer.flush(zlib.Z_SYNC_FLUSH)
        forward(packed, flush, eos)

    def decide(self, length: int | None) -> bool:
        """Whether this response of `length` bytes (None: unknown) is packed. Its validator tells, so that a client that
        has it packed is told 304."""
        self._packs = self._fits(length) and self._client_takes_it()
        etag = self._req.headers_out.get("ETag")
        if self._packs and etag and etag.endswith('"'):
            self._req.headers_out["ETag"] = f'{etag[:-1]}-gzip"'
        return self._packs

    def _fits(self, length: int | None) -> bool:
        """Whether this is a response to pack, for whatever client. `length` is that of the whole, if known."""
        req = self._req
        headers = req.headers_out
        if req.main is not None or req.status == 204 or "Content-Range" in headers:
            return False
        if length is not None and length <= TOO_SHORT:
            return False
        env = req._subprocess_env or ()
        if "no-gzip" in env:
            return False
        if "gzip-only-text/html" in env and not (req.content_type or "").lower().startswith("text/html"):
            return False
        encodings = (headers.get("Content-Encoding"), req.err_headers_out.get("Content-Encoding"), req.content_encoding)
        return all(encoding in (None, "", "identity") for encoding in encodings)

    def _client_takes_it(self) -> bool:
        """By Accept-Encoding, which the answer depends on from now on: Vary says so to caches."""
        tables = (self._req.headers_out, self._req.err_headers_out)
        values = [value for table in tables for key, value in table.items() if key.lower() == "vary"]
        names = [name.strip() for value in values for name in value.split(",") if name.strip()]
        if not {"accept-encoding", "*"} & {name.lower() for name in names}:
            del tables[1]["Vary"]
            tables[0]["Vary"] = ", ".join([*names, "Accept-Encoding"])
        if "force-gzip" in (self._req._subprocess_env or ()):
            return True
        return takes_gzip(self._req.headers_in.get("Accept-Encoding") or "")

    def _label(self) -> None:
        headers = self._req.headers_out
        headers["Content-Encoding"] = "gzip"
        for name in ("Content-Length", "Content-MD5"):
            del headers[name]


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header names gzip with a weight above 0. As in Apache, `*` names nothing."""
    for item in accept_encoding.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        if name == "gzip":
            return all(_weight(parameter) > 0 for parameter in parameters if parameter.startswith("q="))
    return False


def _weight(parameter: str) -> float:
    try:
        return float(parameter[2:])
    except ValueError:
        return 0.0
