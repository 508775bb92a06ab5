"""Formats of LogFormat and CustomLog."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.config import ConfigError
from mpfcgi.worker import logformat


@pytest.mark.parametrize(
    "text", ["%", "%z", "%{x}", "a %!", "%{x}%", "%200%", "%{ns}T", "%{x}p", "%{x}P", "%^ti", "%{X}^to", "%^FB"]
)
def test_an_unknown_log_format_is_a_config_error(text):
    with pytest.raises(ConfigError):
        logformat.compile_format(text)


@given(st.text("%hlutrsbiDoTpP{}<>!,2^X\\n", max_size=12))
def test_any_log_format_compiles_or_is_a_config_error(text):
    try:
        logformat.compile_format(text)
    except ConfigError:
        pass
