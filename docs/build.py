"""Write the reference pages from the code, so that they cannot tell anything else.

    build.py            write docs/directives.md and docs/api/*.md
    build.py --check    say whether docs/directives.md, which is kept in the repository, is out of date
    build.py --html DIR write the pages, and all of docs/ as HTML into DIR

The directives come from the registry (mpfcgi.config), the API from the docstrings of mpfcgi.api.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Any

DOCS = Path(__file__).parent
DIRECTIVES = DOCS / "directives.md"
# The modules of what handlers are given, and the class in each.
GIVEN = {
    "request": "mp_request", "connection": "mp_conn", "server": "mp_server", "filter": "mp_filter", "table": "mp_table",
    "finfo": "mp_finfo", "hlist": "mp_hlist",
}  # fmt: skip
PAGES = {name: module for module, name in GIVEN.items()}
# What modules offer beside their `__all__`; RedisSession needs a library of its own.
OFFERED = {"Session": ("RedisSession",), **{module: (name,) for module, name in GIVEN.items()}}
ORIGIN = "<!-- Written by docs/build.py from the code; edit that. -->\n"

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark; }}
pre, code {{ font: 14px/1.45 ui-monospace, monospace; }} pre {{ overflow-x: auto; padding: .8rem 1rem; background: #8881; }}
table {{ border-collapse: collapse; }} td, th {{ text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; }}
</style>
{body}
</html>
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the reference pages.")
    parser.add_argument("--check", action="store_true", help="write nothing, say what is out of date")
    parser.add_argument("--html", type=Path, metavar="DIR", help="write all pages as HTML too")
    options = parser.parse_args()
    if options.check:
        current = DIRECTIVES.exists() and DIRECTIVES.read_text() == directives_page()
        if not current:
            print(f"{DIRECTIVES} is out of date: run `make docs`", file=sys.stderr)
        return 0 if current else 1
    pages = reference_pages()
    for old in set((DOCS / "api").glob("*.md")) - pages.keys():
        old.unlink()
    for path, text in pages.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    if options.html:
        write_html(options.html)
    return 0


def reference_pages() -> dict[Path, str]:
    """Every generated page, by its path."""
    pages = {DIRECTIVES: directives_page()}
    for module in (*imported(), *given()):
        pages[DOCS / "api" / f"{short_name(module)}.md"] = module_page(module)
    pages[DOCS / "api" / "index.md"] = api_index()
    return pages


# Directives


def directives_page() -> str:
    """The page of all directives, in alphabetical order."""
    from mpfcgi.config import directives as d

    specs = sorted(d.REGISTRY.values(), key=lambda spec: spec.name.lower())
    out = [
        ORIGIN,
        "# Directives\n",
        "Where each may stand: "
        + ", ".join(f"**{letter}** {cell(name)}" for letter, name in d.CONTEXT_NAMES.items())
        + ". “Override” is the class that `AllowOverride` must name before the directive works in an `.htaccess` "
        "file. Numbers are sections of the mod_python manual. Case does not matter in names.\n",
        "| directive | arguments | where | override | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for spec in specs:
        syntax = f"`{spec.syntax}`".replace("|", "\\|")
        out.append(
            f"| `{spec.name}` | {syntax} | {spec.contexts} | {spec.override or ''} | {cell(sentence(spec.help))} |"
        )
    said = {d.SPELLED[name]: why for known in (d.REFUSED, d.IGNORED_BECAUSE) for name, why in known.items()}
    for title, text, names in (
        ("Refused", "Their silent loss would change who gets in or what is served.", d.REFUSED.keys()),
        ("Ignored", "Accepted, and reported as ignored, each for its reason.", d.IGNORED_BECAUSE.keys()),
        (
            "The front-end's",
            "Accepted, and reported as ignored: the web server does this work.",
            d.FRONT_END - d.IGNORED_BECAUSE.keys(),
        ),
    ):
        out += section(title, text, {d.SPELLED[name]: said.get(d.SPELLED[name], "") for name in names})
    return "\n".join(out) + "\n"


def section(title: str, text: str, names: Mapping[str, str]) -> list[str]:
    """A list of names, with what is said of each where something is; nothing for no names."""
    ordered = sorted(names, key=str.lower)
    if any(names.values()):
        lines = [f"- `{name}`: {cell(names[name])}" for name in ordered]
    else:
        lines = [", ".join(f"`{name}`" for name in ordered)]
    return [f"\n## {title}\n", text + "\n", *lines] if names else []


def cell(text: str) -> str:
    return escape(text, quote=False).replace("|", "\\|").replace("\n", " ")


def sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else text + "."


# The API


def imported() -> list[ModuleType]:
    """The modules that handlers import."""
    from mpfcgi.api.alias import MODULES

    return [importlib.import_module(f"mpfcgi.api.{name}") for name in MODULES if not name.startswith("_")]


def given() -> list[ModuleType]:
    """The modules of the objects that handlers are given."""
    return [importlib.import_module(f"mpfcgi.api.{name}") for name in GIVEN]


def short_name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def api_index() -> str:
    out = [ORIGIN, "# The API"]
    for title, modules in (
        ("What handlers import, from `mod_python`", imported()),
        ("What they are given", given()),
    ):
        out.append(f"\n## {title}\n")
        for module in modules:
            first = (inspect.getdoc(module) or "").partition("\n")[0]
            out.append(f"- [{short_name(module)}]({short_name(module)}.md): {first}")
    return "\n".join(out) + "\n"


def module_page(module: ModuleType) -> str:
    """A module's docstring, then its public classes and functions that have one, then the names of its constants."""
    out = [ORIGIN, f"# {short_name(module)}\n", inspect.getdoc(module) or "", ""]
    for name, thing in public(module):
        page = PAGES.get(getattr(thing, "__name__", ""))
        if page is not None and page != short_name(module):
            out += [f"## `{name}`\n", f"See [{page}]({page}.md).", ""]
        elif inspect.isclass(thing):
            out += class_section(name, thing)
        else:
            out += entry("##", f"{name}{signature(thing)}", thing)
    constants = [
        name for name in getattr(module, "__all__", ()) if name.isupper() and not callable(getattr(module, name))
    ]
    if constants:
        out += ["## Constants\n", ", ".join(f"`{name}`" for name in constants), ""]
    return "\n".join(out).rstrip() + "\n"


