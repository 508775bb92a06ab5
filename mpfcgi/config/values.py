"""What arguments mean: each function turns a directive's arguments into its value, or says what is wrong with them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Parse = Callable[[tuple[str, ...]], Any]


class BadValue(ValueError):
    """An argument is wrong; the text says what is allowed."""


class HandlerSpec(NamedTuple):
    """A handler of a Python*Handler directive. `directory` (ending in /) is None outside of <Directory> and .htaccess.

    `extensions` restrict it (`| .ext`). A `silent` one, from PythonHandlerModule, may be missing in its module.
    `location` is the argument of the <Location> that it stands in, else None; `location_regex` that of a <LocationMatch>.
    """

    handler: str
    extensions: tuple[str, ...] = ()
    silent: bool = False
    directory: str | None = None
    location: str | None = None
    location_regex: bool = False


class OptionsChange(NamedTuple):
    """An Options line: `absolute` replaces, otherwise `added` and `removed` change what holds so far."""

    absolute: bool
    added: frozenset[str]
    removed: frozenset[str]


class EnvRule(NamedTuple):
    """SetEnvIf and BrowserMatch: `variables` are set (or, with None, removed) where `regex` is found in `attribute`."""

    attribute: str
    regex: re.Pattern[str]
    variables: tuple[tuple[str, str | None], ...]


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


class LogTarget(NamedTuple):
    """CustomLog and TransferLog: `format` is a nickname or a format, `condition` an environment variable."""

    file: str
    format: str
    condition: str | None
    negated: bool


@dataclass(frozen=True)
class Rule:
    """One Require line, or a container of rules. `methods` are those it holds for (of <Limit>); None for all."""

    kind: str
    args: tuple[str, ...] = ()
    negated: bool = False
    rules: tuple[Rule, ...] = ()
    methods: frozenset[str] | None = None
    except_methods: bool = False


class Buffering(NamedTuple):
    """RequestBuffering: whether bodies are collected before the handler starts; bytes kept in memory."""

    on: bool
    in_memory: int


class Import(NamedTuple):
    """PythonImport: what is imported, the function called then ("" for none), where."""

    module: str
    function: str
    interpreter: str


OPTION_NAMES = {
    name.lower(): name
    for name in (
        "ExecCGI", "FollowSymLinks", "Includes", "IncludesNOEXEC", "Indexes", "MultiViews", "SymLinksIfOwnerMatch",
    )
}  # fmt: skip
ALL_OPTIONS = frozenset(OPTION_NAMES.values()) - {"MultiViews", "IncludesNOEXEC", "SymLinksIfOwnerMatch"}
OVERRIDES = {name.lower(): name for name in ("AuthConfig", "FileInfo", "Indexes", "Limit", "Options")}
LOG_LEVELS = ("emerg", "alert", "crit", "error", "warn", "notice", "info", "debug")


def word(args: tuple[str, ...]) -> str:
    return one(args)


def one(args: tuple[str, ...]) -> str:
    if len(args) != 1:
        raise BadValue(f"takes one argument, not {len(args)}")
    return args[0]


def non_empty(args: tuple[str, ...]) -> str:
    if not one(args):
        raise BadValue("can't be empty")
    return args[0]


def words(args: tuple[str, ...]) -> tuple[str, ...]:
    if not args:
        raise BadValue("takes at least one argument")
    return args


def flag(args: tuple[str, ...]) -> bool:
    value = one(args).lower()
    if value not in ("on", "off"):
        raise BadValue(f"takes On or Off, not {args[0]!r}")
    return value == "on"


def choice(*allowed: str) -> Parse:
    """One of `allowed`, in any case; the value is lower-case."""

    def parse(args: tuple[str, ...]) -> str:
        value = one(args).lower()
        if value not in [name.lower() for name in allowed]:
            raise BadValue(f"takes {' or '.join(allowed)}, not {args[0]!r}")
        return value

    return parse


def integer(low: int, high: int) -> Parse:
    def parse(args: tuple[str, ...]) -> int:
        text = one(args)
        if not re.fullmatch(r"\d{1,15}", text) or not low <= int(text) <= high:
            raise BadValue(f"takes a number from {low} to {high}, not {text!r}")
        return int(text)

    return parse


def seconds(args: tuple[str, ...]) -> float:
    """A time: a number with ms, s, min, h or d; without a unit, seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|min|mi|h|d)?", one(args))
    if found is None:
        raise BadValue(f"takes a time such as 60, 500ms, 10s, 5min or 1h, not {args[0]!r}")
    return (
        float(found[1]) * {"ms": 0.001, "s": 1, None: 1, "m": 60, "mi": 60, "min": 60, "h": 3600, "d": 86400}[found[2]]
    )


