"""What ends a handler from anywhere: SERVER_RETURN (manual 4.2), the end of its time, a body without an end."""


class SERVER_RETURN(Exception):
    """Raise with a result, or with a result and a status, to end the handler."""

    __module__ = "_apache"


class Interrupted(BaseException):
    """Raised in a handler that is to end; `finally` is the place to clean up.

    No Exception: a handler that goes on after any of those would go on after this.
    """


class RequestTimeout(Interrupted):
    """It has run for longer than its pool's RequestTimeout."""


class ClientGone(Interrupted):
    """Nobody waits for its answer any more (InterruptAborted)."""


class BodyTooLarge(OSError):
    """Raised by `req.read` and the like: more of the body than `limit` bytes (LimitRequestBody) has come.

    Only where the body is read while it arrives (`RequestBuffering Off`) and no Content-Length told before. A handler that
    lets it pass answers 413.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"request body is larger than LimitRequestBody {limit}")
