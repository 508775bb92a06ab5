"""Where a configuration is looked for. Imports next to nothing: `mpfcgi cgi` starts anew for each request."""

from __future__ import annotations

import os

# The system's configuration.
SYSTEM = "/etc/mpfcgi/mpfcgi.conf"


def of_the_user() -> list[str]:
    """The places of a user's own configuration, then the system's."""
    home = os.path.expanduser("~")
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    return [
        os.path.join(config, "mpfcgi", "mpfcgi.conf"),
        os.path.join(os.environ.get("MPFCGI_HOME") or os.path.join(home, ".mpfcgi"), "mpfcgi.conf"),
        SYSTEM,
    ]


def first(places: list[str]) -> str | None:
    """The first that exists."""
    return next((place for place in places if os.path.exists(place)), None)


def none_of(places: list[str]) -> str:
    """That no place has a configuration, and why not."""
    looked = []
    for place in places:
        try:
            os.stat(place)
        except OSError as error:
            why = "" if isinstance(error, FileNotFoundError) else f" ({error.strerror})"
            looked.append(f"{place if os.path.isabs(place) else f'{place} here'}{why}")
    return f"there is no configuration; looked for {', '.join(looked)}; name one with -c"
