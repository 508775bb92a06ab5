"""Replay recorded answers of the real mod_python against the daemon behind a real nginx.

The corpus stands beside the repository (`../shared/parity`), or where MPFCGI_PARITY says. Run it by hand with
`python tests/parity/replay.py [--case REGEX]`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("MPFCGI_PARITY") or ROOT.parent / "shared" / "parity")
sys.path.insert(0, str(ROOT))

from mpfcgi.config import ConfigError, load_text  # noqa: E402
from tests.support.frontends import frontend  # noqa: E402
from tests.support.servers import Daemon, free_port, nginx  # noqa: E402

DEFINES = ("CORPUS",)
CONNECTION_SITE = "site_conn.conf"
HEAD = """\
ServerRoot {folder}
Listen unix:mpfcgi.sock mode=0666
<PythonPool "*">
    MaxProcesses 1
</PythonPool>
"""


APACHE = """\
Listen 127.0.0.1:{port}
AllowEncodedSlashes NoDecode
MergeSlashes Off
SetEnv ap_trust_cgilike_cl 1
TraceEnable Off
<Location "/">
    CGIPassAuth On
    Require all granted
</Location>
ProxyPass "/" "unix:{socket}|fcgi://mpfcgi/" enablereuse=on flushpackets=auto
"""


@contextlib.contextmanager
def apache(folder: Path, upstream: str) -> Iterator[int]:
    """A real Apache with mod_proxy_fcgi in front of the unix socket `upstream`; gives its port."""
    own = folder / "apache"
    own.mkdir()
    own.chmod(0o755)
    with frontend("apache", own, lambda port, _: APACHE.format(port=port, socket=upstream)) as (port, _):
        yield port


SERVERS = {"nginx": nginx, "apache": apache}


def departures(file: str = "departures.txt") -> dict[tuple[str, str], str]:
    """The answers that are not compared, by case and request, each with the reason."""
    lines = (Path(__file__).parent / file).read_text().splitlines()
    parts = [line.split(maxsplit=2) for line in lines if not line.startswith("#")]
    return {(case, request): why for case, request, why in parts}


DEPARTURES = departures()
# Those behind each web server.
DEPARTURES_BEHIND = {"nginx": DEPARTURES, "apache": DEPARTURES | departures("departures_apache.txt")}


def corpuslib():
    sys.path.insert(0, str(CORPUS))
    import corpuslib

    return corpuslib


def site_text(case: Path, folder: Path, ports: tuple[int, int], text: str) -> str:
    values = {
        "@ROOT@": case / "htdocs",
        "@CASE@": case,
        "@TMP@": folder / "tmp" / case.name.split("_")[0],
        "@LOG@": folder / "logs" / (case.name.split("_")[0] + ".log"),
        "@PORT@": ports[0],
        "@PORT2@": ports[1],
    }
    for mark, value in values.items():
        text = text.replace(mark, str(value))
    return text


def configuration(folder: Path, names: list[str], port: int, connection_ports: dict[str, int]) -> str:
    """The corpus's global settings and one virtual host for each case; a connection names no host, so that each case
    with connection handlers has a port of its own."""
    (folder / "logs").mkdir(exist_ok=True)
    parts = [HEAD.format(folder=folder), (CORPUS / "base.conf").read_text()]
    parts += [
        f"Listen 127.0.0.1:{connection_ports[name]} connection\n"
        for name in names
        if (folder / "cases" / name / CONNECTION_SITE).exists()
    ]
    (folder / "empty").mkdir(exist_ok=True)
    parts.append(f"<VirtualHost *>\nServerName fallback.test\nDocumentRoot {folder}/empty\n</VirtualHost>\n")
    for name in names:
        number = name.split("_")[0]
        own = folder / "tmp" / number
        wanted = json.loads((folder / "cases" / name / "requests.json").read_text())
        for made in [own, *(own / inner for inner in wanted.get("pretmp", ()))]:
            made.mkdir(parents=True, exist_ok=True)
            made.chmod(0o777)
        # Two are only there because the real module crashes with one.
        if wanted.get("workers", 1) > 2:
            parts.append(f'<PythonPool "{number}.test">\nMaxProcesses {wanted["workers"]}\n</PythonPool>\n')
        parts.append(configuration_of(folder / "cases" / name, folder, (port, connection_ports[name])))
    return "\n".join(parts)


def configuration_of(case: Path, folder: Path, ports: tuple[int, int]) -> str:
    """The directives and virtual hosts of one case."""
    parts = [site_text(case, folder, ports, path.read_text()) for path in case.glob("server.conf")]
    for site in sorted(path for path in case.iterdir() if re.match(r"site\w*\.conf$", path.name)):
        port = f":{ports[1]}" if site.name == CONNECTION_SITE else ""
        parts.append(f"<VirtualHost *{port}>\n{site_text(case, folder, ports, site.read_text())}\n</VirtualHost>\n")
    return "\n".join(parts)


@contextlib.contextmanager
def corpus(names: list[str], server: str = "nginx") -> Iterator[tuple[object, dict[str, object]]]:
    """The daemon and a web server with these cases; gives the client's environment and the cases by name."""
    lib = corpuslib()
    folder = Path(tempfile.mkdtemp(prefix="mpfcgi-parity-"))
    try:
        (folder / "cases").mkdir()
        for name in names:
            shutil.copytree(CORPUS / "cases" / name, folder / "cases" / name)
        # nginx's workers may be another user, and the corpus is read-only.
        subprocess.run(["chmod", "-R", "u+w,a+rX", folder], check=True)
        http_port, unused = free_port(), free_port()
        connection_ports = {
            name: free_port() if (folder / "cases" / name / CONNECTION_SITE).exists() else unused for name in names
        }
        daemon = Daemon(
            folder, configuration(folder, names, http_port, connection_ports), [f"-D{name}" for name in DEFINES]
        )
        try:
            with SERVERS[server](folder, daemon.socket) as port:
                env = lib.Env(
                    ("127.0.0.1", port),
                    None,
                    str(folder / "cases"),
                    str(folder / "logs"),
                    str(folder / "tmp"),
                )
                env.connection_ports = connection_ports
                env.server = server
                yield env, {name: lib.Case(str(folder / "cases" / name)) for name in names}
        finally:
            daemon.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def problems(env, case) -> list[str]:
    """The differences between what was recorded and what the daemon answers."""
    lib = corpuslib()
    env.conn_addr = ("127.0.0.1", env.connection_ports[case.dirname])
    found = []
    for wanted, got in zip(case.expected()["responses"], lib.run_case(env, case), strict=True):
        if (case.dirname, wanted["id"]) in DEPARTURES_BEHIND[env.server]:
            continue
        if env.server == "apache":
            wanted, got = _joined(wanted), _joined(got)
        found += [f"[{wanted['id']}] {text}" for text in lib.differences(wanted, got, {"content-length"})]
    return found


