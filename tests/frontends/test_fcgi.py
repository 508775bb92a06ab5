"""`mpfcgi fcgi`, started by the real spawn-fcgi, lighttpd and mod_fcgid: alone, and as a bridge to the user's daemon."""

import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest
import requests

from tests.frontends.guarded import GATE, check_guarded
from tests.support.apache import apache, need_module
from tests.support.client import Client
from tests.support.lighttpd import lighttpd
from tests.support.servers import Daemon, connects, program, wait_until

pytestmark = pytest.mark.frontend

CONFIG = """\
Listen unix:mpfcgi.sock mode=0666
DocumentRoot htdocs
ErrorLog error.log
PythonOption mod_python.mutex_directory .
<PythonPool "*">
    MaxProcesses 1
</PythonPool>
<Directory {folder}/htdocs>
    AddHandler mod_python .py
    PythonHandler who
</Directory>
<Directory {folder}/htdocs/secret>
    PythonAuthenHandler gate
    PythonAuthzHandler gate
    AuthType Basic
    AuthName "Restricted Area"
    Require valid-user
</Directory>
<Directory {folder}/htdocs/shut>
    PythonAccessHandler gate
</Directory>
"""
MORE = """
def authzhandler(req):
    return apache.HTTP_FORBIDDEN if req.uri.endswith("not-for-spam.txt") else apache.OK

def accesshandler(req):
    return apache.OK if req.headers_in.get("X-Key") == "open" else apache.HTTP_FORBIDDEN
"""
WHO = """\
import os, time
from mod_python import apache, Session

def handler(req):
    req.content_type = "text/plain"
    if req.args == "wait":
        req.write("begun ")
        req.flush()
        while not os.path.exists(os.path.dirname(req.filename) + "/go"):
            time.sleep(0.01)
    elif req.args == "count":
        session = Session.FileSession(req, lock=0)
        session.lock()
        session.load()
        session["count"] = session.get("count", 0) + 1
        session.save()
        session.unlock()
    req.write("%d %d %s" % (os.getpid(), os.getppid(), len(req.read())))
    return apache.OK
"""


def prepare(folder):
    for parent in (folder, *list(folder.parents)[:2]):
        parent.chmod(0o755)
    secret = folder / "htdocs" / "secret"
    secret.mkdir(parents=True)
    (folder / "htdocs" / "who.py").write_text(WHO)
    (folder / "htdocs" / "shut").mkdir()
    (secret / "not-for-spam.txt").write_text("the file\n")
    for place in ("secret", "shut"):
        (folder / "htdocs" / place / "gate.py").write_text(GATE + MORE)
        (folder / "htdocs" / place / "page.txt").write_text("the file\n")
    (folder / "mpfcgi.conf").write_text(CONFIG.format(folder=folder))
    # Apache's children write here, as www-data.
    folder.chmod(0o777)


def wrapper(folder, *options):
    """A script as users write it."""
    path = folder / "mpfcgi.fcgi"
    arguments = " ".join(["fcgi", *options, "-c", str(folder / "mpfcgi.conf")])
    path.write_text(f"#!/bin/sh\nexec {sys.executable} -m mpfcgi {arguments}\n")
    path.chmod(0o755)
    return path


def get(port, path, **more):
    session = requests.Session()
    session.trust_env = False
    return session.request(more.pop("method", "GET"), f"http://127.0.0.1:{port}{path}", timeout=20, **more)


class Spawned:
    """`mpfcgi fcgi` on a listening socket of ours as descriptor 0."""

    def __init__(self, folder, *options, closed=False, **environment):
        self.socket = str(folder / "front.sock")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.socket)
        listener.listen()
        self.output = folder / "fcgi.out"
        command = [sys.executable, "-m", "mpfcgi", "fcgi", "-c", str(folder / "mpfcgi.conf"), *options]
        if closed:
            command = ["/bin/sh", "-c", 'exec "$@" >&- 2>&-', "sh", *command]
        with listener, self.output.open("w") as output:
            self.process = subprocess.Popen(
                command, stdin=listener, stdout=output, stderr=output, env={**os.environ, **environment}
            )

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def spawned(tmp_path):
    """Starts one in a folder that has a site."""
    prepare(tmp_path)
    started = []

    def start(*options, **more):
        started.append(Spawned(tmp_path, *options, **more))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_alone_one_process_answers_and_leaves_with_0(spawned, number):
    one = spawned("--alone")
    pid = one.process.pid
    assert Client(one.socket).get("/who.py") == (200, f"{pid} {os.getpid()} 0".encode())
    assert psutil.Process(pid).children() == []
    assert one.stop(number) == 0


def test_without_a_daemon_it_answers_itself(spawned):
    one = spawned()
    assert Client(one.socket).get("/who.py")[1].split()[0] == str(one.process.pid).encode()
    assert one.stop() == 0
    assert one.output.read_text() == ""


