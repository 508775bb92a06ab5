"""From a URL to a file, and what may be done with it: Alias, Redirect, Options, AllowOverride and their kin."""

from __future__ import annotations

import re
from typing import NamedTuple

from mpfcgi.config.directives.arguments import BadValue, Parse, choice, flag, pattern, words
from mpfcgi.config.directives.merging import append, prepend, update
from mpfcgi.config.directives.registry import declare

INCLUDES = frozenset({"Includes", "IncludesNOEXEC"})


class Mapping(NamedTuple):
    """Alias and AliasMatch: a URI prefix, or a regular expression, and what stands in its place."""

    prefix: str
    regex: re.Pattern[str] | None
    target: str


class Redirection(NamedTuple):
    """Redirect and RedirectMatch: `target` is None for statuses that have none, such as 410."""

    prefix: str
    regex: re.Pattern[str] | None
    status: int
    target: str | None


class OptionsChange(NamedTuple):
    """An Options line: `absolute` replaces, otherwise `added` and `removed` change what holds so far."""

    absolute: bool
    added: frozenset[str]
    removed: frozenset[str]


OPTION_NAMES = {
    name.lower(): name
    for name in (
        "ExecCGI", "FollowSymLinks", "Includes", "IncludesNOEXEC", "Indexes", "MultiViews", "SymLinksIfOwnerMatch",
    )
}  # fmt: skip

# What an ETag may be made of.
ETAG_PARTS = frozenset(("inode", "mtime", "size"))
ALL_OPTIONS = frozenset(OPTION_NAMES.values()) - {"MultiViews", "IncludesNOEXEC", "SymLinksIfOwnerMatch"}

OVERRIDES = {name.lower(): name for name in ("AuthConfig", "FileInfo", "Indexes", "Limit", "Options")}


def options(args: tuple[str, ...]) -> OptionsChange:
    """Options with + and - change those that hold so far, without they replace them; all or none have a sign."""
    added: set[str] = set()
    removed: set[str] = set()
    relative = [arg[:1] in "+-" for arg in words(args)]
    if any(relative) and not all(relative):
        raise BadValue("can't mix options with and without + or -")
    for arg in args:
        names = _option_names(arg.lstrip("+-"))
        (removed if arg.startswith("-") else added).update(names)
        (added if arg.startswith("-") else removed).difference_update(names)
    return OptionsChange(not relative[0], frozenset(added), frozenset(removed))


def _option_names(name: str) -> frozenset[str]:
    lowered = name.lower()
    if lowered == "none":
        return frozenset()
    if lowered == "all":
        return ALL_OPTIONS
    if lowered not in OPTION_NAMES:
        raise BadValue(f"knows no option {name!r}; there are All, None, {', '.join(OPTION_NAMES.values())}")
    if lowered == "multiviews":
        raise BadValue("can't do MultiViews: content negotiation is not supported")
    return frozenset((OPTION_NAMES[lowered],))


def overrides(args: tuple[str, ...]) -> frozenset[str]:
    """The classes of AllowOverride: those of All, or the ones named."""
    found: set[str] = set()
    for arg in words(args):
        name = arg.lower().partition("=")[0]
        if name == "all":
            found.update(OVERRIDES.values())
        elif name in OVERRIDES:
            found.add(OVERRIDES[name])
        elif name != "none" and name != "nonfatal":
            raise BadValue(f"takes All, None or some of {', '.join(OVERRIDES.values())}, not {arg!r}")
    return frozenset(found)


def override_names(args: tuple[str, ...]) -> frozenset[str]:
    """Names of directives, in lower case; None alone for none."""
    return frozenset(name.lower() for name in words(args)) - {"none"}


def alias(args: tuple[str, ...]) -> tuple[Mapping, ...]:
    """`/uri path`"""
    if len(args) != 2:
        raise BadValue(f"takes a URI and a path, not {len(args)} arguments")
    return (Mapping(args[0], None, args[1]),)


def alias_match(args: tuple[str, ...]) -> tuple[Mapping, ...]:
    """`regex path`"""
    if len(args) != 2:
        raise BadValue(f"takes an expression and a path, not {len(args)} arguments")
    return (Mapping("", pattern(args[0]), args[1]),)


REDIRECT_WORDS = {"permanent": 301, "temp": 302, "seeother": 303, "gone": 410}


