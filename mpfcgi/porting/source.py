"""A source as the patterns look at it, and what they find."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from mpfcgi.porting.lexer import Token, tokens

# How bad it is: it fails or does the wrong thing; it works here, but will not for ever; it depends.
MUST: Final = "must"
SHOULD: Final = "should"
LOOK: Final = "look"


class Finding(NamedTuple):
    """One place: `severity` is MUST, SHOULD or LOOK, `pattern` the short name of what was found."""

    file: str
    line: int
    column: int
    severity: str
    pattern: str
    message: str
    instead: str


class Hit(NamedTuple):
    """What a pattern finds: a token, and what to say of it."""

    token: Token
    severity: str
    pattern: str
    message: str
    instead: str


class Source:
    """The tokens of a file, with ways to look around."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(tokens(text))
        self.names = frozenset(token.text for token in self.tokens if token.kind == "name")

    def text_at(self, index: int) -> str:
        """The text of a token; "" outside of the source."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def is_called(self, index: int) -> bool:
        """Whether a bracket follows that calls what ends here."""
        return self.text_at(index + 1) == "("

    def is_attribute(self, index: int) -> bool:
        return self.text_at(index - 1) == "."

    def is_defined(self, name: str) -> bool:
        """Whether the source has a function, class, variable or import of that name of its own."""
        for start, end in self.statements():
            words = [self.tokens[index].text for index in range(start, min(end, start + 40))]
            if name not in words:
                continue
            if words[0] in ("import", "from") or (name in words[1:3] and "def" in words[:2]):
                return True
            if words[:2] in ([name, "="], ["class", name]) or (words[0] == "for" and name in words[1:3]):
                return True
        return False

    def is_imported(self, module: str) -> bool:
        """Whether the source imports that module by its name."""
        for start, end in self.statements():
            if self.text_at(start) == "import" and any(
                self.text_at(index) == module and self.text_at(index - 1) in ("import", ",")
                for index in range(start, end)
            ):
                return True
        return False

    def enclosing(self, index: int) -> int:
        """The index of the bracket that `index` stands in; -1 where it stands in none."""
        depth = self.tokens[index].depth
        for at in range(index - 1, -1, -1):
            if self.tokens[at].depth < depth and self.tokens[at].text in ("(", "[", "{"):
                return at
        return -1

    def closing(self, index: int) -> int:
        """The index of the bracket that closes the one at `index`; the number of tokens where none does."""
        depth = self.tokens[index].depth
        for at in range(index + 1, len(self.tokens)):
            if self.tokens[at].depth <= depth and self.tokens[at].text in (")", "]", "}"):
                return at
            if self.tokens[at].first:
                break
        return len(self.tokens)

    def opening(self, index: int) -> int:
        """The index of the bracket that is closed at `index`; -1 where none is."""
        depth = self.tokens[index].depth
        for at in range(index - 1, -1, -1):
            if self.tokens[at].depth == depth and self.tokens[at].text in ("(", "[", "{"):
                return at
        return -1

    def receiver(self, index: int) -> str:
        """What stands before the dot in front of `index`: `req.headers_in`, `form[]`, `req.get_options()`."""
        pieces: list[str] = []
        at = index - 1
        while self.text_at(at) == ".":
            at -= 1
            ending = ""
            while self.text_at(at) in (")", "]"):
                ending = ("()" if self.text_at(at) == ")" else "[]") + ending
                at = self.opening(at) - 1
                if at < 0:
                    break
            if at < 0 or self.tokens[at].kind not in ("name", "string"):
                pieces.insert(0, ending)
                break
            pieces.insert(0, (self.tokens[at].text if self.tokens[at].kind == "name" else "''") + ending)
            at -= 1
        return ".".join(pieces)

    def start_of(self, index: int) -> int:
        """The index of the first token of the expression whose attribute is at `index`: of `x` in `x.y(1).z`."""
        at = index
        while self.text_at(at - 1) == ".":
            at -= 2
            while at >= 0 and self.text_at(at) in (")", "]"):
                opening = self.opening(at)
                is_called = self.tokens[opening - 1].kind == "name" or self.text_at(opening - 1) in (")", "]")
                if opening <= 0 or not is_called:
                    return opening
                at = opening - 1
        return at

    def statements(self) -> Iterator[tuple[int, int]]:
        """The first index of each statement, and the one after its last."""
        starts = [index for index, token in enumerate(self.tokens) if token.first]
        yield from zip(starts, [*starts[1:], len(self.tokens)])
