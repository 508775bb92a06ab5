"""Directives that are known and not declared: the front-end's and refused ones."""

from __future__ import annotations

# Directives that the front-end has the work of: accepted, and reported as ignored.
_FRONT_END = """
    LoadModule LoadFile MaxRequestWorkers MaxClients ServerLimit StartServers MinSpareServers MaxSpareServers
    MaxConnectionsPerChild MaxRequestsPerChild ThreadsPerChild ThreadLimit MaxSpareThreads MinSpareThreads
    AsyncRequestWorkerFactor NameVirtualHost SSLEngine SSLCertificateFile
    SSLCertificateKeyFile SSLCertificateChainFile SSLCACertificateFile SSLProtocol SSLCipherSuite
    SSLHonorCipherOrder SSLSessionCache SSLSessionTickets SSLRandomSeed SSLUseStapling SSLStaplingCache
    SSLPassPhraseDialog SSLOpenSSLConfCmd Protocols H2Direct H2Push ServerTokens TraceEnable EnableMMAP
    HttpProtocolOptions ExtendedStatus CoreDumpDirectory Mutex LockFile AcceptMutex AcceptFilter ReceiveBufferSize
    ScoreBoardFile RequestReadTimeout LimitXMLRequestBody IndexOptions AddIcon AddIconByType AddIconByEncoding
    DefaultIcon HeaderName ReadmeName AddDescription LanguagePriority ForceLanguagePriority
"""
FRONT_END = frozenset(_FRONT_END.lower().split())

# Why some are ignored, where it is not that the front-end does the work.
IGNORED_BECAUSE = {
    **dict.fromkeys(
        (
            "indexoptions", "addicon", "addiconbytype", "addiconbyencoding", "defaulticon", "headername", "readmename",
            "adddescription",
        ),
        "lists of folders have one look here",
    ),
    **dict.fromkeys(("languagepriority", "forcelanguagepriority"), "there is no content negotiation here"),
    **dict.fromkeys(
        (
            "maxrequestworkers", "maxclients", "serverlimit", "startservers", "minspareservers", "maxspareservers",
            "maxconnectionsperchild", "maxrequestsperchild",
        ),
        "how many workers there are, and for how long, is said in <PythonPool> sections (MaxProcesses, MaxRequests...)",
    ),
    "limitxmlrequestbody": "nothing here reads XML bodies",
    "enablemmap": "no file is mapped here",
}  # fmt: skip

# Directives whose silent loss would change who gets in or what is served: the remedy.
_REFUSED = {
    "RewriteEngine RewriteRule RewriteCond RewriteBase RewriteMap RewriteOptions":
        "rewrite in the front-end, or in a PythonTransHandler",
    "ProxyPass ProxyPassMatch ProxyPassReverse ProxyRequests ProxySet": "the front-end must do the proxying",
    "ScriptAlias ScriptAliasMatch Action Script": "use Alias with PythonHandler mod_python.cgihandler",
    "SSLRequire SSLRequireSSL SSLVerifyClient": "the front-end must check this",
    "AuthDigestProvider AuthDigestDomain AuthLDAPURL AuthDBDUserPWQuery AuthFormProvider":
        "authenticate in the front-end, or in a PythonAuthenHandler",
    "Header RequestHeader": "set headers in the front-end, or in a handler",
    "SecRule SecRuleEngine": "filter in the front-end",
    "WSGIScriptAlias": "use PythonHandler mod_python.wsgi",
}  # fmt: skip
REFUSED = {name.lower(): remedy for names, remedy in _REFUSED.items() for name in names.split()}

# All of these, by the name in lower case, as they are written.
SPELLED = {name.lower(): name for names in (_FRONT_END.split(), " ".join(_REFUSED).split()) for name in names}
