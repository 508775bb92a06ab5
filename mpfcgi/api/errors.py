"""SERVER_RETURN: how a handler ends its phase from anywhere (manual 4.2)."""


class SERVER_RETURN(Exception):
    """Raise with a result, or with a result and a status, to end the handler."""

    __module__ = "_apache"
