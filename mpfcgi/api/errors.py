"""What ends a handler from anywhere: SERVER_RETURN (manual 4.2), and the end of its time."""


class SERVER_RETURN(Exception):
    """Raise with a result, or with a result and a status, to end the handler."""

    __module__ = "_apache"


class RequestTimeout(BaseException):
    """Raised in a handler that has run for longer than its pool's RequestTimeout; `finally` is the place to clean up.

    No Exception: a handler that goes on after any of those would go on after this.
    """