def size(args: tuple[str, ...]) -> int:
    """A number of bytes, with K, M or G for powers of 1024."""
    found = re.fullmatch(r"(\d{1,15})([KMG])?B?", one(args), re.I)
    if found is None:
        raise BadValue(f"takes a size such as 65536, 64K, 512M or 1G, not {args[0]!r}")
    return int(found[1]) << 10 * " KMG".index((found[2] or " ").upper())


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    try:
        return re.compile(text, flags)
    except re.error as error:
        raise BadValue(f"{text!r} is not a regular expression: {error}")


def handlers(args: tuple[str, ...]) -> tuple[HandlerSpec, ...]:
    """`handler [handler ...] [| .ext [.ext ...]]`; the bar may be glued to the first extension."""
    flat: list[str] = []
    for arg in args:
        flat += [part for part in re.split(r"(\|)", arg) if part]
    at = flat.index("|") if "|" in flat else len(flat)
    names, extensions = flat[:at], tuple(flat[at + 1 :])
    if not names:
        raise BadValue("takes one or more handlers (module or module::object)")
    if at < len(flat) and not extensions:
        raise BadValue("has a | with no file extension after it")
    return tuple(HandlerSpec(name, extensions) for name in names)


def handler(args: tuple[str, ...]) -> str:
    """One `module` or `module::object`."""
    name = one(args)
    module, colons, function = name.partition("::")
    if not module or (colons and not function):
        raise BadValue(f"takes a handler such as module or module::object, not {name!r}")
    return name


def python_import(args: tuple[str, ...]) -> tuple[Import, ...]:
    """`module[::function] interpreter`"""
    if len(args) != 2:
        raise BadValue(f"takes a module and the name of an interpreter, not {len(args)} arguments")
    module, _, function = handler(args[:1]).partition("::")
    return (Import(module, function, args[1]),)


def recursion(args: tuple[str, ...]) -> tuple[int, int]:
    """`number [number]`: the most internal redirects, and the most subrequests inside each other; one number is for both."""
    if len(args) not in (1, 2):
        raise BadValue(f"takes one number or two, not {len(args)}")
    redirects, subrequests = (integer(1, 1000)((arg,)) for arg in (args[0], args[-1]))
    return redirects, subrequests


def pair(args: tuple[str, ...]) -> dict[str, str | None]:
    """`key [value]`; None takes the key away."""
    if len(args) not in (1, 2):
        raise BadValue(f"takes a key and a value, not {len(args)} arguments")
    return {args[0]: args[1] if len(args) == 2 and args[1] else None}


def env_pair(args: tuple[str, ...]) -> dict[str, str]:
    if len(args) not in (1, 2):
        raise BadValue(f"takes a variable and a value, not {len(args)} arguments")
    return {args[0]: args[1] if len(args) == 2 else ""}


def extension_map(args: tuple[str, ...]) -> dict[str, str]:
    """`value extension [extension ...]`: keys are lower-case, without the dot."""
    if len(args) < 2:
        raise BadValue("takes a value and one or more file extensions")
    return {extension.lower().lstrip("."): args[0] for extension in args[1:]}


def extension_removals(args: tuple[str, ...]) -> dict[str, None]:
    return {extension.lower().lstrip("."): None for extension in words(args)}


def python_filter(args: tuple[str, ...]) -> dict[str, HandlerSpec]:
    """`handler [name]`: a filter's function by the name, in lower case, under which it is put to work."""
    if len(args) not in (1, 2):
        raise BadValue(f"takes a handler and a name, not {len(args)} arguments")
    return {args[-1].lower(): HandlerSpec(args[0])}


def filters_by_type(args: tuple[str, ...]) -> dict[str, str]:
    if len(args) < 2:
        raise BadValue("takes a filter and one or more content types")
    return {kind.lower(): args[0] for kind in args[1:]}


def options(args: tuple[str, ...]) -> OptionsChange:
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


def server_path(args: tuple[str, ...]) -> str:
    path = one(args)
    if not path.startswith("/"):
        raise BadValue(f"takes a path that begins with /, not {path!r}")
    return path


def error_document(args: tuple[str, ...]) -> dict[int, str]:
    if len(args) < 2 or not re.fullmatch(r"[3-5]\d\d", args[0]):
        raise BadValue("takes a status and a text, path or URL")
    return {int(args[0]): " ".join(args[1:])}


def alias(args: tuple[str, ...]) -> tuple[Mapping, ...]:
    if len(args) != 2:
        raise BadValue(f"takes a URI and a path, not {len(args)} arguments")
    return (Mapping(args[0], None, args[1]),)


def alias_match(args: tuple[str, ...]) -> tuple[Mapping, ...]:
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