@pytest.mark.parametrize("bridged", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_request_is_finished_after_the_signal(spawned, tmp_path, number, bridged):
    daemon = Daemon(tmp_path, CONFIG.format(folder=tmp_path)) if bridged else None
    try:
        one = spawned()
        client = Client(one.socket)
        client.send("/who.py", QUERY_STRING="wait")
        client.sock.sendall(client.wire.stdin_end())
        begun = client.sock.recv(65536)
        assert b"begun" in begun
        one.process.send_signal(number)
        (tmp_path / "htdocs" / "go").write_text("")
        client.wire.receive_data(begun)
        status, body = client.response()
        assert (status, body[:6]) == (200, b"begun ")
        # The connection is kept no longer.
        assert client.sock.recv(1) == b""
        assert one.process.wait(20) == 0
    finally:
        if daemon is not None:
            daemon.stop()


def test_standard_output_and_error_may_be_closed(spawned, tmp_path):
    one = spawned("--alone", closed=True)
    assert Client(one.socket).get("/who.py")[0] == 200
    open_files = {fd: os.readlink(f"/proc/{one.process.pid}/fd/{fd}") for fd in (1, 2)}
    assert open_files == {1: "/dev/null", 2: "/dev/null"}
    assert one.stop() == 0


def test_connections_are_passed_on_to_the_daemon(spawned, tmp_path):
    daemon = Daemon(tmp_path, CONFIG.format(folder=tmp_path))
    try:
        one = spawned()
        clients = [Client(one.socket) for _ in range(3)]
        for client in clients * 2:
            assert client.get("/who.py")[1].split()[1] == str(daemon.process.pid).encode()
        assert one.stop() == 0
        assert psutil.pid_exists(daemon.process.pid)
    finally:
        assert daemon.stop() == 0


def test_when_the_daemon_has_left_the_requests_are_answered_here(spawned, tmp_path):
    daemon = Daemon(tmp_path, CONFIG.format(folder=tmp_path))
    one = spawned()
    supervisor = str(daemon.process.pid).encode()
    assert Client(one.socket).get("/who.py")[1].split()[1] == supervisor
    assert daemon.stop() == 0
    assert Client(one.socket).get("/who.py")[1].split()[0] == str(one.process.pid).encode()
    assert one.stop() == 0


def test_the_daemon_is_started_where_that_is_allowed(spawned, tmp_path):
    one = spawned("--start")
    supervisor = 0
    try:
        supervisor = int(Client(one.socket).get("/who.py")[1].split()[1])
        assert supervisor != one.process.pid
        assert os.getsid(supervisor) == supervisor
        assert one.stop() == 0
        assert Client(str(tmp_path / "mpfcgi.sock")).get("/who.py")[1].split()[1] == str(supervisor).encode()
    finally:
        if supervisor:
            os.kill(supervisor, signal.SIGTERM)
            wait_until(lambda: not connects(str(tmp_path / "mpfcgi.sock")), "the daemon has left")


def test_processes_that_answer_alone_share_their_locks(spawned, tmp_path):
    first = spawned("--alone")
    os.rename(first.socket, tmp_path / "first.sock")
    first.socket = str(tmp_path / "first.sock")
    second = spawned("--alone")
    clients = [Client(one.socket) for one in (first, second)]
    clients[0].get("/who.py", QUERY_STRING="count")
    assert clients[1].get("/who.py", QUERY_STRING="count")[0] == 200
    locks = [
        {os.path.realpath(f.path) for f in psutil.Process(one.process.pid).open_files() if ".mpfcgi-mutex-" in f.path}
        for one in (first, second)
    ]
    assert locks[0] == locks[1]
    assert len(locks[0]) == 8
    assert first.stop() == second.stop() == 0


def test_only_listed_web_servers_may_connect(tmp_path):
    prepare(tmp_path)
    command = [sys.executable, "-m", "mpfcgi", "fcgi", "--alone", "-c", str(tmp_path / "mpfcgi.conf")]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        environment = {**os.environ, "FCGI_WEB_SERVER_ADDRS": "192.0.2.1"}
        process = subprocess.Popen(command, stdin=listener, env=environment)
    with socket.create_connection(address) as peer:
        peer.settimeout(20)
        assert peer.recv(1) == b""
    process.terminate()
    assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("environment", "said"),
    [({}, "standard input is no socket"), ({"GATEWAY_INTERFACE": "CGI/1.1"}, "use mpfcgi cgi")],
)
def test_what_is_no_listening_socket_is_refused(environment, said):
    command = [sys.executable, "-m", "mpfcgi", "fcgi"]
    run = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert run.returncode == 2
    assert said in run.stderr
    ours, theirs = socket.socketpair()
    with ours, theirs:
        run = subprocess.run(command, stdin=ours, capture_output=True, text=True)
    assert (run.returncode, "does not listen" in run.stderr) == (2, True)


def test_alone_goes_without_a_daemons_options():
    run = subprocess.run([sys.executable, "-m", "mpfcgi", "fcgi", "--alone", "--start"], capture_output=True, text=True)
    assert (run.returncode, "--alone looks for no daemon" in run.stderr) == (2, True)


