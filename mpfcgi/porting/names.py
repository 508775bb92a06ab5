"""Names that Python 3 has under another name, or not at all: modules, built-in functions, methods, attributes."""

from __future__ import annotations

from collections.abc import Iterator

from mpfcgi.porting.source import LOOK, MUST, SHOULD, Hit, Source

MODULES = {
    "BaseHTTPServer": "http.server", "CGIHTTPServer": "http.server", "ConfigParser": "configparser", "Cookie": "http.cookies",
    "HTMLParser": "html.parser", "Queue": "queue", "SimpleHTTPServer": "http.server", "SimpleXMLRPCServer": "xmlrpc.server",
    "SocketServer": "socketserver", "StringIO": "io.StringIO, or io.BytesIO for bytes",
    "UserDict": "collections.UserDict", "UserList": "collections.UserList", "UserString": "collections.UserString",
    "MimeWriter": "email", "__builtin__": "builtins", "anydbm": "dbm", "bsddb": "dbm, or berkeleydb", "cPickle": "pickle", "cStringIO": "io.StringIO, or io.BytesIO for bytes",
    "commands": "subprocess", "compiler": "ast", "cookielib": "http.cookiejar", "copy_reg": "copyreg", "dbhash": "dbm",
    "dumbdbm": "dbm.dumb", "dummy_thread": "threading", "dummy_threading": "threading", "exceptions": "the built-in exceptions", "gdbm": "dbm.gnu", "htmlentitydefs": "html.entities",
    "htmllib": "html.parser", "mimify": "email", "multifile": "email",
    "httplib": "http.client", "imp": "importlib, or apache.import_module", "md5": "hashlib.md5, which takes bytes: text.encode()", "mimetools": "email",
    "new": "types", "popen2": "subprocess", "rfc822": "email", "robotparser": "urllib.robotparser", "sets": "set",
    "sgmllib": "html.parser", "sha": "hashlib.sha1, which takes bytes: text.encode()", "thread": "threading", "urllib2": "urllib.request and urllib.error",
    "urlparse": "urllib.parse", "whichdb": "dbm.whichdb", "xmlrpclib": "xmlrpc.client",
}  # fmt: skip
# Gone with later versions of Python 3: the version, and what there is instead.
GOING = {
    "asynchat": ("3.12", "asyncio"), "asyncore": ("3.12", "asyncio"), "crypt": ("3.13", "passlib, or crypt_r"),
    "distutils": ("3.12", "setuptools"), "imghdr": ("3.13", "filetype, or Pillow"), "nntplib": ("3.13", "nothing"),
    "pipes": ("3.13", "shlex and subprocess"), "smtpd": ("3.12", "aiosmtpd"), "sndhdr": ("3.13", "filetype"),
    "telnetlib": ("3.13", "telnetlib3"), "uu": ("3.13", "base64"), "xdrlib": ("3.13", "struct"),
}  # fmt: skip
BUILTINS = {
    "apply": "f(*args)", "basestring": "str", "buffer": "memoryview", "cmp": "(a > b) - (a < b), or key= for sorting",
    "coerce": "nothing: it is gone", "execfile": "exec(compile(open(name).read(), name, 'exec'))", "file": "open()",
    "intern": "sys.intern", "long": "int", "raw_input": "input", "reduce": "functools.reduce",
    "reload": "apache.import_module, which loads what has changed", "unichr": "chr", "unicode": "str", "xrange": "range",
}  # fmt: skip
METHODS = {
    "iteritems": "items()", "iterkeys": "keys()", "itervalues": "values()", "viewitems": "items()", "viewkeys": "keys()",
    "viewvalues": "values()", "xreadlines": "the file itself, which gives its lines",
}  # fmt: skip
ATTRIBUTES = {
    "func_closure": "__closure__", "func_code": "__code__", "func_defaults": "__defaults__", "func_dict": "__dict__",
    "func_doc": "__doc__", "func_globals": "__globals__", "func_name": "__name__", "im_class": "__self__.__class__",
    "im_func": "__func__", "im_self": "__self__",
}  # fmt: skip
MEMBERS = {
    ("base64", "decodestring"): "base64.b64decode; for a password, req.get_basic_auth_pw()",
    ("base64", "encodestring"): "base64.b64encode", ("cgi", "escape"): "html.escape", ("cgi", "parse_qs"): "util.parse_qs",
    ("cgi", "parse_qsl"): "util.parse_qsl", ("itertools", "ifilter"): "filter",
    ("itertools", "imap"): "map", ("itertools", "izip"): "zip", ("os", "getcwdu"): "os.getcwd",
    ("os", "popen2"): "subprocess.Popen", ("os", "popen3"): "subprocess.Popen", ("os", "popen4"): "subprocess.Popen",
    ("string", "letters"): "string.ascii_letters", ("string", "lowercase"): "string.ascii_lowercase",
    ("string", "uppercase"): "string.ascii_uppercase", ("string", "maketrans"): "str.maketrans",
    ("sys", "exc_type"): "sys.exc_info()", ("sys", "exc_value"): "sys.exc_info()", ("sys", "maxint"): "sys.maxsize",
    ("sys", "setdefaultencoding"): "nothing: text is str", ("thread", "allocate_lock"): "threading.Lock",
    ("time", "clock"): "time.perf_counter",
}  # fmt: skip
URLLIB = {
    "quote": "parse", "quote_plus": "parse", "unquote": "parse", "unquote_plus": "parse", "urlencode": "parse",
    "splitquery": "parse", "pathname2url": "request", "url2pathname": "request", "urlopen": "request",
    "urlretrieve": "request", "URLopener": "request", "FancyURLopener": "request", "urlcleanup": "request",
}  # fmt: skip
STRING_FUNCTIONS = frozenset((
    "atof", "atoi", "atol", "capitalize", "center", "count", "expandtabs", "find", "index", "join", "joinfields", "ljust",
    "lower", "lstrip", "replace", "rfind", "rindex", "rjust", "rstrip", "split", "splitfields", "strip", "swapcase",
    "translate", "upper", "zfill",
))  # fmt: skip
STRING_NUMBERS = {"atof": "float(s)", "atoi": "int(s)", "atol": "int(s)"}
TYPES = {
    "BooleanType": "bool", "ClassType": "type", "ComplexType": "complex", "DictType": "dict", "DictionaryType": "dict",
    "FileType": "io.IOBase", "FloatType": "float", "InstanceType": "object", "IntType": "int", "ListType": "list",
    "LongType": "int", "ObjectType": "object", "SliceType": "slice", "StringType": "str", "StringTypes": "str",
    "TupleType": "tuple", "TypeType": "type", "UnicodeType": "str", "UnboundMethodType": "types.FunctionType",
}  # fmt: skip
SPECIAL = {
    "__cmp__": "__eq__ and __lt__, with functools.total_ordering", "__coerce__": "nothing: it is never called",
    "__div__": "__truediv__", "__getslice__": "__getitem__", "__hex__": "__index__", "__nonzero__": "__bool__",
    "__oct__": "__index__", "__setslice__": "__setitem__", "__delslice__": "__delitem__", "__unicode__": "__str__",
}  # fmt: skip
CODECS = frozenset(("base64", "bz2", "hex", "quopri", "rot13", "rot_13", "uu", "zip", "zlib", "string_escape"))
# mod_python's own tables and forms have Python 2's methods still.
TABLES = frozenset(("headers_in", "headers_out", "err_headers_out", "subprocess_env", "notes", "form", "session",
                    "get_options()", "get_config()"))  # fmt: skip


