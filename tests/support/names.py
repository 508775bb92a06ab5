"""A name server for the tests, which this process and those that it starts ask in the place of the machine's own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

ADDRESS = "127.0.0.77"
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
IPV4, POINTER, NO_SUCH_NAME = 1, 12, 3
FILES = {
    "/etc/resolv.conf": f"nameserver {ADDRESS}\noptions timeout:2 attempts:1\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: dns\n",
}


@contextlib.contextmanager
def name_server(folder: Path, names: Mapping[str, str], addresses: Mapping[str, list[str]]) -> Iterator[None]:
    """`names` has the name of an address, `addresses` those of a name. Needs root."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(function: str, *arguments) -> None:
        if getattr(libc, function)(*arguments) != 0:
            raise OSError(ctypes.get_errno(), f"{function} {arguments}")

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((ADDRESS, 53))
        # What is mounted from here on is seen by this process and its children only.
        call("unshare", CLONE_NEWNS)
        call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        with contextlib.ExitStack() as stack:
            for place, text in FILES.items():
                path = folder / os.path.basename(place)
                path.write_text(text)
                path.chmod(0o644)
                call("mount", os.fsencode(path), place.encode(), None, MS_BIND, None)
                stack.callback(call, "umount", place.encode())
            threading.Thread(target=_serve, args=(sock, names, addresses), daemon=True).start()
            stack.callback(sock.sendto, b"", (ADDRESS, 53))
            yield


def _serve(sock: socket.socket, names: Mapping[str, str], addresses: Mapping[str, list[str]]) -> None:
    while question := sock.recvfrom(512):
        packet, client = question
        if not packet:
            return
        labels, at = [], 12
        while length := packet[at]:
            labels.append(packet[at + 1 : at + 1 + length].decode())
            at += 1 + length
        kind = struct.unpack_from(">H", packet, at + 1)[0]
        if kind == POINTER:
            known = names.get(".".join(reversed(labels[:4])))
            answers = [_encoded(known)] if known else []
        else:
            known = addresses.get(".".join(labels).lower())
            answers = [socket.inet_aton(address) for address in known or () if kind == IPV4]
        flags = 0x8180 | (0 if known else NO_SUCH_NAME)
        head = packet[:2] + struct.pack(">HHHHH", flags, 1, len(answers), 0, 0)
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(answer)) + answer for answer in answers)
        sock.sendto(head + packet[12 : at + 5] + records, client)


def _encoded(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
