"""`mod_python.publisher`: functions and objects of a module as pages (manual 7.1).

`/module/object/attribute` is looked up from left to right. What begins with an underscore, modules and built-ins are
not published; `__auth__`, `__access__` and `__auth_realm__` guard what they stand in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from mpfcgi.api import apache, util
from mpfcgi.api.auth import basic_credentials
from mpfcgi.api.constants import (
    HTTP_FORBIDDEN,
    HTTP_METHOD_NOT_ALLOWED,
    HTTP_NOT_FOUND,
    HTTP_UNAUTHORIZED,
    OK,
)
from mpfcgi.api.errors import SERVER_RETURN

METHODS = ("GET", "HEAD", "POST")
_HTML_END = re.compile(r"</html\s*>\s*$", re.I)
_LEAVES = (str, bytes, int, float, list, tuple, dict, FunctionType, MethodType)


def handler(req: Any) -> int:
    """The content handler: find the object, check who asks, call it, send the result."""
    if req.method not in METHODS:
        req.allow_methods(["GET", "HEAD", "POST", "TRACE"])
        raise SERVER_RETURN(HTTP_METHOD_NOT_ALLOWED)
    module, path = _module_and_path(req)
    _check(req, vars(module), None)
    found = resolve_object(req, module, path)
    return OK if publish_object(req, found) else HTTP_NOT_FOUND


def _module_and_path(req: Any) -> tuple[ModuleType, list[str]]:
    """The module that the URL names, and the names after it."""
    filename = req.filename
    path = [name for name in (req.path_info or "").split("/") if name]
    base, extension = os.path.splitext(filename)
    if os.path.isdir(filename):
        candidates = [(os.path.join(filename, "index.py"), path)]
    elif os.path.isfile(filename) and extension == ".py":
        candidates = [(filename, path)]
    else:
        name = os.path.basename(base if extension and os.path.isfile(base + ".py") else filename)
        folder = os.path.dirname(filename)
        candidates = [(os.path.join(folder, name + ".py"), path), (os.path.join(folder, "index.py"), [name, *path])]
    for file, names in candidates:
        if os.path.isfile(file):
            return apache.import_module(file), names or ["index"]
    raise SERVER_RETURN(HTTP_NOT_FOUND)


def resolve_object(req: Any, obj: Any, path: list[str]) -> Any:
    """The object behind the names of `path`. SERVER_RETURN with 404 or 403."""
    for index, name in enumerate(path):
        if name.startswith("_"):
            raise SERVER_RETURN(HTTP_NOT_FOUND)
        if index and isinstance(obj, _LEAVES):
            raise SERVER_RETURN(HTTP_FORBIDDEN)
        try:
            obj = getattr(obj, name)
        except AttributeError:
            raise SERVER_RETURN(HTTP_NOT_FOUND)
        if isinstance(obj, (ModuleType, BuiltinFunctionType)):
            raise SERVER_RETURN(HTTP_NOT_FOUND)
        _check(req, *_rules_of(obj))
    return obj


def publish_object(req: Any, obj: Any) -> bool:
    """Send what the object is or returns; False when there was nothing."""
    if callable(obj) and not isinstance(obj, type):
        req.form = util.FieldStorage(req, keep_blank_values=1)
        return publish_object(req, util.apply_fs_data(obj, req.form, req=req))
    if isinstance(obj, Iterator):
        published = False
        for item in obj:
            published = publish_object(req, item) or published
        return published
    if obj is None:
        return True
    text = obj.decode("utf-8", "replace") if isinstance(obj, bytes) else str(obj)
    if not req._content_type_set:
        req.content_type = "text/html" if _HTML_END.search(text[-100:]) else "text/plain"
    req.write(text, 0)
    return True


# -- who may


def _rules_of(obj: Any) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Where an object's __auth__ and __access__ stand: its attributes, or the constants of its code."""
    function = getattr(obj, "__func__", obj)
    code = getattr(function, "__code__", None)
    if code is None:
        return {
            name: getattr(obj, name) for name in ("__auth__", "__access__", "__auth_realm__") if hasattr(obj, name)
        }, None
    return _from_code(code, getattr(function, "__globals__", {})), getattr(function, "__globals__", None)


def _from_code(code: CodeType, scope: dict[str, Any]) -> dict[str, Any]:
    """What a function's own code says of access: `def __auth__` nested in it, or `__auth__ = constant`."""
    found: dict[str, Any] = {}
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and constant.co_name in ("__auth__", "__access__"):
            found[constant.co_name] = FunctionType(constant, scope)
    for name in ("__auth__", "__access__", "__auth_realm__"):
        if name in code.co_varnames and name not in found:
            found[name] = _assigned_constant(code, name)
    return found


def _assigned_constant(code: CodeType, name: str) -> Any:
    import dis

    previous: dis.Instruction | None = None
    pushed: list[Any] = []
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_CONST":
            pushed.append(instruction.argval)
        elif instruction.opname in ("BUILD_LIST", "BUILD_TUPLE", "LIST_EXTEND"):
            if instruction.opname == "LIST_EXTEND" and pushed:
                pushed.append(list(pushed.pop()))
        elif instruction.opname == "BUILD_CONST_KEY_MAP":
            keys = pushed.pop()
            values, pushed = pushed[-len(keys) :], pushed[: -len(keys)]
            pushed.append(dict(zip(keys, values, strict=True)))
        elif instruction.opname == "STORE_FAST" and instruction.argval == name:
            if pushed and previous is not None:
                return pushed[-1]
            break
        elif instruction.opname not in ("RESUME", "MAKE_FUNCTION", "COPY_FREE_VARS"):
            pushed = []
        previous = instruction
    # It can't be told what the function would say: nobody gets in rather than everybody.
    return False


def _check(req: Any, rules: dict[str, Any], scope: dict[str, Any] | None) -> None:
    """Ask __auth__ and __access__. SERVER_RETURN with 401 or 403 when they say no."""
    if "__auth__" not in rules and "__access__" not in rules:
        return
    user, password = basic_credentials(req.headers_in.get("Authorization") or "") or (req.user, None)
    if password is not None:
        req.user = user
    realm = rules.get("__auth_realm__", "unknown")
    if "__auth__" in rules and (password is None or not _allowed(rules["__auth__"], req, user or "", password)):
        req.err_headers_out["WWW-Authenticate"] = f'Basic realm="{realm}"'
        raise SERVER_RETURN(HTTP_UNAUTHORIZED)
    if "__access__" in rules and not _may(rules["__access__"], req, user):
        raise SERVER_RETURN(HTTP_FORBIDDEN)


def _allowed(rule: Any, req: Any, user: str, password: str) -> bool:
    if callable(rule):
        return bool(_call(rule, req, user, password))
    if isinstance(rule, dict):
        return user in rule and rule[user] == password
    return bool(rule)


def _may(rule: Any, req: Any, user: str | None) -> bool:
    if callable(rule):
        return bool(_call(rule, req, user))
    if isinstance(rule, (list, tuple)):
        return user in rule
    return bool(rule)


def _call(rule: Callable[..., Any], *args: Any) -> Any:
    return rule(*args)
