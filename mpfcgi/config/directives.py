"""The registry: every directive, once. The checker, the reference page and "did you mean" come from this table.

Contexts: S server config, V virtual host, D <Directory>, <Files> and <Location>, H .htaccess, P <PythonPool>.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpfcgi.config import values as v

UNSET = object()
INCLUDES = frozenset({"Includes", "IncludesNOEXEC"})

CONTEXT_NAMES = {
    "S": "server config",
    "V": "<VirtualHost>",
    "D": "<Directory>, <Files>, <Location>",
    "H": ".htaccess",
    "P": "<PythonPool>",
}


def replace(old: Any, new: Any) -> Any:
    return new


def append(old: Any, new: Any) -> Any:
    return (old or ()) + new


def prepend(old: Any, new: Any) -> Any:
    """Where the first that fits wins, an inner scope's come before an outer one's."""
    return new + (old or ())


def update(old: Any, new: Any) -> Any:
    return {**(old or {}), **new}


def join_filters(old: dict[str, str] | None, new: dict[str, str]) -> dict[str, str]:
    """Filters by type: those of an inner scope come behind those of an outer one."""
    known = old or {}
    return {**known, **{kind: f"{known[kind]};{names}" if kind in known else names for kind, names in new.items()}}


def union(old: Any, new: Any) -> Any:
    return (old or frozenset()) | new


def by_extension(old: tuple[v.HandlerSpec, ...] | None, new: tuple[v.HandlerSpec, ...]) -> tuple[v.HandlerSpec, ...]:
    """Handlers for an extension take the place of those for the same one, and handlers for all files of those for all."""
    taken = {extension for spec in new for extension in spec.extensions or ("",)}
    kept = []
    for spec in old or ():
        left = tuple(extension for extension in spec.extensions or ("",) if extension not in taken)
        if left:
            kept.append(spec._replace(extensions=left if spec.extensions else ()))
    return (*new, *kept)


def apply_options(old: frozenset[str] | None, new: v.OptionsChange) -> frozenset[str]:
    if new.absolute:
        return new.added
    old = old if old is not None else frozenset({"FollowSymLinks"})
    # Includes with and without programs are two sides of one option.
    if INCLUDES & (new.added | new.removed):
        old -= INCLUDES
    return (old | new.added) - new.removed


def join_options(old: v.OptionsChange | None, new: v.OptionsChange) -> v.OptionsChange:
    """Two Options lines of one section as one."""
    if old is None or new.absolute:
        return new
    return v.OptionsChange(old.absolute, (old.added | new.added) - new.removed, (old.removed | new.removed) - new.added)


@dataclass(frozen=True)
class Spec:
    """A directive. `combine` joins it with an earlier one of the same section, `merge` with that of an outer scope.

    `override` is the AllowOverride class that .htaccess needs for it ("any": not None). `key` is the name that the
    merged value has in Settings, where it is not the directive's own. What is `shown_only` is the front-end's to do:
    here it is an attribute of the server object.
    """

    name: str
    contexts: str
    parse: v.Parse
    help: str
    combine: Callable[[Any, Any], Any] = replace
    merge: Callable[[Any, Any], Any] = replace
    override: str | None = None
    key: str = ""
    shown_only: bool = False
    syntax: str = ""

    @property
    def settings_key(self) -> str:
        return self.key or self.name


REGISTRY: dict[str, Spec] = {}
# Directives that the front-end has the work of: accepted, and reported as ignored.
FRONT_END: frozenset[str]
# Directives whose silent loss would change who gets in or what is served: the remedy.
REFUSED: dict[str, str] = {}
NOT_YET: dict[str, str] = {}


def _add(names: str, contexts: str, parse: v.Parse, help: str, **more: Any) -> None:
    for name in names.split():
        REGISTRY[name.lower()] = Spec(name, contexts, parse, help, **more)


PHASE_DIRECTIVES = (
    "PythonPostReadRequestHandler", "PythonTransHandler", "PythonHeaderParserHandler", "PythonInitHandler",
    "PythonAccessHandler", "PythonAuthenHandler", "PythonAuthzHandler", "PythonTypeHandler", "PythonFixupHandler",
    "PythonHandler", "PythonLogHandler", "PythonCleanupHandler",
)  # fmt: skip

for _name in PHASE_DIRECTIVES:
    _early = _name in ("PythonPostReadRequestHandler", "PythonTransHandler")
    _add(
        _name, "SV" if _early else "SVDH", v.handlers, f"The handlers of the phase (manual 5.1): {_name[6:]}.",
        combine=append, merge=by_extension, override=None if _early else "any", syntax="handler [handler ...] [ | .ext [.ext ...]]",
    )  # fmt: skip

_add(
    "PythonHandlerModule",
    "SVDH",
    v.one,
    "A module whose functions serve all phases they are named after (5.4.7).",
    override="any",
    syntax="module",
)
_add(
    "PythonConnectionHandler",
    "SV",
    v.handler,
    "The handler of raw connections, which come in at Listen ADDRESS connection (5.3.1).",
    syntax="handler",
)
_add(
    "PythonImport",
    "SV",
    v.python_import,
    "A module that workers of an interpreter import when they start, and a function of it to call (5.4.3).",
    combine=append,
    merge=append,
    syntax="module[::function] interpreter",
)
_add(
    "PythonOptimize",
    "S",
    v.flag,
    "Whether the daemon runs Python with -O: no assert statements, __debug__ false (5.4.9).",
    syntax="On|Off",
)
_add(
    "PythonDebug",
    "SVDH",
    v.flag,
    "Whether errors show their traceback in the page (5.4.2).",
    override="any",
    syntax="On|Off",
)
_add(
    "PythonEnablePdb",
    "SVDH",
    v.flag,
    "Whether handlers run in the debugger pdb, for which the daemon is started as `mpfcgi run -X` (5.4.1).",
    override="any",
    syntax="On|Off",
)
_add(
    "PythonAutoReload",
    "SVDH",
    v.flag,
    "Whether changed modules are loaded again (5.4.8). Default On.",
    override="any",
    syntax="On|Off",
)
_add(
    "PythonInterpPerDirectory",
    "SVDH",
    v.flag,
    "One interpreter for each directory of files (5.4.4).",
    override="any",
    syntax="On|Off",
)
_add(
    "PythonInterpPerDirective",
    "SVDH",
    v.flag,
    "One interpreter for each directory with a handler directive (5.4.5).",
    override="any",
    syntax="On|Off",
)
_add(
    "PythonInterpreter",
    "SVDH",
    v.one,
    "The interpreter, that is the pool, by name (5.4.6).",
    override="any",
    syntax="name",
)
_add(
    "PythonOption",
    "SVDH",
    v.pair,
    "A value for req.get_options(); without a value the key is removed (5.4.10).",
    combine=update,
    merge=update,
    override="any",
    syntax="key [value]",
)
_add(
    "PythonPath",
    "SVDH",
    v.one,
    "An expression for sys.path, with sys at hand (5.4.11).",
    override="any",
    syntax="expression",
)

# -- filters
for _name in ("Input", "Output"):
    _add(
        f"Python{_name}Filter",
        "SVD",
        v.python_filter,
        f"Gives a name to an {_name.lower()} filter (5.2); Set{_name}Filter or Add{_name}Filter puts it to work.",
        combine=update,
        merge=update,
        syntax="handler [name]",
    )
    _add(
        f"Set{_name}Filter",
        "SVDH",
        v.one,
        f"The {_name.lower()} filters of all files, in order; None for none.",
        override="FileInfo",
        syntax="filter[;filter...]",
    )
    _add(
        f"Add{_name}Filter",
        "SVDH",
        v.extension_map,
        f"The {_name.lower()} filters of files by extension.",
        combine=update,
        merge=update,
        override="FileInfo",
        syntax="filter[;filter...] .ext [.ext ...]",
    )
    _add(
        f"Remove{_name}Filter",
        "VDH",
        v.extension_removals,
        f"Takes Add{_name}Filter back.",
        combine=update,
        merge=update,
        override="FileInfo",
        key=f"Add{_name}Filter",
        syntax=".ext [.ext ...]",
    )
_add(
    "AddOutputFilterByType",
    "SVDH",
    v.filters_by_type,
    "The output filters of responses by content type.",
    combine=join_filters,
    merge=join_filters,
    override="FileInfo",
    syntax="filter[;filter...] type [type ...]",
)
_add("DeflateCompressionLevel", "SVD", v.integer(1, 9), "How hard DEFLATE tries. Default 6.", syntax="1..9")

# -- server side includes
_add(
    "XBitHack",
    "SVDH",
    v.choice("On", "Off", "Full"),
    "Whether text/html files that their owner may execute are pages with includes; Full: executable by the group, they "
    "keep their date. Default Off.",
    override="Options",
    syntax="On|Off|Full",
)
_add("SSIStartTag", "SV", v.non_empty, "What an element begins with. Default <!--#.", syntax="tag")
_add("SSIEndTag", "SV", v.non_empty, "What an element ends with. Default -->.", syntax="tag")
_add("SSIErrorMsg", "SVDH", v.one, "What a page shows in the place of an element that fails.", override="any")
_add(
    "SSIUndefinedEcho", "SVDH", v.one, "What echo shows for a variable that isn't set. Default (none).", override="any"
)
_add("SSITimeFormat", "SVDH", v.one, "How times are shown, as strftime has it.", override="any")
_add(
    "SSILegacyExprParser",
    "DH",
    v.flag,
    "Whether conditions are in the language before Apache 2.4: $name = value. Default Off.",
    override="Limit",
)
_add("SSIETag", "DH", v.flag, "Whether pages with includes keep their ETag. Default Off.", override="Limit")
_add("SSILastModified", "DH", v.flag, "Whether pages with includes keep their date. Default Off.", override="Limit")

# -- server and hosts
_add("ServerRoot", "S", v.one, "Where relative paths start. Default: the folder of the configuration file.")
_add("ServerName", "SV", v.one, "The host's name, and perhaps :port.", syntax="[scheme://]name[:port]")
_add("ServerAlias", "V", v.words, "More names of the host; * and ? are wildcards.", combine=append)
_add("ServerAdmin", "SV", v.one, "The address that error pages name.")
_add(
    "ServerSignature",
    "SVDH",
    v.choice("On", "Off", "EMail"),
    "The line under error pages. Default Off.",
    override="any",
)
_add("DocumentRoot", "SV", v.one, "The folder of the host's files.", syntax="path")
_add(
    "Listen",
    "SP",
    v.words,
    "Where front-ends connect: unix:PATH [mode=0660] [owner=] [group=] [backlog=511], HOST:PORT, or fd:N; with "
    "connection, where clients of a PythonConnectionHandler do, perhaps through a proxy (proxy_protocol).",
    combine=append,
    syntax="address [option ...]",
)
_add(
    "Timeout", "SV", v.seconds, "How long to wait for a front-end to send or take bytes. Default 60.", syntax="seconds"
)
_add(
    "RequestBuffering",
    "S",
    v.buffering,
    "Whether request bodies are collected before the handler starts, and how "
    "much of one stays in memory. Default On 256K.",
    syntax="On [size] | Off",
)
_add(
    "LimitRequestBody",
    "SVDH",
    v.size,
    "The largest request body; 0 for any. Default 0.",
    override="any",
    syntax="bytes",
)
_add("LimitRequestLine", "SV", v.integer(0, 2**31), "The longest request line: 414. Default: none.", syntax="bytes")
_add(
    "LimitRequestFields", "SV", v.integer(0, 32767), "The most header fields, 0 for any number: 400. Default: none.",
    syntax="number",
)  # fmt: skip
_add(
    "LimitRequestFieldSize", "SV", v.integer(0, 2**31), "The longest header field: 400. Default: none.", syntax="bytes"
)
_add(
    "LimitInternalRecursion", "SV", v.recursion, "The most internal redirects one after the other: 500; and the most "
    "included pages inside each other, the same number unless it is given. Default 10.", syntax="number [number]",
)  # fmt: skip
_add("KeepAlive", "SV", v.flag, "Shown as server.keep_alive.", shown_only=True)
_add("KeepAliveTimeout", "SV", v.seconds, "Shown as server.keep_alive_timeout.", shown_only=True)
_add("MaxKeepAliveRequests", "SV", v.integer(0, 2**31), "Shown as server.keep_alive_max.", shown_only=True)
_add(
    "UseCanonicalName",
    "SVD",
    v.choice("On", "Off", "DNS"),
    "Whether our own URLs have ServerName or the client's Host. Default Off.",
)
_add("UseCanonicalPhysicalPort", "SVD", v.flag, "Whether our own URLs may have the physical port. Default Off.")
_add(
    "HostnameLookups", "SVD", v.choice("On", "Off", "Double"), "Whether clients' addresses are looked up. Default Off."
)
_add("AllowEncodedSlashes", "SV", v.choice("On", "Off", "NoDecode"), "What becomes of %2F in paths. Default Off: 404.")

_add(
    "ServerPath", "V", v.server_path, "The path by which requests without a Host header find the host.", syntax="/path"
)
_add("SendBufferSize", "S", v.integer(0, 2**31), "Shown as server.send_buffer_size.", shown_only=True)
_add(
    "ListenBacklog",
    "S",
    v.integer(1, 65535),
    "The backlog of Listen lines that name none. Default 511.",
    syntax="number",
)
_add("PidFile", "S", v.one, "The file with the daemon's process id. Default: in ~/.mpfcgi/run.", syntax="file")
_add(
    "ControlSocket",
    "S",
    v.path_or_off,
    "The socket of mpfcgi status and its kin, for the daemon's user only. Default: in ~/.mpfcgi/run.",
    syntax="path|Off",
)
_add(
    "ReloadFile",
    "P",
    v.non_empty,
    "A file, such as tmp/restart.txt: when it is touched, the pool's workers are replaced. A relative one is in the folder "
    "that is the interpreter's name, or else in the DocumentRoot of the host of that name.",
    syntax="file",
)

# -- files
_add(
    "Alias",
    "SVD",
    v.alias,
    "A URI prefix whose files are elsewhere.",
    combine=append,
    merge=prepend,
    syntax="/uri path",
)
_add(
    "AliasMatch",
    "SV",
    v.alias_match,
    "The same with a regular expression.",
    combine=append,
    merge=prepend,
    key="Alias",
    syntax="regex path",
)
_add(
    "Redirect",
    "SVDH",
    v.redirect(None, False),
    "A URI prefix that is elsewhere now.",
    combine=append,
    merge=prepend,
    override="FileInfo",
    syntax="[status] /uri url",
)
_add(
    "RedirectMatch",
    "SVDH",
    v.redirect(None, True),
    "The same with a regular expression.",
    combine=append,
    merge=prepend,
    override="FileInfo",
    key="Redirect",
    syntax="[status] regex url",
)
_add(
    "RedirectPermanent",
    "SVDH",
    v.redirect(301, False),
    "Redirect with status 301.",
    combine=append,
    merge=prepend,
    override="FileInfo",
    key="Redirect",
    syntax="/uri url",
)
_add(
    "RedirectTemp",
    "SVDH",
    v.redirect(302, False),
    "Redirect with status 302.",
    combine=append,
    merge=prepend,
    override="FileInfo",
    key="Redirect",
    syntax="/uri url",
)
_add(
    "DirectoryIndex",
    "SVDH",
    v.words,
    "The files that stand for their folder. Default index.html.",
    combine=append,
    override="Indexes",
    syntax="name [name ...]",
)
_add(
    "DirectorySlash",
    "SVDH",
    v.flag,
    "Whether a folder's URI without / is sent to the one with it. Default On.",
    override="Indexes",
)
_add(
    "AcceptPathInfo",
    "SVDH",
    v.accept_path_info,
    "Whether a path may go on behind its file.",
    override="FileInfo",
    syntax="On|Off|Default",
)
_add(
    "Options",
    "SVDH",
    v.options,
    "Features of a folder: Indexes, FollowSymLinks, Includes ... Default FollowSymLinks.",
    combine=join_options,
    merge=apply_options,
    override="Options",
    syntax="[+|-]option ...",
)
_add("AllowOverride", "D", v.overrides, "What .htaccess may say. Default None.")
_add(
    "AllowOverrideList", "D", v.override_names, "Directives that .htaccess may have beyond AllowOverride's. Default None.",
    syntax="None|directive ...",
)  # fmt: skip
_add("AccessFileName", "SV", v.words, "The name of .htaccess files. Default .htaccess.")
_add("ContentDigest", "SVDH", v.flag, "Whether files are sent with Content-MD5. Default Off.", override="Options")
_add(
    "EnableSendfile", "SVDH", v.flag, "Whether the kernel copies files to the socket. Off for file systems that can't. "
    "Default On.", override="FileInfo",
)  # fmt: skip
_add(
    "SendfileHeader", "SVD", v.sendfile_header, "The web server sends whole files: it is told the name in X-Sendfile, or in "
    "X-Accel-Redirect as the URL of a location, whose folder is / unless it is named. Default None.",
    syntax="None | X-Sendfile | X-Accel-Redirect /url/ [/folder/]",
)  # fmt: skip
_add(
    "IndexIgnore", "SVDH", v.words, "Names, with wildcards, that lists of folders leave out.", combine=append,
    merge=append, override="Indexes", syntax="name [name ...]",
)  # fmt: skip
_add("FileETag", "SVDH", v.etag, "What ETags are made of. Default MTime Size.", override="FileInfo")
_add(
    "ErrorDocument",
    "SVDH",
    v.error_document,
    "What answers an error: a text, a local path or a URL.",
    combine=update,
    merge=update,
    override="FileInfo",
    syntax="status document",
)

# -- types
_add(
    "SetHandler",
    "SVDH",
    v.one,
    "The handler for all files; None for the usual one; mpfcgi-status for the status page.",
    override="FileInfo",
)
_add("ForceType", "DH", v.one, "The content type of all files; None for the usual one.", override="FileInfo")
_add("TypesConfig", "S", v.one, "The file of content types by extension. Default /etc/mime.types.")
_add(
    "DefaultType",
    "SVDH",
    v.one,
    "Accepted for old files; only None has a meaning, as in Apache 2.4.",
    override="FileInfo",
)
for _name in ("Handler", "Type", "Charset", "Encoding", "Language"):
    _add(
        f"Add{_name}",
        "SVDH",
        v.extension_map,
        f"The {_name.lower()} of files by extension.",
        combine=update,
        merge=update,
        override="FileInfo",
        syntax=f"{_name.lower()} .ext [.ext ...]",
    )
    _add(
        f"Remove{_name}",
        "VDH",
        v.extension_removals,
        f"Takes Add{_name} back.",
        combine=update,
        merge=update,
        override="FileInfo",
        key=f"Add{_name}",
        syntax=".ext [.ext ...]",
    )
_add(
    "AddDefaultCharset",
    "SVDH",
    v.one,
    "The charset added to text/plain and text/html.",
    override="FileInfo",
    syntax="On|Off|charset",
)

# -- who gets in
_add(
    "AuthType",
    "DH",
    v.one,
    "How users are known: Basic, or a name your authenhandler stands for.",
    override="AuthConfig",
)
_add("AuthName", "DH", v.one, "The realm that browsers show.", override="AuthConfig")
_add("AuthUserFile", "DH", v.one, "Users and their hashed passwords, as htpasswd writes them.", override="AuthConfig")
_add("AuthGroupFile", "DH", v.one, "Groups and the users in them.", override="AuthConfig", syntax="file")
_add(
    "AuthBasicProvider",
    "DH",
    v.auth_provider,
    "Where Basic passwords are looked up: file, which is AuthUserFile.",
    override="AuthConfig",
    syntax="file",
)
_add(
    "AuthBasicAuthoritative",
    "DH",
    v.flag,
    "Whether a user who isn't in AuthUserFile is refused. Default On.",
    override="AuthConfig",
)
_add("Require", "DH", v.require, "Who gets in.", combine=append, override="AuthConfig", syntax="[not] rule ...")
_add(
    "AuthMerging", "DH", v.choice("Off", "And", "Or"), "How this section's Require lines go with those of outer ones: "
    "Off is in their place.", override="AuthConfig",
)  # fmt: skip
_add(
    "Satisfy",
    "DH",
    v.choice("All", "Any"),
    "Whether host and user must both be allowed. Default All.",
    override="AuthConfig",
)
_add("Order", "DH", v.order, "Whether Allow or Deny is read last.", override="Limit", syntax="Deny,Allow|Allow,Deny")
_add(
    "Allow Deny",
    "DH",
    v.allow_from,
    "Hosts that are let in or kept out.",
    combine=append,
    override="Limit",
    syntax="from all|address|host|env=NAME ...",
)

# -- variables
_add(
    "SetEnv",
    "SVDHP",
    v.env_pair,
    "A variable for req.subprocess_env; in a pool, for the process.",
    combine=update,
    merge=update,
    override="FileInfo",
    syntax="name [value]",
)
_add("UnsetEnv", "SVDH", v.words, "Variables taken away.", combine=append, merge=append, override="FileInfo")
_add(
    "PassEnv", "SVDH", v.words, "Variables of the daemon passed on.", combine=append, merge=append, override="FileInfo"
)
_add(
    "SetEnvIf",
    "SVDH",
    v.env_if(False),
    "Variables set where an attribute of the request matches.",
    combine=append,
    merge=append,
    override="FileInfo",
    syntax="attribute regex [!]name[=value] ...",
)
_add(
    "SetEnvIfNoCase",
    "SVDH",
    v.env_if(True),
    "The same in any case.",
    combine=append,
    merge=append,
    override="FileInfo",
    key="SetEnvIf",
    syntax="attribute regex [!]name[=value] ...",
)
_add(
    "BrowserMatch",
    "SVDH",
    v.env_if(False, "User-Agent"),
    "Variables set for some browsers.",
    combine=append,
    merge=append,
    override="FileInfo",
    key="SetEnvIf",
    syntax="regex [!]name[=value] ...",
)
_add(
    "BrowserMatchNoCase",
    "SVDH",
    v.env_if(True, "User-Agent"),
    "The same in any case.",
    combine=append,
    merge=append,
    override="FileInfo",
    key="SetEnvIf",
    syntax="regex [!]name[=value] ...",
)

# -- logs
_add(
    "ErrorLog", "SV", v.error_log, "The file of errors, stderr, or the system's log. Default stderr.",
    syntax="file|stderr|syslog[:facility[:tag]]",
)  # fmt: skip
_add(
    "ErrorLogToFrontEnd",
    "SVD",
    v.flag,
    "Whether the front-end gets the error lines of its requests too, for its own log (FCGI_STDERR). Default Off.",
)
_add(
    "LogLevel",
    "SVD",
    v.log_level,
    "What is written to it. Default warn.",
    combine=update,
    merge=update,
    syntax="[module:]level ...",
)
_add(
    "ErrorLogFormat",
    "SV",
    v.one,
    "The format of lines in the error log, as of httpd; json for objects.",
    syntax="format|json",
)
_add(
    "LogFormat",
    "SV",
    v.log_format,
    "A format of CustomLog, by nickname.",
    combine=update,
    merge=update,
    syntax="format [nickname]",
)
_add(
    "CustomLog",
    "SV",
    v.custom_log,
    "A log of requests.",
    combine=append,
    merge=append,
    syntax="file format|nickname [env=[!]name]",
)
_add(
    "TransferLog",
    "SV",
    v.transfer_log,
    "A log of requests in the last LogFormat.",
    combine=append,
    merge=append,
    key="CustomLog",
    syntax="file",
)

# -- pools
_add(
    "ProcessManager",
    "P",
    v.choice("static", "dynamic", "ondemand"),
    "How many workers run: static, always MaxProcesses; dynamic, some more than are busy; ondemand, as many as requests need.",
    syntax="static|dynamic|ondemand",
)
_add("MaxProcesses", "P", v.integer(1, 1000), "The number of workers, or the most. Default 4.")
_add(
    "StartProcesses", "P", v.integer(1, 1000), "With dynamic, the workers at the start. Default: between the next two."
)
_add("MinSpareProcesses", "P", v.integer(1, 1000), "With dynamic, the fewest workers that wait for work. Default 1.")
_add("MaxSpareProcesses", "P", v.integer(1, 1000), "With dynamic, the most workers that wait for work. Default 3.")
_add(
    "IdleTimeout",
    "P",
    v.seconds,
    "With ondemand, how long a worker without a request stays, and then a pool without workers. Default 10s.",
    syntax="time",
)
_add(
    "MaxSpawnRate",
    "P",
    v.integer(1, 1000),
    "The most workers started in a second once the first are there. Default 32.",
)
_add(
    "MaxPools",
    "P",
    v.integer(1, 10000),
    "How many pools of this pattern requests may start; past it the longest idle one ends. Default 1000.",
)
_add("MaxRequests", "P", v.integer(0, 10**9), "After how many requests a worker is replaced. Default 0, never.")
_add("MaxLifetime", "P", v.seconds, "After what time a worker is replaced. Default 0, never.", syntax="time")
_add(
    "MemoryLimit",
    "P",
    v.size,
    "A worker with more resident memory than this after a request is replaced. Default 0, no limit.",
    syntax="bytes",
)
_add(
    "RequestTimeout",
    "P",
    v.seconds,
    "After what time a handler is interrupted by an exception, and the client gets 504. Default 0, never.",
    syntax="time",
)
_add(
    "InterruptTimeout",
    "P",
    v.seconds,
    "How long an interrupted handler may take to clean up before its worker is ended. Default 5s.",
    syntax="time",
)
_add(
    "SlowLog", "P", v.slow_log, "A file for the tracebacks of handlers that still run after a time.", syntax="file time"
)
_add("User", "P", v.one, "As whom the workers run, by name or number, where the daemon is started as root.")
_add("Group", "P", v.one, "Their group. Default: that of the user.")
_add("WorkingDirectory", "P", v.one, "The folder in which the workers are.", syntax="folder")
_add("Umask", "P", v.umask, "Which rights files that the workers make do not get.", syntax="octal")
_add("Nice", "P", v.nice, "What is added to the workers' nice value: a high one gives way to others.", syntax="number")
_add(
    "ResourceLimit",
    "P",
    v.resource_limit,
    "A limit of setrlimit(2) for each worker: as, core, cpu, data, fsize, memlock, nofile, nproc or stack.",
    combine=update,
    syntax="name soft [hard]",
)
_add("PythonHome", "P", v.one, "A virtual environment whose packages the workers use.", syntax="folder")
_add(
    "Preload",
    "P",
    v.flag,
    "Whether a template process does the PythonImport lines once, and workers are forked from it. Default Off.",
    syntax="On|Off",
)
_add(
    "AllowRoot",
    "S",
    v.flag,
    "Whether a daemon started as root may run user code as root: Off refuses, On does not warn. Default: a warning.",
    syntax="On|Off",
)
_add("MaxTotalProcesses", "S", v.integer(1, 2000), "The most workers of all pools together. Default 1000.")
_add(
    "ConnectionProcesses",
    "P",
    v.integer(1, 1000),
    "The number of processes for raw connections, each with one at a time. Default MaxProcesses.",
)
_add("QueueLength", "P", v.integer(1, 65536), "How many requests may wait for a worker; the next get 503. Default 128.")
_add(
    "QueueTimeout",
    "P",
    v.seconds,
    "How long a request may wait for a worker before it gets 503. Default 30s; 0 for as long as it takes.",
    syntax="time",
)

FRONT_END = frozenset(
    name.lower()
    for name in [
        "LoadModule",
        "LoadFile",
        "MaxRequestWorkers",
        "MaxClients",
        "ServerLimit",
        "StartServers",
        "MinSpareServers",
        "MaxSpareServers",
        "MaxConnectionsPerChild",
        "MaxRequestsPerChild",
        "ThreadsPerChild",
        "ThreadLimit",
        "MaxSpareThreads",
        "MinSpareThreads",
        "AsyncRequestWorkerFactor",
        "GracefulShutdownTimeout",
        "NameVirtualHost",
        "SSLEngine",
        "SSLCertificateFile",
        "SSLCertificateKeyFile",
        "SSLCertificateChainFile",
        "SSLCACertificateFile",
        "SSLProtocol",
        "SSLCipherSuite",
        "SSLHonorCipherOrder",
        "SSLSessionCache",
        "SSLSessionTickets",
        "SSLRandomSeed",
        "SSLUseStapling",
        "SSLStaplingCache",
        "SSLPassPhraseDialog",
        "SSLOpenSSLConfCmd",
        "Protocols",
        "H2Direct",
        "H2Push",
        "ServerTokens",
        "TraceEnable",
        "EnableMMAP",
        "HttpProtocolOptions",
        "ExtendedStatus",
        "CoreDumpDirectory",
        "Mutex",
        "LockFile",
        "AcceptMutex",
        "AcceptFilter",
        "ReceiveBufferSize",
        "ScoreBoardFile",
        "RequestReadTimeout",
        "LimitXMLRequestBody",
        "IndexOptions",
        "AddIcon",
        "AddIconByType",
        "AddIconByEncoding",
        "DefaultIcon",
        "HeaderName",
        "ReadmeName",
        "AddDescription",
        "LanguagePriority",
        "ForceLanguagePriority",
        "User",
        "Group",
    ]
)

# Why some are ignored, where it is not that the front-end does the work.
IGNORED_BECAUSE = {
    **dict.fromkeys(
        (
            "indexoptions", "addicon", "addiconbytype", "addiconbyencoding", "defaulticon", "headername", "readmename",
            "adddescription",
        ),
        "lists of folders have one look here",
    ),
    **dict.fromkeys(("user", "group"), "workers run as the user who starts the daemon, or as a <PythonPool> says"),
    **dict.fromkeys(("languagepriority", "forcelanguagepriority"), "there is no content negotiation here"),
    "limitxmlrequestbody": "nothing here reads XML bodies",
    "enablemmap": "no file is mapped here",
}  # fmt: skip

for _names, _why in (
    ("RewriteEngine RewriteRule RewriteCond RewriteBase RewriteMap RewriteOptions",
     "rewrite in the front-end, or in a PythonTransHandler"),
    ("ProxyPass ProxyPassMatch ProxyPassReverse ProxyRequests ProxySet", "the front-end must do the proxying"),
    ("ScriptAlias ScriptAliasMatch Action Script",
     "use Alias with PythonHandler mod_python.cgihandler"),
    ("SSLRequire SSLRequireSSL SSLVerifyClient", "the front-end must check this"),
    ("AuthDigestProvider AuthDigestDomain AuthLDAPURL AuthDBDUserPWQuery AuthFormProvider",
     "authenticate in the front-end, or in a PythonAuthenHandler"),
    ("Header RequestHeader", "set headers in the front-end, or in a handler"),
    ("SecRule SecRuleEngine", "filter in the front-end"),
    ("WSGIScriptAlias", "use PythonHandler mod_python.wsgi"),
):  # fmt: skip
    for _name in _names.split():
        REFUSED[_name.lower()] = _why

for _name in [
    "Threads",
]:
    NOT_YET[_name.lower()] = _name
