"""The default handler: the file itself, with conditions, ranges and types.

What Apache's core does when no other handler answers.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import stat

from mpfcgi.api import Request
from mpfcgi.api import constants as c
from mpfcgi.api.conditions import parse_date
from mpfcgi.config import FileTypes, Settings
from mpfcgi.worker import listing, ranges
from mpfcgi.worker.filters import settle

# Files of up to this many bytes are read; the kernel copies larger ones.
SMALL = 16 * 1024
PIECE = 64 * 1024
DIRECTORY = stat.S_IFDIR
KNOWN_METHODS = frozenset(c.METHOD_NUMBERS)


def choose_type(req: Request, settings: Settings, filetypes: FileTypes) -> bool:
    """Set content type, encoding, language and handler by the file's name; False when it tells no type."""
    if req._kind == DIRECTORY:
        req.handler = filetypes.lookup(settings, "").handler or c.DIR_MAGIC_TYPE
        req._content_type = req._content_type or c.DIR_MAGIC_TYPE
        return True
    resource, filename = req._resource, req._filename or ""
    if resource is not None and resource.filename == filename:
        found = resource.file_type
        if found is None:
            found = resource.file_type = filetypes.lookup(settings, filename[filename.rfind("/") + 1 :])
    else:
        found = filetypes.lookup(settings, filename[filename.rfind("/") + 1 :])
    if found.content_type is not None:
        req._content_type = found.content_type + (f"; charset={found.charset}" if found.charset else "")
    if found.encoding is not None:
        req._content_encoding = found.encoding
    if found.languages:
        req._content_languages = found.languages
    if found.handler is not None:
        req._handler = found.handler
    known: bool = found.known
    return known


def serve(req: Request, settings: Settings) -> int:
    """Send the file; OK, or the status to answer."""
    if req.method not in ("GET", "HEAD", "POST"):
        return _other_method(req)
    if req._is_directory:
        return listing.serve(req, settings)
    status = req._stat
    if not req._is_file or status is None:
        return c.HTTP_FORBIDDEN if status is not None else c.HTTP_NOT_FOUND
    if req.path_info and not _accepts_path_info(req):
        return c.HTTP_NOT_FOUND
    if _is_secret(req.filename or "", settings):
        Request.log_error(req, f"client denied by server configuration: {req.filename}")
        return c.HTTP_FORBIDDEN
    if req.method == "POST":
        req.discard_request_body()
    req._mtime = max(req.mtime, status.st_mtime)
    _describe(req)
    if req._chain is not None:
        settle(req, req._chain, status.st_size)
    answer = req.meets_conditions()
    if answer != c.OK:
        req.status = answer
        # Apache sends no page with 412 here.
        return c.OK if answer == c.HTTP_PRECONDITION_FAILED else answer
    try:
        return _send(req, req.filename or "", status.st_size, settings)
    except FileNotFoundError:
        return c.HTTP_NOT_FOUND
    except PermissionError:
        return c.HTTP_FORBIDDEN


def _is_secret(filename: str, settings: Settings) -> bool:
    """Whether it is .htaccess, .htpasswd or the like. What keeps Apache from sending them is a section that all systems
    have in their main configuration, and who moves takes his own host's only."""
    name = filename[filename.rfind("/") + 1 :]
    return name.startswith(".") and (name.startswith(".ht") or name in settings.get("AccessFileName", ()))


def _other_method(req: Request) -> int:
    if req.method == "OPTIONS":
        req.headers_out["Allow"] = "GET,POST,OPTIONS,HEAD"
        if req._content_type is None:
            req._type_set = 0
        return c.OK
    req.err_headers_out["Allow"] = "GET,POST,OPTIONS,HEAD"
    return c.HTTP_METHOD_NOT_ALLOWED if req.method in KNOWN_METHODS else c.HTTP_NOT_IMPLEMENTED


def _accepts_path_info(req: Request) -> bool:
    return req.used_path_info == c.AP_REQ_ACCEPT_PATH_INFO


