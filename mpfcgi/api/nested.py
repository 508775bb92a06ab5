"""What a function's own code says of who may call it: `__auth__`, `__access__`, `__auth_realm__` set inside of it.

Manual 7.1.2: "to protect a function, an __auth__ or __access__ function can be defined within the function". The
function is not run to find out: its instructions are read up to the assignment, as far as they are constants, globals,
literals of these, and functions. What can't be told so is `UNKNOWN`, which lets nobody in.
"""

from __future__ import annotations

import builtins
import dis
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, Final

from mpfcgi.api.functions import GUARDS, facts_of

UNKNOWN: Final = object()
_IGNORED = frozenset(("CACHE", "COPY_FREE_VARS", "EXTENDED_ARG", "MAKE_CELL", "NOP", "NOT_TAKEN", "RESUME"))
_STORES = frozenset(("STORE_FAST", "STORE_DEREF", "STORE_FAST_LOAD_FAST", "STORE_FAST_STORE_FAST"))
# What a function is made with: flag -> the attribute. 0x08 is its closure, which only exists while the outer one runs.
_DEFAULTS, _KEYWORD_DEFAULTS, _ANNOTATIONS, _CLOSURE = 0x01, 0x02, 0x04, 0x08


def rules_in(function: FunctionType) -> dict[str, Any] | None:
    """Those of `GUARDS` that `function` assigns, with their values; None where it assigns none (the usual case)."""
    return _Reader(function).read() if facts_of(function).guarded else None


class _Reader:
    """Reads the assignments of one function."""

    def __init__(self, function: FunctionType) -> None:
        self.function = function
        self.stack: list[Any] = []
        self.found: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        for step in dis.get_instructions(self.function.__code__):
            if step.opname in _IGNORED:
                continue
            if step.is_jump_target:
                self.stack.clear()
            if step.opname in _STORES:
                names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
                self.assign(names[0])
                if step.opname == "STORE_FAST_STORE_FAST":
                    self.assign(names[1])
            elif (do := _STEPS.get(step.opname)) is not None:
                do(self, step)
            else:
                self.stack.clear()
        return self.found

    def assign(self, name: str) -> None:
        value = self.pop()
        if name in GUARDS:
            # Assigned twice, it depends on what the function does.
            self.found[name] = UNKNOWN if name in self.found else value

    def pop(self) -> Any:
        return self.stack.pop() if self.stack else UNKNOWN

    def take(self, count: int) -> list[Any]:
        """The top `count` values, the lowest first."""
        return [self.pop() for _ in range(count)][::-1]

    def push(self, value: Any, *made_of: Any) -> None:
        self.stack.append(UNKNOWN if any(part is UNKNOWN for part in made_of) else value)

    # -- instructions

    def load_global(self, step: dis.Instruction) -> None:
        scope = self.function.__globals__
        self.stack.append(scope.get(step.argval, getattr(builtins, step.argval, UNKNOWN)))

    def build_map(self, step: dis.Instruction) -> None:
        parts = self.take(2 * step.argval)
        self.push(dict(zip(parts[::2], parts[1::2])), *parts)

    def build_const_key_map(self, step: dis.Instruction) -> None:
        keys = self.pop()
        values = self.take(step.argval)
        self.push(None if keys is UNKNOWN else dict(zip(keys, values)), keys, *values)

    def extend(self, step: dis.Instruction) -> None:
        more = self.pop()
        target = self.pop()
        if more is UNKNOWN or target is UNKNOWN:
            self.stack.append(UNKNOWN)
        else:
            self.stack.append(type(target)([*target, *more]))

    def build(self, make: Callable[[list[Any]], Any], step: dis.Instruction) -> None:
        parts = self.take(step.argval)
        self.push(make(parts) if UNKNOWN not in parts else None, *parts)

    def make_function(self, step: dis.Instruction) -> None:
        code = self.pop()
        if isinstance(code, str):
            # Up to Python 3.10 the function's name lies on top.
            code = self.pop()
        flags = step.arg or 0
        parts = [self.pop() for flag in (_CLOSURE, _ANNOTATIONS, _KEYWORD_DEFAULTS, _DEFAULTS) if flags & flag]
        function: Any = UNKNOWN
        if isinstance(code, CodeType) and not code.co_freevars:
            function = FunctionType(code, self.function.__globals__)
            if flags & _DEFAULTS:
                function = self._with(function, _DEFAULTS, parts[-1])
            if flags & _KEYWORD_DEFAULTS and function is not UNKNOWN:
                function = self._with(function, _KEYWORD_DEFAULTS, parts[-2] if flags & _DEFAULTS else parts[-1])
        self.stack.append(function)

    def set_function_attribute(self, step: dis.Instruction) -> None:
        function = self.pop()
        self.stack.append(self._with(function, step.arg or 0, self.pop()))

    def _with(self, function: Any, flag: int, value: Any) -> Any:
        if function is UNKNOWN or (value is UNKNOWN and flag in (_DEFAULTS, _KEYWORD_DEFAULTS)):
            return UNKNOWN
        if flag == _DEFAULTS:
            function.__defaults__ = value
        elif flag == _KEYWORD_DEFAULTS:
            function.__kwdefaults__ = value
        return function


def _load(reader: _Reader, step: dis.Instruction) -> None:
    reader.stack.append(step.argval)


_STEPS: dict[str, Callable[[_Reader, dis.Instruction], None]] = {
    "LOAD_CONST": _load,
    "LOAD_SMALL_INT": _load,
    "LOAD_GLOBAL": _Reader.load_global,
    "BUILD_TUPLE": lambda reader, step: reader.build(tuple, step),
    "BUILD_LIST": lambda reader, step: reader.build(list, step),
    "BUILD_SET": lambda reader, step: reader.build(set, step),
    "BUILD_MAP": _Reader.build_map,
    "BUILD_CONST_KEY_MAP": _Reader.build_const_key_map,
    "LIST_EXTEND": _Reader.extend,
    "SET_UPDATE": _Reader.extend,
    "MAKE_FUNCTION": _Reader.make_function,
    "SET_FUNCTION_ATTRIBUTE": _Reader.set_function_attribute,
}
