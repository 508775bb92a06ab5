"""Who gets in: places with all kinds of rules, and requests of test_live.py for them by all kinds of users."""

from __future__ import annotations

from tests.parity.live_requests import Request, with_password

# The lines of each place, with blanks for line ends: <Files a.txt>;Require all denied;</Files>
RULES = {
    "valid": "Require valid-user",
    "userjoe": "Require user joe",
    "groupcase": "Require group WRITERS",
    "notgroupcase": "<RequireAll>;Require valid-user;Require not group Writers;</RequireAll>",
    "groupw": "Require group writers",
    "granted": "Require all granted",
    "denied": "Require all denied",
    "ip": "Require ip 127.0.0.1",
    "ipno": "Require ip 10.1.2.3",
    "ip_mask": "Require ip 127.0.0.0/8",
    "local": "Require local",
    "method": "Require method GET POST",
    "methodno": "Require method PUT",
    "two": "Require ip 10.1.2.3;Require user ann",
    "two2": "Require ip 127.0.0.1;Require user ann",
    "notuser": "<RequireAll>;Require valid-user;Require not user joe;</RequireAll>",
    "notgroup": "<RequireAll>;Require valid-user;Require not group writers;</RequireAll>",
    "notip": "<RequireAll>;Require all granted;Require not ip 127.0.0.1;</RequireAll>",
    "notip2": "<RequireAll>;Require all granted;Require not ip 10.0.0.1;</RequireAll>",
    "any": "<RequireAny>;Require user joe;Require ip 10.1.1.1;</RequireAny>",
    "any2": "<RequireAny>;Require user joe;Require all granted;</RequireAny>",
    "all": "<RequireAll>;Require user joe;Require ip 127.0.0.1;</RequireAll>",
    "all2": "<RequireAll>;Require user joe;Require ip 10.0.0.1;</RequireAll>",
    "none": "<RequireAll>;Require all granted;<RequireNone>;Require ip 127.0.0.1;</RequireNone>;</RequireAll>",
    "none2": "<RequireAll>;Require all granted;<RequireNone>;Require user joe;</RequireNone>;</RequireAll>",
    "none3": "<RequireAll>;Require valid-user;<RequireNone>;Require user joe;Require group writers;</RequireNone>;</RequireAll>",
    "nested": "<RequireAny>;<RequireAll>;Require user joe;Require method GET;</RequireAll>;<RequireAll>;Require user ann;Require method POST;</RequireAll>;</RequireAny>",
    "limit": "<Limit POST PUT>;Require user ann;</Limit>",
    "limit2": "<Limit GET>;Require user ann;</Limit>",
    "limitex": "<LimitExcept GET>;Require user ann;</LimitExcept>",
    "limitex2": "<LimitExcept GET HEAD>;Require all denied;</LimitExcept>;Require all granted",
    "limit3": "<Limit GET>;Require all denied;</Limit>;Require valid-user",
    "limit4": "<Limit GET>;Require user ann;Require user joe;</Limit>;<Limit POST>;Require user joe;</Limit>",
    "limall": "<Limit POST>;<RequireAll>;Require user ann;Require ip 127.0.0.1;</RequireAll>;</Limit>",
    "limorder": "<Limit POST>;Order deny,allow;Deny from all;</Limit>;Require all granted",
    "limhead": "<Limit HEAD>;Require all denied;</Limit>",
    "satany": "Order deny,allow;Deny from all;Allow from 127.0.0.1;Satisfy any;Require user ann",
    "satany2": "Order deny,allow;Deny from all;Satisfy any;Require user ann",
    "satall": "Order deny,allow;Deny from all;Allow from 127.0.0.1;Satisfy all;Require user ann",
    "satall2": "Order allow,deny;Deny from 127.0.0.1;Allow from all;Require user ann",
    "satany3": "Order allow,deny;Allow from all;Satisfy any;Require user ann",
    "satany4": "Satisfy any;Require user ann",
    "satany5": "Order deny,allow;Deny from all;Satisfy any;Require all granted",
    "satany6": "Order deny,allow;Deny from all;Satisfy any;Require all denied",
    "order1": "Order allow,deny;Require all granted",
    "order2": "Order deny,allow;Require all granted",
    "order3": "Order mutual-failure;Allow from 127.0.0.1;Require all granted",
    "allow1": "Allow from 127.0.0.1;Require all granted",
    "deny1": "Deny from 127.0.0.1;Require all granted",
    "allowdeny": "Deny from all;Allow from 127;Require all granted",
    "allowenv": "SetEnvIf X-Ok . ok;Order deny,allow;Deny from all;Allow from env=ok;Require all granted",
    "denyenv": "SetEnvIf X-Ok . ok;Order allow,deny;Allow from all;Deny from env=!ok;Require all granted",
    "onlyorder": "Order allow,deny;Allow from all",
    "authbasicoff": "AuthBasicAuthoritative Off;Require valid-user",
    "andmerge": "AuthMerging And;Require user joe",
    "ormerge": "AuthMerging Or;Require user ann",
    "offmerge": "AuthMerging Off;Require user ann",
    "ormerge2": "AuthMerging Or;Require ip 10.0.0.1",
    "andmerge2": "AuthMerging And;Require ip 127.0.0.1",
    "emptyall": "Require valid-user;<Files nothing>;Require all denied;</Files>",
    "files": "Require valid-user;<Files a.txt>;Require all granted;</Files>",
    "nogroup": "Require group nobody",
    "multi": "Require user joe;Require group readers;Require method PUT",
    "grantthenuser": "Require all granted;Require user ann",
    "denythenuser": "Require all denied;Require user ann",
    "nestednone": "<RequireAll>;Require all granted;<RequireNone>;<RequireAll>;Require user joe;Require method GET;</RequireAll>;</RequireNone>;</RequireAll>",
    "allnotall": "<RequireAll>;Require all granted;Require not all denied;</RequireAll>",
    "allnotenv": "SetEnvIf X-Ok . ok;<RequireAll>;Require all granted;Require not env ok;</RequireAll>",
    "allnotmethod": "<RequireAll>;Require all granted;Require not method GET;</RequireAll>",
    "anyinall": "<RequireAll>;<RequireAny>;Require user joe;Require user ann;</RequireAny>;<RequireAny>;Require group writers;Require ip 10.0.0.1;</RequireAny>;</RequireAll>",
    "allhostany": "<RequireAny>;Require ip 10.0.0.1;<RequireAll>;Require ip 127.0.0.1;Require user joe;</RequireAll>;</RequireAny>",
    "limorder2": "<Limit GET>;Order deny,allow;Deny from all;</Limit>;Require all granted",
    "limorder3": "Order deny,allow;Deny from all;<Limit GET>;Allow from 127.0.0.1;</Limit>;Require all granted",
    "limorder4": "<LimitExcept GET>;Order allow,deny;</LimitExcept>;Require all granted",
    "limorder5": "Order allow,deny;<Limit POST>;Order deny,allow;</Limit>;Require all granted",
    "limorder6": "<Limit POST>;Order deny,allow;</Limit>;Order allow,deny;Require all granted",
    "limorder7": "<Limit GET POST>;order deny,allow;allow from all;</Limit>",
    "limsat": "Deny from all;<Limit POST>;Satisfy any;</Limit>;Require user ann",
    "limsat2": "Satisfy any;<Limit POST>;Satisfy all;</Limit>;Deny from all;Require user ann",
    "limh": "<Limit HEAD>;Require user ann;</Limit>;",
    "limxh": "<LimitExcept HEAD>;Require all denied;</LimitExcept>",
    "limreqall": "<Limit GET>;<RequireAny>;Require user joe;</RequireAny>;</Limit>;Require user ann",
    "q1": "Require user \"joe\" 'ann'",
    "q2": 'Require user "joe ann"',
    "q3": "Require group 'writers'",
    "many": "Require user joe,ann",
    "ipany": "Require ip 10.0.0.1 127.0.0.0/255.0.0.0",
    "methodmulti": "<RequireAny>;Require method POST;Require user ann;</RequireAny>",
    "allow_2": "Order deny,allow;Deny from all;Allow from 10.0.0.1 127.0.0.1;Require all granted",
    "allow_4": "Order deny,allow;Deny from all;Allow from 127.0.0.0/8;Require all granted",
    "allow_5": "Order deny,allow;Deny from all;Allow from 127.0.0.0/255.0.0.0;Require all granted",
    "allow_7": "Order deny,allow;Deny from all;Allow from ALL;Require all granted",
    "allow_9": "Order deny,allow;Deny from All 127;Allow from none",
    "allow_10": "Order deny,allow;Deny from all;Allow from ::1;Require all granted",
    "negmeth": "<RequireAll>;Require method GET;Require valid-user;</RequireAll>",
    "merge_files": "Require user joe;<Files a.txt>;AuthMerging And;Require user ann;</Files>",
    "merge_files2": "Require user joe;<Files a.txt>;AuthMerging Or;Require user ann;</Files>",
    "merge_files3": "Require user joe;<Files a.txt>;AuthMerging And;</Files>",
    "merge_files4": "<RequireAny>;Require user joe;Require user ann;</RequireAny>;<Files a.txt>;AuthMerging And;<RequireAll>;Require valid-user;Require not user joe;</RequireAll>;</Files>",
    "merge_lim": "Require user joe;<Files a.txt>;AuthMerging And;<Limit POST>;Require user ann;</Limit>;</Files>",
}
# Places inside of others, as "outer/inner".
OUTER = ("userjoe", "limit", "satany2", "denied", "order1", "all", "none3")
INNER = {
    "inner": "",
    "inneruser": "Require user ann",
    "innerand": "AuthMerging And;Require ip 127.0.0.1",
    "inneror": "AuthMerging Or;Require user ann",
    "innerdeny": "Require all denied",
    "innerorder": "Order deny,allow;Deny from all",
    "innersat": "Satisfy any",
    "innergrant": "Require all granted",
    "innerlimit": "<Limit POST>;Require user ann;</Limit>",
}
PLACES = {**RULES, **{f"{outer}/{name}": lines for outer in OUTER for name, lines in INNER.items()}}
CONFIG = """\
<Directory ROOT/guarded>
    SetHandler None
    AuthType Basic
    AuthName "guarded"
    AuthBasicProvider file
    AuthUserFile ROOT/../users
    AuthGroupFile ROOT/../groups
    Require valid-user
</Directory>
""" + "".join(
    "<Directory ROOT/guarded/{}>\n{}\n</Directory>\n".format(place, lines.replace(";", "\n"))
    for place, lines in PLACES.items()
)
USERS = (None, ("joe", "eggs"), ("joe", "bad"), ("ann", "eggs"), ("spam", "eggs"), ("nobody", "eggs"))


def _asking(place: str, user: tuple[str, str] | None, method: str, env: bool) -> Request:
    path = f"/guarded/{place}/a.txt"
    request = Request(path) if user is None else with_password(*user, path=path)
    return request._replace(method=method, headers=(*request.headers, *([("X-Ok", "1")] if env else [])))


REQUESTS = {
    f"{method} of a place with {place!r} by {user}{', in the environment' if env else ''}": _asking(
        place, user, method, env
    )
    for place, lines in PLACES.items()
    for user in USERS
    for method in (("GET", "POST", "HEAD", "OPTIONS") if "Limit" in lines or "method" in lines else ("GET",))
    for env in ((False, True) if "env" in lines else (False,))
}