def _describe(req: Request) -> None:
    """Validators, encoding and language of the file."""
    headers = req.headers_out
    req.set_last_modified()
    req.set_etag()
    headers["Accept-Ranges"] = "bytes"
    if req.content_encoding:
        headers["Content-Encoding"] = req.content_encoding
    if req.content_languages:
        headers["Content-Language"] = ",".join(req.content_languages)


def _send(req: Request, filename: str, size: int, settings: Settings) -> int:
    with open(filename, "rb") as file:
        if settings.get("ContentDigest"):
            digest = hashlib.md5(usedforsecurity=False)
            while piece := file.read(PIECE):
                digest.update(piece)
            req.headers_out["Content-MD5"] = base64.b64encode(digest.digest()).decode("ascii")
        if req.method != "HEAD" and req._offer(filename, file.fileno(), size):
            return c.OK
        wanted = _ranges(req, size)
        if wanted is not None and not wanted:
            req.headers_out["Content-Range"] = f"bytes */{size}"
            req.err_headers_out["Content-Range"] = f"bytes */{size}"
            return c.HTTP_RANGE_NOT_SATISFIABLE
        if wanted is None:
            _send_parts(req, file.fileno(), [(0, size)], (), b"")
        elif len(wanted) == 1:
            start, count = wanted[0]
            req.status = c.HTTP_PARTIAL_CONTENT
            req.headers_out["Content-Range"] = f"bytes {start}-{start + count - 1}/{size}"
            _send_parts(req, file.fileno(), wanted, (), b"")
        else:
            _send_multipart(req, file.fileno(), wanted, size)
    return c.OK


def _ranges(req: Request, size: int) -> list[tuple[int, int]] | None:
    header = req.headers_in.get("Range")
    # What a filter makes of a part of the file is no part of what it makes of the file.
    if not header or req.status != c.HTTP_OK or req._buffer or req._chain is not None:
        return None
    condition = req.headers_in.get("If-Range")
    if condition is not None and not _is_current(req, condition):
        return None
    return ranges.parse(header, size)


def _is_current(req: Request, validator: str) -> bool:
    """Whether If-Range names what the client would get: its ETag, or its time in whatever form."""
    if validator.startswith('"'):
        return bool(validator == req.headers_out.get("ETag"))
    modified = parse_date(validator)
    return modified is not None and modified == parse_date(req.headers_out.get("Last-Modified"))


def _send_multipart(req: Request, fd: int, wanted: list[tuple[int, int]], size: int) -> None:
    boundary = secrets.token_hex(8)
    content_type = f"Content-type: {req._content_type}\r\n" if req._content_type else ""
    heads = [
        f"\r\n--{boundary}\r\n{content_type}Content-range: bytes {start}-{start + count - 1}/{size}\r\n\r\n".encode(
            "latin-1"
        )
        for start, count in wanted
    ]
    req.status = c.HTTP_PARTIAL_CONTENT
    req._content_type = f"multipart/byteranges; boundary={boundary}"
    _send_parts(req, fd, wanted, heads, f"\r\n--{boundary}--\r\n".encode("latin-1"))


def _send_parts(
    req: Request, fd: int, parts: list[tuple[int, int]], heads: list[bytes] | tuple[()], tail: bytes
) -> None:
    """Send stretches of the file with what stands before and after them, under one Content-Length."""
    length = req._buffered + sum(count for _, count in parts) + sum(map(len, heads)) + len(tail)
    req.set_content_length(length)
    in_memory = length <= SMALL or not req._settings.get("EnableSendfile", True)
    for index, (start, count) in enumerate(parts):
        if heads:
            Request.write(req, heads[index], 0)
        if req._chain is not None:
            req._filter_descriptor(fd, start, count)
        elif in_memory:
            for offset in range(start, start + count, PIECE):
                Request.write(req, os.pread(fd, min(PIECE, start + count - offset), offset), int(length > SMALL))
        else:
            req._send_descriptor(fd, start, count)
    if tail:
        Request.write(req, tail, 0)