def modules(source: Source) -> Iterator[Hit]:
    """`import X` and `from X import`."""
    for start, end in source.statements():
        keyword = source.text_at(start)
        if keyword == "from":
            yield from _module(source, start + 1, source.text_at(start + 2))
        elif keyword == "import":
            named = [index for index in range(start + 1, end) if source.text_at(index - 1) in ("import", ",")]
            for index in named:
                yield from _module(source, index, source.text_at(index + 1))


def _module(source: Source, index: int, following: str) -> Iterator[Hit]:
    name = source.text_at(index)
    if following == ".":
        return
    if name in MODULES:
        yield Hit(source.tokens[index], MUST, "module", f"Python 3 has no module {name}", MODULES[name])
    elif name in ("cgi", "cgitb"):
        yield Hit(
            source.tokens[index], SHOULD, "cgi", f"Python 3.13 has no module {name}; here it comes from legacy-cgi",
            "util.FieldStorage for forms, html.escape for text" if name == "cgi" else "PythonDebug On",
        )  # fmt: skip
    elif name in GOING:
        version, instead = GOING[name]
        yield Hit(source.tokens[index], SHOULD, "module-going", f"Python {version} has no module {name}", instead)
    elif name == "urllib" and source.text_at(index - 1) == "from":
        for at in range(index + 2, len(source.tokens)):
            if source.tokens[at].first:
                break
            if (part := URLLIB.get(source.text_at(at))) is not None:
                yield Hit(
                    source.tokens[at], MUST, "urllib", f"urllib.{source.text_at(at)} has moved", f"from urllib.{part}"
                )