def class_section(name: str, cls: type) -> list[str]:
    out = entry("##", f"class {name}", cls)
    for member_name, raw in members(cls).items():
        member = raw.__func__ if isinstance(raw, (staticmethod, classmethod)) else raw
        if member_name.startswith("_") or not inspect.getdoc(member):
            continue
        if inspect.isfunction(member):
            out += entry("###", f"{name}.{member_name}{signature(member, bound=True)}", member)
        elif isinstance(member, property):
            out += entry("###", f"{name}.{member_name}", member)
    return out


def members(cls: type) -> dict[str, Any]:
    """Those of a class, and of what is mixed into it; its base classes have sections of their own."""
    mixed = [base for base in cls.__mro__[1:] if (base.__doc__ or "").startswith("Mixed into")]
    found: dict[str, Any] = {}
    for part in (cls, *mixed):
        found.update((name, raw) for name, raw in vars(part).items() if name not in found)
    return found


def entry(level: str, title: str, thing: object) -> list[str]:
    return [f"{level} `{title}`\n", as_markdown(inspect.getdoc(thing) or ""), ""]


def public(module: ModuleType) -> Iterable[tuple[str, Any]]:
    """The classes and functions that a module offers, with a docstring: those it names, or else its own."""
    # What handlers import by other names has those names' modules, so the source is asked.
    classes = set(re.findall(r"^class (\w+)", inspect.getsource(module), re.M))
    named = dict.fromkeys([*getattr(module, "__all__", ()), *OFFERED.get(short_name(module), ())])
    for name in named or vars(module):
        thing = getattr(module, name)
        own = getattr(thing, "__module__", None) == module.__name__ or (inspect.isclass(thing) and name in classes)
        if not (named or own) or name.startswith("_") or not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        if inspect.getdoc(thing) and not ("__doc__" in vars(thing) and not thing.__doc__):
            yield name, thing


def signature(function: Any, *, bound: bool = False) -> str:
    """The arguments without their types: the types stand in the docstring in the reader's words."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[1 if bound else 0 :]
    except (TypeError, ValueError):
        return "()"
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    text = str(inspect.Signature(bare))
    # A default without a literal form (<object object at 0x7f..>) would change with every run.
    return re.sub(r"<([\w.]+)[^<>]*>", r"<\1>", text)


def as_markdown(text: str) -> str:
    """Docstrings are Markdown but for their headings: make those bold, a paragraph of their own."""
    return re.sub(r"^(Args|Arguments|Returns|Raises|Source|Example|Examples):$", r"\n**\1:**\n", text, flags=re.M)


# HTML


def write_html(folder: Path) -> None:
    """All of docs/ as HTML. Needs the extra `docs`."""
    from markdown import markdown

    for source in sorted(DOCS.rglob("*.md")):
        # A reader of the repository is sent to the docstrings, whose pages are there only now.
        text = source.read_text().replace("](../mpfcgi/api)", "](api/index.md)")
        title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), source.stem)
        body = markdown(text, extensions=["tables", "fenced_code", "toc"])
        body = re.sub(r'href="(?!https?:)([^"#]+)\.md(#[^"]*)?"', r'href="\1.html\2"', body)
        target = (folder / source.relative_to(DOCS)).with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(PAGE.format(title=escape(title), body=body))
    print(f"{folder / 'index.html'}")


if __name__ == "__main__":
    sys.exit(main())
