"""A world for pages that are tested without a server."""

from mpfcgi.worker.ssi_page import Page, PageEnded, PageSettings
from mpfcgi.worker.ssi_text import Problem

ERROR = "[an error occurred while processing this directive]"


class World:
    """Remembers what a page did; its files, pages and variables are dictionaries."""

    request_time = 1_700_000_000.0
    modified = 1_600_000_000.0

    def __init__(self, variables=None, files=None, may_execute=True):
        self.variables = {"NAME": "value", "QUERY_STRING": "q=1", **(variables or {})}
        self.files = files or {}
        self.may_execute = may_execute
        self.facts = self
        self.sent = []
        self.problems = []
        self.ran = []

    def write(self, data):
        self.sent.append(data)

    def log(self, text):
        self.problems.append(text)

    def include(self, target, virtual):
        if target not in self.files:
            raise Problem(f"{target} is missing")
        self.write(self.files[target].encode())

    def status(self, target, virtual):
        if target not in self.files:
            raise Problem(f"{target} is missing")
        return len(self.files[target]), self.modified

    def run_command(self, command):
        self.ran.append(command)

    def run_handler(self, uri):
        self.ran.append(uri)

    def run_python(self, kind, code):
        self.ran.append((kind, code))
        if code == "end":
            raise PageEnded

    def server_variable(self, name):
        known = {"REQUEST_METHOD": "GET", "QUERY_STRING": "q=1", "REQUEST_URI": "/t/p", "REMOTE_ADDR": "127.0.0.1"}
        return known.get(name)

    def page_variable(self, name):
        return self.variables.get(name)

    def note(self, name):
        return None

    def accessible(self, uri):
        return uri == "/open"

    def header_in(self, name):
        return "example.test" if name == "Host" else None

    def header_out(self, name):
        return "text/html" if name == "Content-Type" else None


def shown(source, world=None, *, legacy=False, **settings):
    """What becomes of a page; `E` stands for the error message."""
    world = world or World()
    page = Page(world, PageSettings(legacy=legacy, **settings))
    page.feed(source if isinstance(source, bytes) else source.encode())
    page.close()
    return b"".join(world.sent).decode("utf-8", "surrogateescape").replace(ERROR, "E")


def holds(condition, legacy=False, variables=None):
    """ "1" when a condition holds, "0" when it does not, "E" when it is none."""
    quote = "`"
    source = f"<!--#if expr={quote}{condition}{quote} -->1<!--#else -->0<!--#endif -->"
    return shown(source, World(variables), legacy=legacy)
