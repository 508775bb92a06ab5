"""The PROXY protocol, versions 1 and 2: how a TCP proxy tells who the client is (haproxy's doc/proxy-protocol.txt).

Sans-IO: bytes in, an answer out.
"""

from __future__ import annotations

import ipaddress
import re
import struct
from typing import NamedTuple

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
# "The maximum line lengths the receiver must support including the CRLF" (section 2.1).
V1_LONGEST = 107
# Section 2.2: signature, version and command, family and protocol, length.
V2_HEADER = 16
# The block of a unix address is the largest (216); the rest is for TLVs, such as a certificate's name.
V2_LONGEST = 4096
# Family and protocol bytes: how the address is written, as struct has it.
V2_FAMILIES = {0x11: "!4s4sHH", 0x21: "!16s16sHH"}
_V1 = re.compile(rb"PROXY (TCP4|TCP6) (\S+) (\S+) (\d{1,5}) (\d{1,5})")

Address = tuple[str, int]


class BadHeader(ValueError):
    """The connection does not begin with a PROXY header."""


class Proxied(NamedTuple):
    """A header: the client, the address it connected to (both None where the proxy speaks for itself), its size."""

    client: Address | None
    local: Address | None
    size: int


def parse(data: bytes) -> Proxied | None:
    """The header at the beginning of `data`; None when more bytes are needed. BadHeader."""
    if data[: len(SIGNATURE)] == SIGNATURE[: len(data)]:
        return _parse_v2(data)
    if data[:6] == b"PROXY "[: len(data)]:
        return _parse_v1(data)
    raise BadHeader("the connection does not begin with a PROXY header")


def _parse_v1(data: bytes) -> Proxied | None:
    end = data.find(b"\r\n", 0, V1_LONGEST)
    if end < 0:
        if len(data) >= V1_LONGEST:
            raise BadHeader(f"the PROXY line is longer than {V1_LONGEST} bytes")
        return None
    line = data[:end]
    if re.match(rb"PROXY UNKNOWN(?: |$)", line):
        return Proxied(None, None, end + 2)
    found = _V1.fullmatch(line)
    if found is None:
        raise BadHeader("the PROXY line is malformed")
    family = 4 if found[1] == b"TCP4" else 6
    return Proxied(_address(family, found[2], found[4]), _address(family, found[3], found[5]), end + 2)


def _address(version: int, host: bytes, port: bytes) -> Address:
    try:
        address = ipaddress.ip_address(host.decode("ascii"))
    except ValueError:
        raise BadHeader("the PROXY line has a wrong address") from None
    if address.version != version or int(port) > 65535:
        raise BadHeader("the PROXY line has a wrong address")
    return str(address), int(port)


def _parse_v2(data: bytes) -> Proxied | None:
    if len(data) < V2_HEADER:
        return None
    version, family, length = struct.unpack_from("!BBH", data, len(SIGNATURE))
    if version not in (0x20, 0x21):
        raise BadHeader(f"the PROXY header has an unknown version and command {version:#x}")
    if length > V2_LONGEST:
        raise BadHeader(f"the PROXY header is longer than {V2_LONGEST} bytes")
    size = V2_HEADER + length
    if len(data) < size:
        return None
    layout = V2_FAMILIES.get(family)
    # LOCAL, and families that have no address to show: "the receiver must ignore address information".
    if version == 0x20 or layout is None:
        return Proxied(None, None, size)
    if length < struct.calcsize(layout):
        raise BadHeader("the PROXY header is too short for its addresses")
    source, destination, source_port, destination_port = struct.unpack_from(layout, data, V2_HEADER)
    return Proxied(
        (str(ipaddress.ip_address(source)), source_port),
        (str(ipaddress.ip_address(destination)), destination_port),
        size,
    )
