"""A real Chromium without a window, driven through its DevTools protocol (chromedevtools.github.io/devtools-protocol).

The protocol runs over a pair of pipes, so that a library for it is not needed, nor a port: what is written to the
browser's descriptor 3 are commands, what it writes to 4 are results and events, each JSON with a NUL behind it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--no-first-run", "--remote-debugging-pipe",
)  # fmt: skip


class Browser:
    """One page of a Chromium with its profile in `folder`. The test is skipped where there is no Chromium."""

    def __init__(self, folder: Path) -> None:
        # 300 MB to install: unlike the servers, it is not asked for under CI=true.
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if program is None:
            pytest.skip("chromium is not installed")
        commands, self._to = _pipe()
        incoming, answers = _pipe()
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{commands} 4>&{answers}', "-", program, *OPTIONS,
             f"--user-data-dir={folder}", "about:blank"],
            pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(commands)
        os.close(answers)
        self._incoming = os.fdopen(incoming, "rb")
        self._last = 0
        self._session: str | None = None
        self._events: list[str] = []
        # Who asks for a name and a password gets these, or none.
        self.credentials: tuple[str, str] | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Fetch.enable", handleAuthRequests=True)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol; its result."""
        number = self._send(method, params)
        while (message := self._message()).get("id") != number:
            pass
        assert "error" not in message, (method, message["error"])
        return message["result"]

    def evaluate(self, expression: str) -> Any:
        """The value of some JavaScript in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, (expression, found["exceptionDetails"])
        return found["result"].get("value")

    def open(self, address: str) -> None:
        """Go to an address, and wait until its page is there."""
        self._events.clear()
        assert "errorText" not in self.call("Page.navigate", url=address)
        self._loaded()

    def fill(self, selector: str, text: str) -> None:
        """Type into a field, over what is in it."""
        self.evaluate(f"{_element(selector)}.focus(); {_element(selector)}.select()")
        self.call("Input.insertText", text=text)

    def choose(self, selector: str, *paths: Path) -> None:
        """Choose files to upload."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=list(map(str, paths)))

    def click(self, selector: str) -> None:
        """Click what leads to another page, and wait until that is there."""
        self._events.clear()
        self.evaluate(f"{_element(selector)}.click()")
        self._loaded()

    @property
    def text(self) -> str:
        """What can be read on the page."""
        return self.evaluate("document.body.innerText")

    @property
    def path(self) -> str:
        return self.evaluate("location.pathname")

    @property
    def status(self) -> int:
        """The HTTP status that the page came with."""
        return self.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")

    def forget(self) -> None:
        """Be a new visitor."""
        self.call("Network.clearBrowserCookies")

    def close(self) -> None:
        os.close(self._to)
        self._incoming.close()
        self._process.terminate()
        self._process.wait(20)

    def _loaded(self) -> None:
        while "Page.loadEventFired" not in self._events:
            self._message()

    def _send(self, method: str, params: dict[str, Any]) -> int:
        self._last += 1
        command = {"id": self._last, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._to, json.dumps(command).encode() + b"\0")
        return self._last

    def _message(self) -> dict[str, Any]:
        """The next result or event. The browser waits for an answer to some events: they are answered."""
        data = bytearray()
        while (byte := self._incoming.read(1)) != b"\0":
            assert byte, f"the browser ended with {self._process.wait(20)}"
            data += byte
        message = json.loads(data)
        method = message.get("method", "")
        self._events.append(method)
        if method == "Fetch.requestPaused":
            self._send("Fetch.continueRequest", {"requestId": message["params"]["requestId"]})
        elif method == "Fetch.authRequired":
            answer = {"response": "CancelAuth"}
            if self.credentials is not None:
                name, password = self.credentials
                answer = {"response": "ProvideCredentials", "username": name, "password": password}
                # Once: a browser would ask its user again.
                self.credentials = None
            self._send(
                "Fetch.continueWithAuth",
                {"requestId": message["params"]["requestId"], "authChallengeResponse": answer},
            )
        return message


def _pipe() -> tuple[int, int]:
    """A pipe whose descriptors are none of those that the browser is to find."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return high


def _element(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"
