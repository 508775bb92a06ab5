"""What settings of other process managers are called here, for who copies a line of their files: PHP-FPM, uWSGI, mod_wsgi."""

from __future__ import annotations

import re

_NAMES = {
    # PHP-FPM: php-fpm.conf(5) and its pools.
    "pm": "ProcessManager",
    "pm.max_children": "MaxProcesses",
    "pm.start_servers": "StartProcesses",
    "pm.min_spare_servers": "MinSpareProcesses",
    "pm.max_spare_servers": "MaxSpareProcesses",
    "pm.max_spawn_rate": "MaxSpawnRate",
    "pm.process_idle_timeout": "IdleTimeout",
    "pm.max_requests": "MaxRequests",
    "pm.status_path": "SetHandler mpfcgi-status in a <Location>",
    "ping.path": "SetHandler mpfcgi-status in a <Location>",
    "listen.owner": "Listen unix:PATH owner=NAME",
    "listen.group": "Listen unix:PATH group=NAME",
    "listen.mode": "Listen unix:PATH mode=0660",
    "listen.backlog": "Listen ADDRESS backlog=511",
    "request_terminate_timeout": "RequestTimeout",
    "max_execution_time": "RequestTimeout",
    "request_slowlog_timeout": "SlowLog FILE TIME",
    "request_slowlog_trace_depth": "SlowLog FILE TIME",
    "rlimit_files": "ResourceLimit nofile",
    "rlimit_core": "ResourceLimit core",
    "process.priority": "Nice",
    "process.max": "MaxTotalProcesses",
    "chdir": "WorkingDirectory",
    "error_log": "ErrorLog",
    "log_level": "LogLevel",
    "access.log": "CustomLog",
    "access.format": "LogFormat",
    "pid": "PidFile",
    "memory_limit": "MemoryLimit",
    "post_max_size": "LimitRequestBody",
    "upload_max_filesize": "LimitRequestBody",
    "display_errors": "PythonDebug",
    # uWSGI: its options.
    "processes": "MaxProcesses",
    "workers": "MaxProcesses",
    "cheaper": "ProcessManager dynamic and MinSpareProcesses",
    "cheaper-initial": "ProcessManager dynamic and StartProcesses",
    "cheaper-step": "MaxSpawnRate",
    "die-on-idle": "ProcessManager ondemand",
    "idle": "ProcessManager ondemand and IdleTimeout",
    "harakiri": "RequestTimeout",
    "harakiri-verbose": "SlowLog FILE TIME",
    "max-worker-lifetime": "MaxLifetime",
    "min-worker-lifetime": "MaxLifetime",
    "reload-on-rss": "MemoryLimit",
    "evil-reload-on-rss": "MemoryLimit",
    "reload-on-as": "ResourceLimit as",
    "limit-as": "ResourceLimit as",
    "uid": "User",
    "gid": "Group",
    "venv": "PythonHome",
    "virtualenv": "PythonHome",
    "pyhome": "PythonHome",
    "home": "PythonHome",
    "socket": "Listen",
    "fastcgi-socket": "Listen",
    "http-socket": "mpfcgi serve --bind ADDRESS",
    "chmod-socket": "Listen unix:PATH mode=0660",
    "chown-socket": "Listen unix:PATH owner=NAME group=NAME",
    "env": "SetEnv",
    "module": "PythonHandler mod_python.wsgi with PythonOption",
    "wsgi-file": "PythonHandler mod_python.wsgi with PythonOption",
    "touch-reload": "ReloadFile",
    "py-autoreload": "PythonAutoReload",
    "post-buffering": "RequestBuffering",
    "logto": "ErrorLog",
    "daemonize": "mpfcgi start",
    "stats": "SetHandler mpfcgi-status in a <Location>",
    "import": "PythonImport",
    "lazy-apps": "Preload Off",
    # mod_wsgi.
    "wsgidaemonprocess": "<PythonPool NAME>",
    "wsgiprocessgroup": "PythonInterpreter",
    "wsgiapplicationgroup": "PythonInterpreter",
    "wsgipythonhome": "PythonHome in a <PythonPool>",
    "wsgipythonpath": "PythonPath",
    "wsgiimportscript": "PythonImport",
    "wsgichunkedrequest": "nothing: chunked uploads are read",
    "wsgipassauthorization": "nothing: handlers see the Authorization header",
}  # fmt: skip
_PATTERNS = (
    (re.compile(r"env\[.*\]"), "SetEnv in a <PythonPool>"),
    (re.compile(r"php(?:_admin)?_(?:value|flag)\[.*\]"), "directives in a <Directory>, and PythonOption for handlers"),
    (re.compile(r"\[.*\]"), "<PythonPool NAME> and </PythonPool>"),
)


def ours(name: str) -> str:
    """What stands for the setting `name` (in lower case) here; "" when it is not known."""
    found = _NAMES.get(name) or _NAMES.get(name.replace("_", "-"))
    return found or next((meaning for pattern, meaning in _PATTERNS if pattern.fullmatch(name)), "")