def redirect(status: int | None, match: bool) -> Parse:
    """Redirect in its forms; `status` is fixed for RedirectPermanent and RedirectTemp."""

    def parse(args: tuple[str, ...]) -> tuple[Redirection, ...]:
        code, rest = (status or 302), list(args)
        if status is None and rest and (rest[0].lower() in REDIRECT_WORDS or re.fullmatch(r"\d{3}", rest[0])):
            code = REDIRECT_WORDS.get(rest[0].lower()) or int(rest[0])
            rest = rest[1:]
        needs_target = 300 <= code < 400
        if len(rest) != 1 + needs_target:
            raise BadValue("takes [status] a path and, for 3xx, the URL to go to")
        regex = pattern(rest[0]) if match else None
        return (Redirection("" if match else rest[0], regex, code, rest[1] if needs_target else None),)

    return parse


def error_document(args: tuple[str, ...]) -> dict[int, str]:
    """`status document`: the document by its status; several arguments are one text."""
    if len(args) < 2 or not re.fullmatch(r"[3-5]\d\d", args[0]):
        raise BadValue("takes a status and a text, path or URL")
    return {int(args[0]): " ".join(args[1:])}


def accept_path_info(args: tuple[str, ...]) -> str:
    """on, off or default."""
    return str(choice("On", "Off", "Default")(args))


def sendfile_header(args: tuple[str, ...]) -> tuple[str, str, str] | None:
    """`None`, `X-Sendfile [/folder/]` or `X-Accel-Redirect /url/ [/folder/]`: the header, the URL and the folder it stands for."""
    name, places = words(args)[0].lower(), args[1:]
    if name == "none" and not places:
        return None
    most = {"x-sendfile": 1, "x-accel-redirect": 2}.get(name, -1)
    if len(places) > most or len(places) < most - 1:
        raise BadValue(
            "takes None, X-Sendfile and perhaps a folder, or X-Accel-Redirect and the URL of a location, perhaps with its folder"
        )
    for place in places:
        if not (place.startswith("/") and place.endswith("/")):
            raise BadValue(f"takes a URL and a folder that begin and end with a slash, not {place!r}")
    if name == "x-sendfile":
        # Its URL is the file's path.
        folder = places[0] if places else "/"
        return "X-Sendfile", folder, folder
    return "X-Accel-Redirect", places[0], places[1] if len(places) == 2 else "/"


class ETagChange(NamedTuple):
    """A FileETag line: the parts it names, `none` for None, or None; and those with a sign."""

    absolute: frozenset[str] | None
    added: frozenset[str]
    removed: frozenset[str]


def etag(args: tuple[str, ...]) -> ETagChange:
    """Which of inode, mtime and size, or what changes of an outer scope's."""
    absolute: frozenset[str] | None = None
    added, removed = frozenset[str](), frozenset[str]()
    for arg in words(args):
        name = frozenset((arg.lower().lstrip("+-"),))
        if name <= ETAG_PARTS and arg[0] == "+":
            added, removed = added | name, removed - name
        elif name <= ETAG_PARTS | {"digest"} and arg[0] == "-":
            added, removed = added - name, removed | name
        elif name <= ETAG_PARTS:
            absolute, added, removed = (absolute or frozenset()) - {"none"} | name, frozenset(), frozenset()
        elif arg.lower() in ("all", "none"):
            absolute, added, removed = ETAG_PARTS if arg.lower() == "all" else name, frozenset(), frozenset()
        elif name == {"digest"}:
            raise BadValue("does not support Digest: an ETag is made of INode, MTime, Size")
        else:
            raise BadValue(f"takes All, None or some of INode, MTime, Size, those perhaps with + or -, not {arg!r}")
    return ETagChange(absolute, added, removed)


def join_etags(old: ETagChange | None, new: ETagChange) -> ETagChange:
    """Two FileETag lines of one section as one."""
    if old is None or new.absolute is not None:
        return new
    return ETagChange(old.absolute, (old.added | new.added) - new.removed, (old.removed | new.removed) - new.added)


def apply_etag(old: frozenset[str] | None, new: ETagChange) -> frozenset[str]:
    """The parts of a scope, with the change of an inner one: empty for the default, `none` for no ETag, as in Apache."""
    if new.absolute is not None:
        return new.absolute if "none" in new.absolute else (new.absolute | new.added) - new.removed
    kept = (old or frozenset()) - new.removed
    return kept - {"none"} | new.added if new.added else kept