def _joined(response: dict) -> dict:
    """A response with repeated headers as one, as mod_proxy_fcgi passes them on: cookies alone stay apart."""
    if "headers" not in response:
        return response
    cookies = [[name, value] for name, value in response["headers"] if name.lower() == "set-cookie"]
    joined: dict[str, list[str]] = {}
    for name, value in response["headers"]:
        if name.lower() != "set-cookie":
            joined.setdefault(name.lower(), []).append(value)
    return response | {"headers": sorted([[name, ", ".join(values)] for name, values in joined.items()] + cookies)}


def case_names() -> list[str]:
    return sorted(path.name for path in (CORPUS / "cases").iterdir()) if CORPUS.is_dir() else []


def unreadable(name: str) -> str | None:
    """Why the daemon does not take a case's configuration."""
    folder = CORPUS / "cases" / name
    text = configuration_of(folder, Path("/tmp"), (80, 81))
    try:
        load_text(text, name, defines=frozenset(DEFINES))
    except ConfigError as error:
        return str(error)
    return None


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", default="")
    parser.add_argument("-v", action="store_true")
    parser.add_argument("--server", choices=SERVERS, default="nginx")
    arguments = parser.parse_args()
    names = [name for name in case_names() if re.search(arguments.case, name)]
    refused = {name: why for name in names if (why := unreadable(name)) is not None}
    for name, why in refused.items():
        print("FAIL", name, "\n   ", why)
    total = len(names)
    names = [name for name in names if name not in refused]
    good = 0
    with corpus(names, arguments.server) as (env, cases):
        for name, case in cases.items():
            try:
                found = problems(env, case)
            except Exception as error:
                found = [f"replay failed: {type(error).__name__}: {error}"]
            good += not found
            print("FAIL" if found else "pass", name)
            for text in found if arguments.v else found[:2]:
                print("    " + text[: 4000 if arguments.v else 300])
    print(f"{good} of {total} pass")
    return 0 if good == total else 1


if __name__ == "__main__":
    sys.exit(main())
