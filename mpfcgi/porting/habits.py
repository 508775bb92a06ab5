"""What no compiler sees: habits of mod_python code that fail, or do something else, on Python 3 or in processes."""

from __future__ import annotations

from collections.abc import Iterator

from mpfcgi.porting.source import LOOK, MUST, SHOULD, Hit, Source

ADDRESSES = {
    "remote_ip": "req.useragent_ip, or req.connection.client_ip",
    "remote_addr": "req.useragent_addr, or req.connection.client_addr",
}  # fmt: skip
# Modules of mod_python's inside that are not here.
MISSING = {"importer": "apache.import_module", "python22": "nothing"}
TEXT_ARGUMENTS = frozenset(("'utf8'", "'utf-8'", "'latin-1'", "'latin1'", "'ascii'", "'iso-8859-1'"))
TEXT_TABLES = frozenset(("form", "headers_in", "headers_out", "err_headers_out", "subprocess_env"))
REQUESTS = frozenset(("req", "_req", "request", "_request"))
TEXT_MEMBERS = frozenset(("method", "uri", "args", "user", "hostname", "content_type"))


def results(source: Source) -> Iterator[Hit]:
    """`return apache.SERVER_RETURN`: the class in the place of a status."""
    for start, end in source.statements():
        if source.text_at(start) == "return" and source.text_at(end - 1) == "SERVER_RETURN":
            yield Hit(
                source.tokens[start], MUST, "return-SERVER_RETURN", "SERVER_RETURN is an exception and no status: this is a 500",
                "return the status, or raise apache.SERVER_RETURN(status)",
            )  # fmt: skip


def imports(source: Source) -> Iterator[Hit]:
    """What is imported of mod_python that isn't its API."""
    for start, end in source.statements():
        words = [source.text_at(index) for index in range(start, end)]
        if words[:1] in (["from"], ["import"]):
            yield from _missing(source, start, end)
        if words[:3] == ["from", "mod_python", "import"]:
            yield from (_private(source, index) for index in range(start + 3, end) if words[index - start] == "_apache")
        elif words[:2] in (["import", "_apache"], ["from", "_apache"]):
            yield _private(source, start + 1)


def _missing(source: Source, start: int, end: int) -> Iterator[Hit]:
    """`from mod_python import importer`, `import mod_python.importer`, `from mod_python.importer import ...`."""
    for index in range(start + 1, end):
        of_package = source.is_attribute(index) and source.text_at(index - 2) == "mod_python"
        imported = source.text_at(start + 1) == "mod_python" and source.text_at(index - 1) in ("import", ",", "(")
        if source.text_at(index) in MISSING and (of_package or (imported and source.text_at(start) == "from")):
            name = source.text_at(index)
            yield Hit(source.tokens[index], MUST, "inside", f"mod_python.{name} is not here", MISSING[name])


def _private(source: Source, index: int) -> Hit:
    return Hit(
        source.tokens[index], SHOULD, "_apache", "_apache is mod_python's inside: only its documented names are here",
        "the same name in mod_python.apache or mod_python.util",
    )  # fmt: skip


def addresses(source: Source) -> Iterator[Hit]:
    """The connection's old names."""
    for index, token in enumerate(source.tokens):
        if token.text in ADDRESSES and source.is_attribute(index) and "connection" in source.receiver(index):
            yield Hit(
                token, SHOULD, token.text, f"connection.{token.text} is an old name, and may be the proxy's", ADDRESSES[token.text]
            )  # fmt: skip


def own_attributes(source: Source) -> Iterator[Hit]:
    """`req._user = ...`: what is set on a request may be one of ours, where mod_python's C has none."""
    for index, token in enumerate(source.tokens):
        if (
            token.text[:1] == "_"
            and token.text[:2] != "__"
            and source.is_attribute(index)
            and source.text_at(index + 1) == "="
            and source.receiver(index).rpartition(".")[2] in REQUESTS
        ):
            yield Hit(
                token, LOOK, "own-attribute",
                f"attributes of the request that begin with an underscore may be mpfcgi's: {token.text}",
                f"req.{token.text.lstrip('_')}, if it is the site's own",
            )  # fmt: skip


def environment(source: Source) -> Iterator[Hit]:
    """`os.environ.update(req.subprocess_env)`: one visitor's data for all that follow."""
    for index, token in enumerate(source.tokens):
        if token.text == "update" and source.is_called(index) and source.receiver(index) == "os.environ":
            inside = {part.text for part in source.tokens[index + 2 : source.closing(index + 1)]}
            if inside & {"subprocess_env", "build_cgi_env", "req"}:
                yield Hit(
                    token, MUST, "environ", "the environment of the process keeps one request's variables for all others",
                    "req.subprocess_env itself, or subprocess.run(..., env=dict(req.subprocess_env))",
                )  # fmt: skip