def require(args: tuple[str, ...]) -> tuple[Rule, ...]:
    negated = bool(args) and args[0].lower() == "not"
    rest = args[1:] if negated else args
    if not rest:
        raise BadValue("takes a rule, such as valid-user or all granted")
    kind, values = rest[0].lower(), rest[1:]
    if kind == "all":
        if tuple(value.lower() for value in values) not in (("granted",), ("denied",)):
            raise BadValue("takes all granted or all denied")
        values = (values[0].lower(),)
    elif kind == "ip":
        networks(values)
    elif kind in ("user", "group", "host", "method", "env") and not values:
        raise BadValue(f"takes one or more names after {kind}")
    elif kind in ("expr", "file-owner", "file-group", "forward-dns") or kind.startswith(("ldap", "dbd", "ssl")):
        # Names that no module has are kept: an authzhandler may know them (req.requires()).
        raise BadValue(f"does not support {kind!r} yet")
    return (Rule(kind, tuple(values), negated),)


def auth_provider(args: tuple[str, ...]) -> tuple[str, ...]:
    """Providers of AuthBasicProvider in order; there is one, `file`."""
    names = tuple(arg.lower() for arg in words(args))
    for name in names:
        if name != "file":
            raise BadValue(f"does not support {name!r} yet: use file, or a PythonAuthenHandler")
    return names


