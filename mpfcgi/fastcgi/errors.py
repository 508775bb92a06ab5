"""The one error of the wire."""


class ProtocolError(Exception):
    """The peer does not speak FastCGI 1.0. The connection can't be used any more and must be closed."""
