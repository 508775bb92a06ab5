"""Which interpreter, and so which pool, a request is for, by its parameters."""

from __future__ import annotations

from mpfcgi.config import Resolver, request_uri
from mpfcgi.ipc import handoff
from mpfcgi.supervisor.log import Log


def interpreter_of(resolver: Resolver, params: dict[str, str], log: Log) -> str:
    """The interpreter's name. Never fails: what can't be told, and is logged, is for the host's own interpreter."""
    get = params.get
    server = resolver.server_for(
        get("HTTP_HOST", ""), get("SERVER_NAME", ""), get("SERVER_PORT", ""), get("SERVER_ADDR", ""),
        get("REQUEST_URI", ""),
    )  # fmt: skip
    early = resolver.early_interpreter(server)
    if early is not None:
        # Its worker runs the first phases, and hands the request back with the interpreter that goes on.
        return get(handoff.INTERPRETER) or early
    settings = resolver.server_settings(server)
    slashes, rewrites = settings.get("AllowEncodedSlashes", "off"), settings.get("FrontEndRewrites", False)
    path, _, status = request_uri(params, slashes, rewrites)
    if status:
        return resolver.server_interpreter(server)
    try:
        resource, _ = resolver.resolve(server, path, get("DOCUMENT_ROOT", ""), get("SCRIPT_FILENAME", ""))
    except Exception as error:
        # One odd request must not end the way of all others; its worker will say what is wrong with it.
        log.error(f"can't tell the interpreter of {path!r}: {type(error).__name__}: {error}")
        return resolver.server_interpreter(server)
    return resource.interpreter
