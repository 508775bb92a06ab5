"""PROXY headers, versions 1 and 2, in any pieces."""

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.worker.proxy_protocol import SIGNATURE, BadHeader, Proxied, parse

PORTS = st.integers(0, 65535)


def v1(client, local):
    family = "TCP4" if client[0].version == 4 else "TCP6"
    return f"PROXY {family} {client[0]} {local[0]} {client[1]} {local[1]}\r\n".encode()


def v2(client, local, extra=b""):
    family = 0x11 if client[0].version == 4 else 0x21
    block = client[0].packed + local[0].packed + struct.pack("!HH", client[1], local[1]) + extra
    return SIGNATURE + struct.pack("!BBH", 0x21, family, len(block)) + block


@st.composite
def headers(draw):
    addresses = st.ip_addresses(v=draw(st.sampled_from((4, 6))))
    client, local = (draw(addresses), draw(PORTS)), (draw(addresses), draw(PORTS))
    header = draw(st.sampled_from((v1(client, local), v2(client, local), v2(client, local, b"\x04\0\x03abc"))))
    return header, Proxied((str(client[0]), client[1]), (str(local[0]), local[1]), len(header))


@given(headers(), st.binary(max_size=20))
def test_a_header_is_read_whole_and_what_follows_left_alone(sample, rest):
    header, wanted = sample
    assert parse(header + rest) == wanted
    assert all(parse(header[:end]) is None for end in range(len(header)))


@given(
    st.binary(max_size=60), st.sampled_from((b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11\0\x0c"))
)
def test_any_bytes_are_a_header_an_unfinished_one_or_an_error(data, start):
    try:
        found = parse(start + data)
    except BadHeader:
        return
    assert found is None or found.size <= len(start + data)


@pytest.mark.parametrize(
    "header", [b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN ffff::1 ::1 1 2\r\n", SIGNATURE + b"\x20\x00\0\0",
               SIGNATURE + b"\x21\x31\0\x02ab"]
)  # fmt: skip
def test_a_proxy_that_speaks_for_itself_or_of_unknown_families_names_nobody(header):
    assert parse(header + b"hello") == Proxied(None, None, len(header))


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
        b"PROXY TCP4 ::1 ::1 1 2\r\n",
        b"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        b"PROXY TCP4 \xff 1.2.3.4 1 2\r\n",
        b"PROXY " + b"x" * 200,
        SIGNATURE + b"\x31\x11\0\x0c" + bytes(12),
        SIGNATURE + b"\x21\x11\0\x04" + bytes(4),
        SIGNATURE + b"\x21\x11\xff\xff",
    ],
)
def test_what_is_no_header_is_refused(data):
    with pytest.raises(BadHeader):
        parse(data)


def test_an_address_is_shown_in_its_usual_form():
    address = ipaddress.ip_address("2001:db8:0:0::1"), 5
    assert parse(v2(address, address)).client == ("2001:db8::1", 5)
