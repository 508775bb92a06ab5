"""The rules: Apache-style configuration text into immutable answers. Reads files; opens no sockets, runs no code."""

from mpfcgi.config.filetypes import FileType, FileTypes
from mpfcgi.config.interpreters import (
    connection_interpreters,
    imports,
    needs_router,
    static_interpreters,
)
from mpfcgi.config.loader import load, load_text
from mpfcgi.config.model import Config, ConfigError, Listen, Mistakes, Place, PoolSettings, Server
from mpfcgi.config.naming import varies_within
from mpfcgi.config.pools import pool_for
from mpfcgi.config.resolver import Resolver, Resource
from mpfcgi.config.settings import Settings
from mpfcgi.config.translate import RequestURI, parse_uri, request_uri

__all__ = [
    "Config",
    "ConfigError",
    "FileType",
    "FileTypes",
    "Listen",
    "Mistakes",
    "Place",
    "PoolSettings",
    "RequestURI",
    "Resolver",
    "Resource",
    "Server",
    "Settings",
    "connection_interpreters",
    "imports",
    "load",
    "load_text",
    "needs_router",
    "parse_uri",
    "pool_for",
    "request_uri",
    "static_interpreters",
    "varies_within",
]