def join_options(old: OptionsChange | None, new: OptionsChange) -> OptionsChange:
    """Two Options lines of one section as one."""
    if old is None or new.absolute:
        return new
    return OptionsChange(old.absolute, (old.added | new.added) - new.removed, (old.removed | new.removed) - new.added)


def apply_options(old: frozenset[str] | None, new: OptionsChange) -> frozenset[str]:
    """The options of a scope, with the change of an inner one. Apache's default is FollowSymLinks."""
    if new.absolute:
        return new.added
    old = old if old is not None else frozenset({"FollowSymLinks"})
    # Includes with and without programs are two sides of one option.
    if INCLUDES & (new.added | new.removed):
        old -= INCLUDES
    return (old | new.added) - new.removed


# fmt: off
declare("Alias", "SVD", alias, combine=append, merge=prepend, syntax="/uri path",
        help="A URI prefix whose files are elsewhere.")
declare("AliasMatch", "SV", alias_match, combine=append, merge=prepend, key="Alias", syntax="regex path",
        help="Alias with a regular expression.")
declare("Redirect", "SVDH", redirect(None, False), combine=append, merge=prepend, override="FileInfo",
        syntax="[status] /uri url",
        help="A URI prefix that is elsewhere now.")
declare("RedirectMatch", "SVDH", redirect(None, True), combine=append, merge=prepend, override="FileInfo",
        key="Redirect", syntax="[status] regex url",
        help="Redirect with a regular expression.")
declare("RedirectPermanent", "SVDH", redirect(301, False), combine=append, merge=prepend, override="FileInfo",
        key="Redirect", syntax="/uri url",
        help="Redirect with status 301.")
declare("RedirectTemp", "SVDH", redirect(302, False), combine=append, merge=prepend, override="FileInfo",
        key="Redirect", syntax="/uri url",
        help="Redirect with status 302.")
declare("DirectoryIndex", "SVDH", words, combine=append, override="Indexes", syntax="name [name ...]",
        help="The files that stand for their folder. Default index.html.")
declare("DirectorySlash", "SVDH", flag, override="Indexes",
        help="Whether a folder's URI without / is sent to the one with it. Default On.")
declare("AcceptPathInfo", "SVDH", accept_path_info, override="FileInfo", syntax="On|Off|Default",
        help="Whether a path may go on behind its file. Default Default: as the handler has it, and not behind plain files.")
declare("Options", "SVDH", options, combine=join_options, merge=apply_options, override="Options",
        syntax="[+|-]option ...",
        help="Features of a folder: Indexes, FollowSymLinks, Includes ... Default FollowSymLinks.")
declare("AllowOverride", "D", overrides, syntax="All|None|class ...", help="What .htaccess may say. Default None.")
declare("AllowOverrideList", "D", override_names, syntax="None|directive ...",
        help="Directives that .htaccess may have beyond AllowOverride's. Default None.")
declare("AccessFileName", "SV", words, syntax="name ...", help="The names of .htaccess files. Default .htaccess.")
declare("ContentDigest", "SVDH", flag, override="Options", help="Whether files are sent with Content-MD5. Default Off.")
declare("EnableSendfile", "SVDH", flag, override="FileInfo",
        help="Whether the kernel copies files to the socket. Off for file systems that can't. Default On.")
declare("SendfileHeader", "SVD", sendfile_header, syntax="None | X-Sendfile [/folder/] | X-Accel-Redirect /url/ [/folder/]",
        help="The web server sends whole files: it is told the name in X-Sendfile, or in X-Accel-Redirect as the URL "
             "of a location, whose folder is / unless it is named. Default None.")
declare("IndexIgnore", "SVDH", words, combine=append, merge=append, override="Indexes", syntax="name [name ...]",
        help="Names, with wildcards, that lists of folders leave out.")
declare("FileETag", "SVDH", etag, combine=join_etags, merge=apply_etag, override="FileInfo", syntax="[+|-]INode|MTime|Size|All|None ...",
        help="What ETags are made of. Default MTime Size.")
declare("ErrorDocument", "SVDH", error_document, combine=update, merge=update, override="FileInfo",
        syntax="status document",
        help="What answers an error: a text, a local path or a URL.")
