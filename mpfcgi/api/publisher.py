"""`mod_python.publisher`: functions and objects of a module as pages (manual 3.1 and 7.1).

`/module/object/attribute` is looked up from left to right, a dot being as good as a slash. What begins with an
underscore and modules are not found, built-ins are forbidden; `__auth__`, `__access__` and `__auth_realm__` guard what
they stand in.
"""

from __future__ import annotations

import os
import re
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    TracebackType,
    WrapperDescriptorType,
)
from typing import Any

from mpfcgi.api import util
from mpfcgi.api.constants import HTTP_FORBIDDEN, HTTP_METHOD_NOT_ALLOWED, HTTP_NOT_FOUND, OK
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.api.functions import GUARDS, facts_of, taken_by
from mpfcgi.api.guards import process_auth

METHODS = ("GET", "POST", "HEAD", "TRACE")
_PUBLISHED_METHODS = frozenset(("GET", "HEAD", "POST"))
_HTML_END = re.compile(r"</html\s*>\s*$", re.I)
_SLASHES = re.compile("/+")

# What is Python's own: neither shown nor looked into.
_HIDDEN: frozenset[type] = frozenset((
    BuiltinFunctionType, ClassMethodDescriptorType, CodeType, FrameType, GetSetDescriptorType, MemberDescriptorType,
    MethodDescriptorType, MethodWrapperType, TracebackType, WrapperDescriptorType,
))  # fmt: skip
# What is published, but has no attributes that are.
_CLOSED: frozenset[type] = _HIDDEN | {
    AsyncGeneratorType, CoroutineType, FunctionType, GeneratorType, MethodType, type(None), type(...),
    type(NotImplemented),
}  # fmt: skip


def handler(req: Any) -> int:
    """The content handler: find the object, check who asks, call it, send the result."""
    if req._method not in _PUBLISHED_METHODS:
        req.allow_methods(METHODS)
        raise SERVER_RETURN(HTTP_METHOD_NOT_ALLOWED)
    file, names = _place(req)
    if file != req._filename:
        req.filename = file
    resource = req._resource
    status = req._stat if resource is not None and resource.filename == file else None
    module = req._services.import_file(file, status)
    try:
        found = _plain_function(module, names) or resolve_object(req, module, names)
        # A class in the address is shown (manual 7.1.2); one that a function returns is called.
        publish_object(req, str(found) if isinstance(found, type) else found)
    except SERVER_RETURN:
        # Told to a client whose method, or whose form's type, is refused.
        req.allow_methods(METHODS)
        raise
    return OK


# -- from the address to the object


def _place(req: Any) -> tuple[str, str]:
    """The module's file, and the names in it that the address leads through, with dots. SERVER_RETURN with 404."""
    filename: str | None = req._filename
    if not filename:
        # In a <Location> there may be no file; the root of the disk is no place to look for one.
        req.log_error("publisher: the address leads to no file; use it in a <Directory>, or with an Alias")
        raise SERVER_RETURN(HTTP_NOT_FOUND)
    names = (req._path_info or "").strip("/")
    if "/" in names:
        names = _SLASHES.sub(".", names)
    resource = req._resource
    # What the file is has been looked at already, for this request.
    known = resource is not None and resource.filename == filename
    if known and req._is_file and filename.endswith(".py"):
        return filename, names or "index"
    if req._is_directory if known else os.path.isdir(filename):
        folder, module = filename.rstrip("/"), ""
    else:
        folder, _, module = filename.rpartition("/")
        module = _without_extension(req, module)
        file = f"{folder}/{module}.py"
        if module and os.path.isfile(file):
            return file, names or "index"
    file = f"{folder}/index.py"
    if not os.path.isfile(file):
        raise SERVER_RETURN(HTTP_NOT_FOUND)
    return file, ".".join(part for part in (module, names) if part) or "index"


def _without_extension(req: Any, name: str) -> str:
    """A file's name without `.py`, or without the extension that brought the request here."""
    if name.endswith(".py"):
        return name[:-3]
    if "." in name:
        for extension in (req.extension or "", *req.get_addhandler_exts().split()):
            ending = "." + extension.lstrip(".")
            if extension and name.endswith(ending):
                return name.removesuffix(ending)
    return name


def _plain_function(module: ModuleType, name: str) -> FunctionType | None:
    """The function of this name in a module, if nothing guards the way to it: what most addresses lead to."""
    namespace = module.__dict__
    found = namespace.get(name)
    if (
        type(found) is FunctionType
        and name[0] != "_"
        and namespace.keys().isdisjoint(GUARDS)
        and not facts_of(found).guarded
        and not found.__dict__
    ):
        return found
    return None


def resolve_object(
    req: Any,
    obj: Any,
    object_str: str,
    realm: str | None = None,
    user: str | None = None,
    passwd: str | None = None,
) -> Any:
    """The object that the dotted names of `object_str` lead to from `obj`, asking the guards on the way.

    SERVER_RETURN with 404 for what isn't there, is a module or begins with an underscore, 403 for what is Python's own;
    and what `process_auth` raises.
    """
    for index, name in enumerate(object_str.split(".")):
        realm, user, passwd = process_auth(req, obj, realm or "unknown", user, passwd)
        if name.startswith("_"):
            raise SERVER_RETURN(HTTP_NOT_FOUND)
        # The module that the address names is where the way starts, and no object on it.
        if index:
            _check_open(obj)
        try:
            obj = getattr(obj, name)
        except AttributeError:
            raise SERVER_RETURN(HTTP_NOT_FOUND)
    process_auth(req, obj, realm, user, passwd)
    if isinstance(obj, ModuleType):
        raise SERVER_RETURN(HTTP_NOT_FOUND)
    if type(obj) in _HIDDEN:
        raise SERVER_RETURN(HTTP_FORBIDDEN)
    return obj


def _check_open(obj: Any) -> None:
    """SERVER_RETURN when the attributes of an object on the way are not published."""
    if isinstance(obj, ModuleType):
        raise SERVER_RETURN(HTTP_NOT_FOUND)
    if type(obj) in _CLOSED or isinstance(obj, type):
        raise SERVER_RETURN(HTTP_FORBIDDEN)


# -- from the object to the page


def publish_object(req: Any, obj: Any) -> bool:
    """Send what the object is, or returns when it can be called; False when there was nothing."""
    while callable(obj):
        obj = _call(req, obj)
    if obj is None:
        return False
    text = str(obj)
    if not req._content_type_set:
        req.content_type = "text/html" if _HTML_END.search(text[-100:]) else "text/plain"
    req.write(text, 0)
    return True


def _call(req: Any, obj: Any) -> Any:
    """Call with those of the form's fields that the object takes. The form is only made when somebody wants it."""
    req._make_form = _form
    if req._method != "POST":
        takes = taken_by(obj)
        if not takes.fields or not req._args:
            return obj(req=req) if takes.req else obj()
        # A form that is there already was made, and may have been changed, by an earlier handler.
        if req._form is None:
            return util.apply_query(obj, req._args, req=req)
    form = req.form
    if not isinstance(form, util.FieldStorage):
        form = req.form = _form(req)
    return util.apply_fs_data(obj, form, req=req)


def _form(req: Any) -> util.FieldStorage:
    return util.FieldStorage(req, keep_blank_values=1)