def networks(args: Sequence[str]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Addresses as Apache writes them: 10.1, 10.1.0.0/16, 10.1.0.0/255.255.0.0, 2001:db8::/32."""
    found = []
    for text in args:
        address, slash, mask = text.partition("/")
        parts = address.rstrip(".").split(".")
        if ":" not in address and len(parts) < 4 and not slash:
            mask = str(8 * len(parts))
            address = ".".join(parts + ["0"] * (4 - len(parts)))
        elif ":" not in address and len(parts) < 4:
            address = ".".join(parts + ["0"] * (4 - len(parts)))
        try:
            found.append(ipaddress.ip_network(f"{address}/{mask}" if mask else address, strict=False))
        except ValueError:
            raise BadValue(f"takes an IP address or network, not {text!r}")
    return tuple(found)


def allow_from(args: tuple[str, ...]) -> tuple[str, ...]:
    if len(args) < 2 or args[0].lower() != "from":
        raise BadValue("is written `from` and then all, addresses, host names or env=NAME")
    return args[1:]


def order(args: tuple[str, ...]) -> str:
    value = ",".join("".join(args).lower().split(","))
    if value not in ("deny,allow", "allow,deny", "mutual-failure"):
        raise BadValue("takes Deny,Allow or Allow,Deny or Mutual-failure")
    return "allow,deny" if value == "mutual-failure" else value


def env_if(ignore_case: bool, attribute: str | None = None) -> Parse:
    def parse(args: tuple[str, ...]) -> tuple[EnvRule, ...]:
        rest = list(args)
        subject = attribute or (rest.pop(0) if rest else "")
        if len(rest) < 2:
            raise BadValue("takes an expression and one or more variables (name, !name or name=value)")
        regex = pattern(rest[0], re.I if ignore_case else 0)
        return (EnvRule(subject, regex, tuple(_env_change(item) for item in rest[1:])),)

    return parse


def _env_change(item: str) -> tuple[str, str | None]:
    if item.startswith("!"):
        return item[1:], None
    name, equals, value = item.partition("=")
    return name, value if equals else "1"


def log_level(args: tuple[str, ...]) -> dict[str, int]:
    """Levels as numbers (APLOG_*) by module; "" is the level of all others."""
    levels: dict[str, int] = {}
    for arg in words(args):
        module, colon, level = arg.rpartition(":")
        name = level.lower()
        if re.fullmatch(r"trace[1-8]", name):
            name = "debug"
        if name not in LOG_LEVELS:
            raise BadValue(f"takes {', '.join(LOG_LEVELS)}, not {arg!r}")
        levels[module.removesuffix("_module").removesuffix(".c") if colon else ""] = LOG_LEVELS.index(name)
    return levels


def log_format(args: tuple[str, ...]) -> dict[str, str]:
    if len(args) not in (1, 2):
        raise BadValue("takes a format and its nickname")
    return {args[1] if len(args) == 2 else "": args[0]}


def custom_log(args: tuple[str, ...]) -> tuple[LogTarget, ...]:
    if len(args) not in (2, 3):
        raise BadValue("takes a file, a format or nickname, and perhaps env=[!]NAME")
    condition, negated = None, False
    if len(args) == 3:
        if not args[2].startswith("env="):
            raise BadValue(f"knows env=NAME and env=!NAME as a condition, not {args[2]!r}")
        negated = args[2].startswith("env=!")
        condition = args[2][5 if negated else 4 :]
    return (LogTarget(log_file(args[:1]), args[1], condition, negated),)


def transfer_log(args: tuple[str, ...]) -> tuple[LogTarget, ...]:
    return (LogTarget(log_file(args), "", None, False),)


# syslog(3)
SYSLOG_FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    *(f"local{number}" for number in range(8)),
)  # fmt: skip


def log_file(args: tuple[str, ...]) -> str:
    name = one(args)
    if name.startswith("|") or name.lower().split(":")[0] == "syslog":
        raise BadValue(f"does not support {name.split(':')[0].split()[0]!r} yet: name a file or stderr")
    return name


LIMITS = ("as", "core", "cpu", "data", "fsize", "memlock", "nofile", "nproc", "stack")


def resource_limit(args: tuple[str, ...]) -> dict[str, tuple[int | None, int | None]]:
    """`name soft [hard]`: None for unlimited."""
    if len(args) not in (2, 3) or args[0].lower() not in LIMITS:
        raise BadValue(f"takes one of {', '.join(LIMITS)} and one or two limits")
    limits = [None if arg.lower() in ("unlimited", "max") else size((arg,)) for arg in args[1:]]
    if limits[-1] is not None and (limits[0] is None or limits[0] > limits[-1]):
        raise BadValue(f"takes a soft limit that is not above the hard one, not {args[1]} and {args[2]}")
    return {args[0].lower(): (limits[0], limits[-1])}


def umask(args: tuple[str, ...]) -> int:
    text = one(args)
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise BadValue(f"takes three octal digits such as 027, not {text!r}")
    return int(text, 8)


def nice(args: tuple[str, ...]) -> int:
    text = one(args)
    if not re.fullmatch(r"-?\d{1,2}", text) or not -20 <= int(text) <= 19:
        raise BadValue(f"takes a number from -20 to 19, not {text!r}")
    return int(text)


def error_log(args: tuple[str, ...]) -> str:
    """A file, stderr, or `syslog[:facility[:tag]]`."""
    name = one(args)
    facility = name.lower().split(":")[1:2]
    if name.lower().split(":")[0] != "syslog":
        return log_file(args)
    if facility and facility[0] not in ("", *SYSLOG_FACILITIES):
        raise BadValue(f"does not know the facility {facility[0]!r} of syslog: one of {', '.join(SYSLOG_FACILITIES)}")
    return name


def path_or_off(args: tuple[str, ...]) -> str | None:
    """A path; None for Off."""
    path = non_empty(args)
    return None if path.lower() == "off" else path


def slow_log(args: tuple[str, ...]) -> tuple[str, float]:
    """`file time`"""
    if len(args) != 2:
        raise BadValue("takes a file and a time")
    return log_file(args[:1]), seconds(args[1:])


def buffering(args: tuple[str, ...]) -> Buffering:
    """`On [bytes in memory]` or `Off`."""
    if not 1 <= len(args) <= 2:
        raise BadValue("takes On or Off, and after On perhaps a size")
    on = flag(args[:1])
    return Buffering(on, size(args[1:]) if len(args) == 2 else 256 * 1024)


def sendfile_header(args: tuple[str, ...]) -> tuple[str, str, str] | None:
    """`None`, `X-Sendfile` or `X-Accel-Redirect /url/ [/folder/]`: the header, the URL and the folder it stands for."""
    name, places = words(args)[0].lower(), args[1:]
    if name == "none" and not places:
        return None
    if name == "x-sendfile" and not places:
        return "X-Sendfile", "/", "/"
    if name != "x-accel-redirect" or not 1 <= len(places) <= 2:
        raise BadValue("takes None, X-Sendfile, or X-Accel-Redirect and the URL of a location, perhaps with its folder")
    for place in places:
        if not (place.startswith("/") and place.endswith("/")):
            raise BadValue(f"takes a URL and a folder that begin and end with a slash, not {place!r}")
    return "X-Accel-Redirect", places[0], places[1] if len(places) == 2 else "/"


def etag(args: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for arg in words(args):
        name = arg.lower().lstrip("+")
        if name == "all":
            found |= {"inode", "mtime", "size"}
        elif name in ("inode", "mtime", "size"):
            found.add(name)
        elif name != "none":
            raise BadValue(f"takes All, None or some of INode, MTime, Size, not {arg!r}")
    return frozenset(found)


def accept_path_info(args: tuple[str, ...]) -> str:
    return str(choice("On", "Off", "Default")(args))


def address_argument(text: str) -> tuple[str, str]:
    """`host:port` of a VirtualHost or Listen, in its parts; `*` or "" for any."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::(\d{1,5}|\*))?", text)
    if found is None:
        raise BadValue(f"takes an address such as *:80, 127.0.0.1:9000 or [::1]:9000, not {text!r}")
    return found[1], found[2] or ""
