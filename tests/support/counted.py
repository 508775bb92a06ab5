"""Text that counts how often it is compared with other text: for costs that must not grow with a configuration."""


class Counted(str):
    """`compared` is the number for all of them, since it was last set to 0."""

    compared = 0

    def __eq__(self, other):
        Counted.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__