def imported(source: Source) -> Iterator[Hit]:
    """`from module import name` of modules that are there still, without that name; `from types import *`."""
    types: set[str] = set()
    for start, end in source.statements():
        if source.text_at(start) != "from" or source.text_at(start + 2) != "import":
            continue
        module = source.text_at(start + 1)
        for index in range(start + 3, end):
            name = source.text_at(index)
            if source.text_at(index - 1) == "as":
                continue
            if (module, name) in MEMBERS:
                yield Hit(source.tokens[index], MUST, "member", f"{module}.{name} is gone", MEMBERS[module, name])
            elif module == "string" and name in STRING_FUNCTIONS:
                yield Hit(source.tokens[index], MUST, "string", f"string.{name}() is gone", _method_of_text(name))
            elif module == "types" and name in TYPES:
                yield Hit(source.tokens[index], MUST, "types", f"types.{name} is gone", TYPES[name])
            elif module == "types" and name == "*":
                types |= TYPES.keys()
    for index, token in enumerate(source.tokens):
        if token.kind == "name" and token.text in types and not source.is_attribute(index):
            yield Hit(token, MUST, "types", f"types.{token.text} is gone", TYPES[token.text])


def _method_of_text(name: str) -> str:
    return STRING_NUMBERS.get(name, f"the method: s.{name.removesuffix('fields')}(...)")


def members(source: Source) -> Iterator[Hit]:
    """`module.name` of modules that are there still, without that name."""
    imported = {
        module for module in ("string", "types", "urllib", *(key[0] for key in MEMBERS)) if source.is_imported(module)
    }
    for index, token in enumerate(source.tokens):
        if token.kind != "name" or not source.is_attribute(index) or source.text_at(index - 3) == ".":
            continue
        module = source.text_at(index - 2)
        if module not in imported:
            continue
        if (module, token.text) in MEMBERS:
            yield Hit(token, MUST, "member", f"{module}.{token.text} is gone", MEMBERS[module, token.text])
        elif module == "urllib" and token.text in URLLIB:
            yield Hit(
                token, MUST, "urllib", f"urllib.{token.text} has moved", f"urllib.{URLLIB[token.text]}.{token.text}"
            )
        elif module == "types" and token.text in TYPES:
            yield Hit(token, MUST, "types", f"types.{token.text} is gone", TYPES[token.text])
        elif module == "string" and token.text in STRING_FUNCTIONS and source.is_called(index):
            yield Hit(token, MUST, "string", f"string.{token.text}() is gone", _method_of_text(token.text))


def builtins(source: Source) -> Iterator[Hit]:
    """Built-in functions and types that are gone, where the source has none of that name itself."""
    for name in sorted(source.names & BUILTINS.keys()):
        if source.is_defined(name):
            continue
        for index, token in enumerate(source.tokens):
            if token.text != name or token.kind != "name" or source.is_attribute(index):
                continue
            is_base = token.depth == 1 and source.text_at(index - 1) in ("(", ",") and _begins_class(source, index)
            is_type = source.text_at(index + 1) in (")", ",") and _is_asked_for(source, index)
            if source.is_called(index) or is_base or is_type:
                instead = "io.FileIO" if is_base and name == "file" else BUILTINS[name]
                yield Hit(token, MUST, "builtin", f"{name} is gone", instead)


def _begins_class(source: Source, index: int) -> bool:
    while index > 0 and not source.tokens[index].first:
        index -= 1
    return source.text_at(index) == "class"


def _is_asked_for(source: Source, index: int) -> bool:
    """Whether a name is a type in `isinstance(x, (int, long))`."""
    outer = source.enclosing(index)
    if outer < 0:
        return False
    if source.text_at(outer - 1) in ("isinstance", "issubclass"):
        return source.text_at(index - 1) == ","
    outer = source.enclosing(outer)
    return outer >= 0 and source.text_at(outer - 1) in ("isinstance", "issubclass")


