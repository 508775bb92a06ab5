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
import pkgutil
import re
import sys
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Any

DOCS = Path(__file__).parent
DIRECTIVES = DOCS / "directives.md"
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
    for path, text in reference_pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    if options.html:
        write_html(options.html)
    return 0


def reference_pages() -> dict[Path, str]:
    """Every generated page, by its path."""
    pages = {DIRECTIVES: directives_page()}
    modules = list(api_modules())
    for module in modules:
        pages[DOCS / "api" / f"{short_name(module)}.md"] = module_page(module)
    pages[DOCS / "api" / "index.md"] = api_index(modules)
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
        ("Not supported yet", "An error, so that nothing is silently lost.", d.NOT_YET),
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


def api_modules() -> Iterable[ModuleType]:
    """The modules that handlers import, in alphabetical order; private ones are left out."""
    import mpfcgi.api

    for info in sorted(pkgutil.iter_modules(mpfcgi.api.__path__), key=lambda info: info.name.lower()):
        if not info.name.startswith("_"):
            yield importlib.import_module(f"mpfcgi.api.{info.name}")


def short_name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def api_index(modules: Iterable[ModuleType]) -> str:
    out = [ORIGIN, "# The API\n", "What handlers import as `mod_python`, module by module.\n"]
    for module in modules:
        first = (inspect.getdoc(module) or "").partition("\n")[0]
        out.append(f"- [{short_name(module)}]({short_name(module)}.md): {first}")
    return "\n".join(out) + "\n"


def module_page(module: ModuleType) -> str:
    """A module's docstring, then its public classes and functions that have one."""
    out = [ORIGIN, f"# {short_name(module)}\n", inspect.getdoc(module) or "", ""]
    for name, thing in public(module):
        if inspect.isclass(thing):
            out += class_section(name, thing)
        else:
            out += entry("##", f"{name}{signature(thing)}", thing)
    return "\n".join(out).rstrip() + "\n"


def class_section(name: str, cls: type) -> list[str]:
    out = entry("##", f"class {name}", cls)
    for member_name, raw in vars(cls).items():
        member = raw.__func__ if isinstance(raw, staticmethod | classmethod) else raw
        if member_name.startswith("_") or not inspect.getdoc(member):
            continue
        if inspect.isfunction(member):
            out += entry("###", f"{name}.{member_name}{signature(member, bound=True)}", member)
        elif isinstance(member, property):
            out += entry("###", f"{name}.{member_name}", member)
    return out


def entry(level: str, title: str, thing: object) -> list[str]:
    return [f"{level} `{title}`\n", as_markdown(inspect.getdoc(thing) or ""), ""]


def public(module: ModuleType) -> Iterable[tuple[str, Any]]:
    """The module's own public classes and functions with a docstring, in the order of the source."""
    # What handlers import by other names has those names' modules, so the source is asked.
    classes = set(re.findall(r"^class (\w+)", inspect.getsource(module), re.M))
    for name, thing in vars(module).items():
        own = getattr(thing, "__module__", None) == module.__name__ or (inspect.isclass(thing) and name in classes)
        if own and not name.startswith("_") and (inspect.isclass(thing) or inspect.isfunction(thing)):
            if "__doc__" in vars(thing) and not thing.__doc__:
                continue
            if inspect.getdoc(thing):
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
