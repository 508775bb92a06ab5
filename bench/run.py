"""The benchmark: every row behind the same nginx, asked by wrk in interleaved rounds.

    run.py [--only ours,floor,php] [--rounds 3] [--seconds 4]

The machine's speed wanders, so every round asks every row once, in an order that turns from round to round,
and a row's ratio is to the floor of its own round. Peers that are not installed are named and left out.
Writes bench/out/bench.json and bench/out/bench.svg; the table goes to standard output.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import report
from measure import Sample, measure
from nginx import Nginx
from peers import ALL, Missing, Peer, Workshop
from peers.base import installed

HERE = Path(__file__).parent
BODY = b"Hello World!"
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> int:
    options = parse_arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mpfcgi-bench-")))
        folder.chmod(0o755)  # Apache's and PHP's children are other users
        shop = Workshop(folder, options.processes, options.clients)
        shutil.copytree(HERE / "apps", shop.apps, ignore=shutil.ignore_patterns("__pycache__"))
        try:
            wrk = installed("wrk", "wrk")
            peers = start_peers([ALL[key](shop) for key in options.only], stack)
            nginx = Nginx(shop, [p for p in peers if p.protocol])
            if nginx.behind:
                stack.callback(nginx.stop)
                nginx.start()
        except Missing as missing:
            print(f"bench: cannot run without it: {missing}", file=sys.stderr)
            return 1
        peers = [peer for peer in peers if answers(peer)]
        if not peers:
            print("bench: no row could be started", file=sys.stderr)
            return 1
        warm_up(peers, wrk, options)
        rounds = [ask_all(turn(peers, i), wrk, options, i) for i in range(options.rounds)]
    rows = [report.make_row(p.key, p.title, p.note, p.processes, rounds) for p in peers]
    publish(rows, rounds, options)
    failed = [row.title for row in rows if row.failures]
    if failed:
        print(f"bench: requests failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure mpfcgi beside its peers.")
    parser.add_argument("--only", default="", metavar="ROWS", help="of: " + ", ".join(ALL))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="of wrk, per row and round")
    parser.add_argument("--threads", type=int, default=1, help="of wrk")
    parser.add_argument("--clients", type=int, default=16, help="connections that wrk keeps")
    parser.add_argument("--processes", type=int, default=2, help="workers for each row")
    parser.add_argument("--out", type=Path, default=HERE / "out")
    options = parser.parse_args()
    options.only = [key for key in options.only.replace(",", " ").split() if key] or list(ALL)
    unknown = [key for key in options.only if key not in ALL]
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(ALL)}")
    return options


def start_peers(peers: Sequence[Peer], stack: ExitStack) -> list[Peer]:
    """Start each peer; those that are missing or will not start are named and left out."""
    running = []
    for peer in peers:
        stack.callback(peer.stop)
        try:
            peer.start()
        except (Missing, RuntimeError) as problem:
            what = f"is missing: {problem}" if isinstance(problem, Missing) else str(problem)
            print(f"bench: skipped: {peer.title} {what}", file=sys.stderr)
            peer.stop()
        else:
            running.append(peer)
    return running


def url(peer: Peer) -> str:
    return f"http://127.0.0.1:{peer.port}{peer.script}"


def answers(peer: Peer) -> bool:
    """Whether the row gives the one answer that all must give."""
    try:
        with DIRECTLY.open(url(peer), timeout=10) as response:
            body = response.read()
    except OSError as problem:
        body = str(problem).encode()
    if body != BODY:
        print(f"bench: skipped: {peer.title} answers {body[:200]!r}\n{peer.log()}", file=sys.stderr)
    return body == BODY


def warm_up(peers: Sequence[Peer], wrk: str, options: argparse.Namespace) -> None:
    """A second of load that does not count, so that no row pays for its imports and first connections."""
    for peer in peers:
        cookies = cookies_for(peer, options.clients)
        measure(wrk, url(peer), [], seconds=1, threads=1, clients=options.clients, cookies=cookies)


def turn(peers: Sequence[Peer], by: int) -> list[Peer]:
    by %= len(peers)
    return [*peers[by:], *peers[:by]]


def ask_all(peers: Sequence[Peer], wrk: str, options: argparse.Namespace, number: int) -> dict[str, Sample]:
    samples = {}
    for peer in peers:
        print(f"bench: round {number + 1}/{options.rounds}: {peer.title}", file=sys.stderr)
        samples[peer.key] = measure(
            wrk,
            url(peer),
            peer.pids(),
            seconds=options.seconds,
            threads=options.threads,
            clients=options.clients,
            cookies=cookies_for(peer, options.clients),
        )
    return samples


def cookies_for(peer: Peer, count: int) -> list[str]:
    """The Cookie headers of as many new sessions, where the row has sessions."""
    cookies = []
    for _ in range(count if peer.sessions else 0):
        with DIRECTLY.open(url(peer), timeout=10) as response:
            cookies.append(response.headers["Set-Cookie"].partition(";")[0])
    return cookies


def publish(rows: Sequence[report.Row], rounds: Sequence[dict[str, Sample]], options: argparse.Namespace) -> None:
    settings = {name: getattr(options, name) for name in ("rounds", "seconds", "threads", "clients", "processes")}
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "bench.json").write_text(report.as_json(rows, settings, rounds))
    (options.out / "bench.svg").write_text(report.plot(rows))
    print(report.table(rows))
    print(f"\n{report.machine()}; wrk -t{options.threads} -c{options.clients}, "
          f"{options.rounds} rounds of {options.seconds} s")  # fmt: skip
    print(f"{options.out / 'bench.json'}\n{options.out / 'bench.svg'}")


if __name__ == "__main__":
    sys.exit(main())
