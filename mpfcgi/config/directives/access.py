"""Who gets in: users, their passwords, hosts."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from mpfcgi.config.directives.arguments import BadValue, choice, flag, one, words
from mpfcgi.config.directives.merging import append
from mpfcgi.config.directives.registry import declare


@dataclass(frozen=True)
class Rule:
    """One Require line, or a container of rules. `methods` are those it holds for (of <Limit>); None for all."""

    kind: str
    args: tuple[str, ...] = ()
    negated: bool = False
    rules: tuple[Rule, ...] = ()
    methods: frozenset[str] | None = None
    except_methods: bool = False

    @property
    def only_denies(self) -> bool:
        """Whether it can keep out, and never lets in."""
        return self.negated or self.kind == "none-of"


@dataclass(frozen=True)
class HostRule:
    """An Order, Allow, Deny or Satisfy line: its words, and the methods it holds for, as of a `Rule`."""

    words: tuple[str, ...]
    methods: frozenset[str] | None = None
    except_methods: bool = False


def counted_as(method: str) -> str:
    """The method whose rules hold for `method`: those of GET for HEAD, as in Apache."""
    return "GET" if method.upper() == "HEAD" else method


def holds_for(rule: Rule | HostRule, method: str) -> bool:
    """Whether a rule's own <Limit> or <LimitExcept> lets it hold for a method."""
    return rule.methods is None or (counted_as(method) in rule.methods) != rule.except_methods


def problem_of_rules(container: str, rules: Sequence[Rule]) -> str | None:
    """What is wrong with the rules of a container (its kind), as in Apache; None where nothing is."""
    if not rules:
        return "has no rules"
    if container == "all-of":
        return "only keeps out: it needs a rule that lets in" if all(rule.only_denies for rule in rules) else None
    if any(rule.only_denies for rule in rules):
        return (
            "can't have `Require not` and <RequireNone>, which only keep out: put them into <RequireAll>, with others"
        )
    return None


def require(args: tuple[str, ...]) -> tuple[Rule, ...]:
    """`[not] rule`: one rule, in a tuple so that lines add up."""
    negated = bool(args) and args[0].lower() == "not"
    rest = args[1:] if negated else args
    if not rest:
        raise BadValue("takes a rule, such as valid-user or all granted")
    kind, values = rest[0].lower(), rest[1:]
    if kind == "all":
        if tuple(value.lower() for value in values) not in (("granted",), ("denied",)):
            raise BadValue("takes all granted or all denied")
        values = (values[0].lower(),)
    elif kind in ("ip", "user", "group", "host", "method", "env") and not values:
        raise BadValue(f"takes one or more {'addresses' if kind == 'ip' else 'names'} after {kind}")
    elif kind == "ip":
        networks(values)
    elif kind in ("expr", "file-owner", "file-group", "forward-dns") or kind.startswith(("ldap", "dbd", "ssl")):
        # Names that no module has are kept: an authzhandler may know them (req.requires()).
        raise BadValue(f"does not support {kind!r} yet")
    return (Rule(kind, tuple(values), negated),)


def networks(args: Sequence[str]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Addresses as Apache writes them: 10.1, 10.1.0.0/16, 10.1.0.0/255.255.0.0, 2001:db8::/32."""
    found = []
    for text in args:
        address, slash, mask = text.partition("/")
        parts = address.rstrip(".").split(".")
        if ":" not in address and len(parts) < 4 and not slash:
            mask = str(8 * len(parts))
            address = ".".join(parts + ["0"] * (4 - len(parts)))
        elif ":" not in address and len(parts) < 4:
            address = ".".join(parts + ["0"] * (4 - len(parts)))
        try:
            found.append(ipaddress.ip_network(f"{address}/{mask}" if mask else address, strict=False))
        except ValueError:
            raise BadValue(f"takes an IP address or network, not {text!r}")
    return tuple(found)


def auth_provider(args: tuple[str, ...]) -> tuple[str, ...]:
    """Providers of AuthBasicProvider in order; there is one, `file`."""
    names = tuple(arg.lower() for arg in words(args))
    for name in names:
        if name != "file":
            raise BadValue(f"does not support {name!r} yet: use file, or a PythonAuthenHandler")
    return names


def allow_from(args: tuple[str, ...]) -> tuple[HostRule, ...]:
    """`from host ...`: what stands behind `from`, as written."""
    if len(args) < 2 or args[0].lower() != "from":
        raise BadValue("is written `from` and then all, addresses, host names or env=NAME")
    return (HostRule(args[1:]),)


def satisfy(args: tuple[str, ...]) -> tuple[HostRule, ...]:
    """All or Any, in lower case."""
    return (HostRule((choice("All", "Any")(args),)),)


def order(args: tuple[str, ...]) -> tuple[HostRule, ...]:
    """The order as Apache reads it: "deny,allow" or "allow,deny"."""
    value = ",".join("".join(args).lower().split(","))
    if value not in ("deny,allow", "allow,deny", "mutual-failure"):
        raise BadValue("takes Deny,Allow or Allow,Deny or Mutual-failure")
    return (HostRule(("allow,deny" if value == "mutual-failure" else value,)),)


# What a section says of hosts takes the place of all that outer ones say of them (mod_access_compat merges nothing).
HOST_DIRECTIVES = ("Order", "Allow", "Deny", "Satisfy")

# fmt: off
declare("AuthType", "DH", one, override="AuthConfig", syntax="name",
        help="How users are known: Basic, or a name your authenhandler stands for.")
declare("AuthName", "DH", one, override="AuthConfig", syntax="realm", help="The realm that browsers show.")
declare("AuthUserFile", "DH", one, override="AuthConfig", syntax="file",
        help="Users and their hashed passwords, as htpasswd writes them.")
declare("AuthGroupFile", "DH", one, override="AuthConfig", syntax="file", help="Groups and the users in them.")
declare("AuthBasicProvider", "DH", auth_provider, override="AuthConfig", syntax="file",
        help="Where Basic passwords are looked up: file, which is AuthUserFile. Default file.")
declare("AuthBasicAuthoritative", "DH", flag, override="AuthConfig",
        help="Whether a user who isn't in AuthUserFile is refused. Default On.")
declare("Require", "DH", require, combine=append, override="AuthConfig", syntax="[not] rule ...", help="Who gets in.")
declare("AuthMerging", "DH", choice("Off", "And", "Or"), override="AuthConfig",
        help="How this section's Require lines go with those of outer ones. Default Off: they take their place.")
declare("Satisfy", "DH", satisfy, combine=append, override="AuthConfig", syntax="All|Any",
        help="Whether host and user must both be allowed. Default All.")
declare("Order", "DH", order, combine=append, override="Limit", syntax="Deny,Allow|Allow,Deny",
        help="Whether Allow or Deny is read last. Default Deny,Allow.")
declare("Allow Deny", "DH", allow_from, combine=append, override="Limit", syntax="from all|address|host|env=NAME ...",
        help="Hosts that are let in or kept out.")