def methods(source: Source) -> Iterator[Hit]:
    """Methods and attributes of Python 2's objects."""
    own = {name for name in ("has_key", "next", *METHODS) if source.is_defined(name)}
    owners = _objects_of_own_classes(source) if own else frozenset()
    for index, token in enumerate(source.tokens):
        if token.kind != "name" or not source.is_attribute(index):
            continue
        name = token.text
        if name in ATTRIBUTES:
            yield Hit(token, MUST, "attribute", f"functions and methods have no {name}", ATTRIBUTES[name])
        elif not source.is_called(index) or (name in own and source.receiver(index) in owners):
            continue
        elif name == "has_key" or name in METHODS:
            yield _on_tables(source, index, METHODS.get(name, "name in x"), name in own)
        elif name in own:
            continue
        elif name == "next" and source.text_at(index + 2) == ")":
            yield Hit(token, MUST, "next", "iterators have no method next()", "next(x)")
        elif name in ("decode", "encode"):
            yield from _codec(source, index)


def _objects_of_own_classes(source: Source) -> frozenset[str]:
    """self, and the names that are given an object of a class of this source."""
    classes = {source.text_at(start + 1) for start, _ in source.statements() if source.text_at(start) == "class"}
    made = {
        source.text_at(start)
        for start, _ in source.statements()
        if source.text_at(start + 1) == "=" and source.text_at(start + 2) in classes and source.is_called(start + 2)
    }
    return frozenset(made | {"self"})


def special(source: Source) -> Iterator[Hit]:
    """Methods with a meaning that they have lost."""
    texts = " ".join(token.text for token in source.tokens) if "__iter__" in source.names else ""
    iterates = "__iter__ ( self ) : return self" in texts and "__next__" not in source.names
    for index, token in enumerate(source.tokens):
        if source.text_at(index - 1) != "def":
            continue
        if token.text in SPECIAL:
            yield Hit(token, MUST, "special", f"nothing calls {token.text} any more", SPECIAL[token.text])
        elif token.text == "next" and iterates:
            yield Hit(token, MUST, "special", "iterators have __next__ and not next", "def __next__(self)")


def _on_tables(source: Source, index: int, instead: str, own: bool) -> Hit:
    token = source.tokens[index]
    owner = source.receiver(index)
    if token.text == "xreadlines":
        return Hit(token, MUST, token.text, "files have no xreadlines()", instead)
    if owner.rpartition(".")[2] in TABLES:
        return Hit(token, SHOULD, token.text, f"{owner} has {token.text}() still, other objects don't", instead)
    if own:
        return Hit(token, LOOK, token.text, f"classes here have {token.text}(), dictionaries don't", instead)
    return Hit(token, MUST, token.text, f"dictionaries have no {token.text}()", instead)


def sorting(source: Source) -> Iterator[Hit]:
    """Sorting with a function that compares, and sorting of what is no list."""
    for index, token in enumerate(source.tokens):
        if token.text not in ("sort", "sorted") or not source.is_called(index):
            continue
        arguments = source.tokens[index + 2 : source.closing(index + 1)]
        compares = any(
            part.text == "cmp" and following.text == "=" and part.depth == token.depth + 1
            for part, following in zip(arguments, arguments[1:])
        )
        if token.text == "sort" and source.is_attribute(index):
            if arguments and arguments[0].text not in ("*", "**") and source.text_at(index + 3) != "=":
                compares = True
            elif source.receiver(index).endswith((".keys()", ".items()", ".values()")):
                yield Hit(token, MUST, "sort", "keys(), items() and values() are no lists", "sorted(x)")
        if compares:
            yield Hit(
                token, MUST, "sort", f"{token.text}() takes no function that compares", "key=, or functools.cmp_to_key"
            )


def _codec(source: Source, index: int) -> Iterator[Hit]:
    token = source.tokens[index]
    argument = source.text_at(index + 2).strip("'\"").replace("-", "_").lower()
    if argument in CODECS:
        yield Hit(
            token, MUST, "codec", f"str and bytes have no {argument} of their own",
            "base64.b64decode, bytes.fromhex, zlib..., or codecs.encode and codecs.decode",
        )  # fmt: skip
        return
    owner = source.receiver(index)
    last = owner.rpartition(".")[2]
    if last == "value":
        owner = owner.removesuffix(".value")
        last = owner.rpartition(".")[2]
    if token.text == "decode" and (last in ("form[]", "getfirst()") or owner.endswith("form.get()")):
        yield Hit(token, MUST, "form-text", "values of forms are str here, which has no decode()", "the value as it is")
