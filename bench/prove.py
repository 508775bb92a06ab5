"""Proofs of what docs/processes.md promises, each with a real daemon behind a real nginx under load.

    prove.py [--only fairness,kills] [--scale 0.1]

They take some minutes; `--scale` shortens them. Exit code 1 when a claim does not hold.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from peers import Missing, Workshop
from proofs import ALL

HERE = Path(__file__).parent


def main() -> int:
    options = parse_arguments()
    try:
        outcomes = [proved(name, options.scale) for name in options.only]
    except Missing as missing:
        print(f"prove: cannot run without it: {missing}", file=sys.stderr)
        return 1
    return 0 if all(outcomes) else 1


def proved(name: str, scale: float) -> bool:
    """Run the proof `name`, and print its claims; whether all hold."""
    holds = True
    with tempfile.TemporaryDirectory(prefix="mpfcgi-proof-") as folder:
        Path(folder).chmod(0o755)
        shop = Workshop(Path(folder), 4, 16)
        shutil.copytree(HERE / "apps", shop.apps, ignore=shutil.ignore_patterns("__pycache__"))
        for claim in ALL[name](shop, scale):
            print(f"{name:10} {claim}", flush=True)
            holds = holds and claim.holds
    return holds


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Prove what mpfcgi promises of its processes.")
    parser.add_argument("--only", default="", metavar="PROOFS", help="of: " + ", ".join(ALL))
    parser.add_argument("--scale", type=float, default=1.0, help="of the load: 0.1 for a tenth")
    options = parser.parse_args()
    options.only = [name for name in options.only.replace(",", " ").split() if name] or list(ALL)
    unknown = [name for name in options.only if name not in ALL]
    if unknown:
        parser.error(f"no such proof: {', '.join(unknown)}; there are {', '.join(ALL)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