def text_and_bytes(source: Source) -> Iterator[Hit]:
    """str() of bytes, str() with an encoding, headers compared with bytes."""
    outputs = _outputs_of_processes(source)
    for index, token in enumerate(source.tokens):
        if token.text == "str" and source.is_called(index) and not source.is_attribute(index):
            yield from _str_call(source, index, outputs)
        elif (
            token.kind == "string"
            and token.text[:1] in "bB"
            and token.text[1:2] in "'\""
            and _is_compared(source, index)
        ):
            yield Hit(
                token, MUST, "bytes-header", "headers, form fields and members of the request are str: bytes never equal them",
                token.text[1:],
            )  # fmt: skip


def _str_call(source: Source, index: int, outputs: set[str]) -> Iterator[Hit]:
    """`str(x, 'utf-8')`, `str(process.communicate()[0])`, `str(out)` of one of the `outputs` of processes."""
    token = source.tokens[index]
    inside = source.tokens[index + 2 : source.closing(index + 1)]
    depth = token.depth + 1
    comma = next((at for at, part in enumerate(inside) if part.text == "," and part.depth == depth), None)
    if comma is not None:
        encoding = inside[comma + 1].text.replace('"', "'").lower() if comma + 1 < len(inside) else ""
        named = any(part.text in ("encoding", "errors") for part in inside[comma:])
        if encoding in TEXT_ARGUMENTS or named:
            yield Hit(
                token, LOOK, "str-encoding", "str(x, encoding) fails for an x that is str already, as form values are",
                "x itself; x.decode(encoding) only for bytes",
            )  # fmt: skip
    elif any(part.text in ("communicate", "check_output", "getoutput") for part in inside) or (
        len(inside) == 1 and inside[0].text in outputs
    ):
        yield Hit(
            token, MUST, "str-bytes", "str() of a program's output gives \"b'...'\"", "x.decode(), or text=True for subprocess"
        )  # fmt: skip


def _outputs_of_processes(source: Source) -> set[str]:
    """Names that are given what a program wrote, as bytes."""
    found: set[str] = set()
    keywords = ("text", "universal_newlines", "encoding")
    if any(
        token.depth and token.text in keywords and source.text_at(index + 1) == "="
        for index, token in enumerate(source.tokens)
    ):
        return found
    for start, end in source.statements():
        words = [source.text_at(index) for index in range(start, end)]
        if "=" in words and {"communicate", "check_output"} & {*words} and "decode" not in words:
            found |= {word for word in words[: words.index("=")] if word.isidentifier()}
    return found


def _is_compared(source: Source, index: int) -> bool:
    """`headers_in[b'Host']`, `headers_in.get(b'Host')`, `req.method == b'GET'`, `form['x'] == b'y'`."""
    before, owner = source.text_at(index - 1), source.text_at(index - 2)
    if before == "[":
        return owner in TEXT_TABLES
    if before == "(":
        return owner == "get" and source.receiver(index - 2).rpartition(".")[2] in TEXT_TABLES
    if before not in ("==", "!="):
        return False
    return owner in TEXT_MEMBERS or (owner == "]" and source.text_at(source.opening(index - 2) - 1) in TEXT_TABLES)


def shared_state(source: Source) -> Iterator[Hit]:
    """`global` in a module of handlers: each process has its own, and forgets it at a reload."""
    if "mod_python" not in source.names and "handler" not in source.names:
        return
    for start, end in source.statements():
        if source.text_at(start) == "global":
            names = ", ".join(
                source.text_at(index) for index in range(start + 1, end) if source.text_at(index) not in (",", ";")
            )
            yield Hit(
                source.tokens[start], LOOK, "global", f"each process has its own {names}, and a reloaded module a new one",
                "a session, a file or a database for what requests share",
            )  # fmt: skip


def late_headers(source: Source) -> Iterator[Hit]:
    """A header or the status that is set after `req.write` in the same block: it is lost."""
    written: str | None = None
    for start, end in source.statements():
        token = source.tokens[start]
        if token.text in ("def", "class") or (written is not None and len(token.indent) < len(written)):
            written = None
        if _writes(source, start, end):
            # The first one of a block counts, and those in deeper blocks may not be on the way.
            written = token.indent if written is None else written
        elif written is not None and token.indent.startswith(written) and (what := _sets_header(source, start, end)):
            yield Hit(
                token, LOOK, "late-header", f"{what} is set after req.write, which has sent the headers",
                "set it before the first req.write, or write with req.write(text, 0)",
            )  # fmt: skip


def _writes(source: Source, start: int, end: int) -> bool:
    if [source.text_at(start + offset) for offset in (1, 2, 3)] != [".", "write", "("]:
        return False
    return source.text_at(start) in ("req", "request") and source.text_at(end - 2) != "0"


def _sets_header(source: Source, start: int, end: int) -> str:
    words = [source.text_at(index) for index in range(start, end)]
    if words[:2] not in (["req", "."], ["request", "."]) or len(words) < 4:
        return ""
    if words[2] in ("content_type", "status") and words[3] == "=":
        return f"req.{words[2]}"
    if words[2] in ("headers_out", "err_headers_out") and (words[3] == "[" or "add" in words[3:5]):
        return f"req.{words[2]}"
    return ""