def test_spawn_fcgi_starts_it(tmp_path):
    prepare(tmp_path)
    pid_file, path = tmp_path / "pid", str(tmp_path / "front.sock")
    command = [program("spawn-fcgi"), "-s", path, "-P", str(pid_file), "--", sys.executable, "-m", "mpfcgi", "fcgi",
               "-c", str(tmp_path / "mpfcgi.conf")]  # fmt: skip
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    process = psutil.Process(int(pid_file.read_text()))
    assert Client(path).get("/who.py")[1].split()[0] == str(process.pid).encode()
    process.terminate()
    process.wait(20)


LIGHTTPD = """\
server.modules = ("mod_fastcgi")
server.document-root = "{folder}/htdocs"
fastcgi.server = ( "/" => ((
    "socket" => "{folder}/lighttpd.sock", "bin-path" => "{script}", "check-local" => "disable",
    "max-procs" => 1, "kill-signal" => 10
)) )
"""


@pytest.mark.parametrize("bridged", [False, True])
def test_lighttpd_starts_it(tmp_path, bridged):
    prepare(tmp_path)
    daemon = Daemon(tmp_path, CONFIG.format(folder=tmp_path)) if bridged else None
    try:
        with lighttpd(tmp_path, LIGHTTPD.format(folder=tmp_path, script=wrapper(tmp_path))) as port:
            answer = get(port, "/who.py", method="POST", data=b"x" * 300_000)
            pid, parent, length = answer.text.split()
            assert (answer.status_code, length) == (200, "300000")
            assert (int(parent) == daemon.process.pid) if daemon else int(pid) != os.getpid()
    finally:
        if daemon is not None:
            assert daemon.stop() == 0


FCGID = """\
KeepAlive Off
ServerName localhost
DocumentRoot {folder}/htdocs
FcgidIPCDir {folder}
FcgidProcessTableFile {folder}/fcgid_shm
FcgidMaxProcesses 2
FcgidMaxProcessesPerClass 2
FcgidMaxRequestLen 10000000
<Directory {folder}/htdocs>
    Require all granted
    SetHandler fcgid-script
    FcgidWrapper {script} virtual
    Options +ExecCGI
</Directory>
<Directory {folder}/htdocs/secret>
    SetHandler none
    AuthType Basic
    AuthName "Restricted Area"
    Require valid-user
    AuthBasicAuthoritative Off
    FcgidAuthenticator {script}
    FcgidAuthorizer {script}
</Directory>
<Directory {folder}/htdocs/shut>
    SetHandler none
    FcgidAccessChecker {script}
</Directory>
"""
FCGID_MODULES = (
    "mpm_prefork",
    "authn_core",
    "authz_core",
    "authz_user",
    "auth_basic",
    "authn_file",
    "alias",
    "mime",
    "dir",
    "fcgid",
)


@pytest.mark.parametrize("bridged", [False, True])
def test_mod_fcgid_starts_it_for_pages_and_for_passwords(tmp_path, bridged):
    need_module("fcgid")
    prepare(tmp_path)
    daemon = Daemon(tmp_path, CONFIG.format(folder=tmp_path)) if bridged else None
    try:
        config = FCGID.format(folder=tmp_path, script=wrapper(tmp_path))
        with apache(tmp_path, config, modules=FCGID_MODULES) as port:
            answer = get(port, "/who.py", method="POST", data=b"x" * 300_000)
            assert answer.status_code == 200, (tmp_path / "httpd.log").read_text()
            _, parent, length = answer.text.split()
            assert length == "300000"
            assert (int(parent) == daemon.process.pid) if daemon else int(parent) != os.getpid()
            check_guarded(port)
            assert get(port, "/secret/not-for-spam.txt", auth=("spam", "eggs")).status_code in (401, 403)
            # mod_fcgid makes a 401 of what it is told.
            assert get(port, "/shut/page.txt").status_code == 401
            assert get(port, "/shut/page.txt", headers={"X-Key": "open"}).text == "the file\n"
    finally:
        if daemon is not None:
            assert daemon.stop() == 0


def test_mod_fcgid_gets_a_page_from_one_whose_configuration_is_wrong(tmp_path):
    """Which says where to look; and what is mended is seen."""
    need_module("fcgid")
    prepare(tmp_path)
    path = tmp_path / "mpfcgi.conf"
    good = path.read_text()
    path.write_text(good + "Nonsense\n")
    config = FCGID.format(folder=tmp_path, script=wrapper(tmp_path))
    with apache(tmp_path, config, modules=FCGID_MODULES) as port:
        answer = get(port, "/who.py")
        assert (answer.status_code, answer.text.splitlines()[0]) == (503, "Service Unavailable")
        assert "the web server's error log" in answer.text
        assert f"mpfcgi: {path}:{good.count(chr(10)) + 1}: " in (tmp_path / "httpd.log").read_text()
        path.write_text(good)
        wait_until(lambda: get(port, "/who.py").status_code == 200, "the next one reads what was mended")
