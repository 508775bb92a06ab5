"""Where a handler may be interrupted, and what its traceback shows."""

import sys

from mpfcgi.worker import handlers, overtime


def stack(called):
    """The frames while `called(look)` runs as a handler; `look` takes them."""
    seen = []

    def look(*_):
        seen.append(sys._getframe())
        return 0

    handlers.run(lambda req: called(look), None)
    return seen[0]


def in_module(name):
    """A function that calls another, of a module called `name`."""
    space = {"__name__": name}
    exec("def between(function, *more):\n    return function(*more)", space)
    return space["between"]


def test_a_handler_may_be_interrupted():
    assert overtime.may_interrupt(stack(lambda look: look()))


def test_our_code_outside_of_handlers_may_not():
    assert not overtime.may_interrupt(sys._getframe())
    assert not overtime.may_interrupt(in_module("mpfcgi.worker.channel")(sys._getframe))


def test_a_response_that_is_being_sent_may_not():
    sending = in_module("mpfcgi.worker.exchange")
    assert not overtime.may_interrupt(stack(lambda look: sending(look)))


def test_what_the_api_does_for_a_handler_may():
    waiting = in_module("mpfcgi.api.Session")
    assert overtime.may_interrupt(stack(lambda look: waiting(look)))


def test_a_module_that_is_being_imported_may():
    importing = in_module("mpfcgi.importer.importer")
    assert overtime.may_interrupt(stack(lambda look: importing(look)))


def test_the_traceback_begins_with_the_handler():
    lines = overtime.stack_of(stack(lambda look: look())).splitlines()
    assert "in <lambda>" in lines[0]
    assert "in look" in lines[-2]
