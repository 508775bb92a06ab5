"""The contract of mutexes, over both kinds, between real processes."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading

import pytest
import sysv_ipc
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.ipc import mutex
from mpfcgi.ipc.mutex import MutexSettings, sysv
from tests.support.servers import wait_until

KINDS = sorted(mutex.KINDS)


@pytest.fixture(params=KINDS)
def mutexes(request, tmp_path):
    made = mutex.create(MutexSettings(request.param, 4, str(tmp_path)))
    yield made
    made.close()


class Child:
    """A forked process that runs `act` and then waits to be killed; `said` is what it wrote."""

    def __init__(self, act):
        self.reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.reader)
                act(lambda text: os.write(writer, text.encode() + b"\n"))
            finally:
                os._exit(0)
        os.close(writer)

    def said(self):
        """What it says next; "" when it has ended."""
        text = b""
        while not text.endswith(b"\n"):
            piece = os.read(self.reader, 1)
            if not piece:
                break
            text += piece
        return text.decode().strip()

    def end(self, number=signal.SIGKILL):
        os.kill(self.pid, number)
        os.waitpid(self.pid, 0)
        os.close(self.reader)


@pytest.fixture
def child():
    children = []

    def start(act):
        children.append(Child(act))
        return children[-1]

    yield start
    for one in children:
        try:
            one.end()
        except (ProcessLookupError, ChildProcessError):
            pass


def holds(mutexes, index=1):
    def act(say):
        mutexes.acquire(index)
        say("held")
        signal.pause()

    return act


def test_what_one_process_holds_no_other_gets(mutexes, child):
    assert child(holds(mutexes)).said() == "held"
    assert not mutexes.acquire(1, block=False)
    assert mutexes.acquire(2, block=False)
    mutexes.release(2)


def test_a_process_killed_while_it_holds_one_gives_it_back(mutexes, child):
    holder = child(holds(mutexes))
    assert holder.said() == "held"
    waiter = child(lambda say: (say("waits"), mutexes.acquire(1), say("got it")))
    assert waiter.said() == "waits"
    holder.end(signal.SIGKILL)
    assert waiter.said() == "got it"


def test_many_processes_count_without_losing_one(mutexes, child, tmp_path):
    counter = tmp_path / "counter"
    counter.write_text("0")

    def count(say):
        for _ in range(300):
            mutexes.acquire(3)
            counter.write_text(str(int(counter.read_text()) + 1))
            mutexes.release(3)
        say("done")

    for counting in [child(count) for _ in range(4)]:
        assert counting.said() == "done"
    assert counter.read_text() == "1200"


def test_a_thread_may_take_again_what_it_holds(mutexes, child):
    mutexes.acquire(1)
    mutexes.acquire(1)
    mutexes.release(1)
    other = child(lambda say: say(str(mutexes.acquire(1, block=False))))
    assert other.said() == "False"
    mutexes.release(1)
    other = child(lambda say: say(str(mutexes.acquire(1, block=False))))
    assert other.said() == "True"


def test_another_thread_of_the_holder_waits(mutexes):
    mutexes.acquire(1)
    got = []
    thread = threading.Thread(target=lambda: got.append(mutexes.acquire(1, block=False)))
    thread.start()
    thread.join()
    mutexes.release(1)
    assert got == [False]


def test_a_forked_child_holds_nothing_of_its_parent(mutexes, child):
    mutexes.acquire(1)

    def act(say):
        try:
            mutexes.release(1)
        except RuntimeError as error:
            say(str(error))
        say(str(mutexes.acquire(1, block=False)))

    other = child(act)
    assert "not held" in other.said()
    assert other.said() == "False"
    mutexes.release(1)


def test_a_signal_does_not_end_the_wait(mutexes, child):
    holder = child(holds(mutexes))
    assert holder.said() == "held"

    def act(say):
        signal.signal(signal.SIGUSR1, lambda number, frame: say("signalled"))
        say("waits")
        mutexes.acquire(1)
        say("got it")

    waiter = child(act)
    assert waiter.said() == "waits"
    # Again and again: one that comes just before the wait begins is seen when it ends.
    while not select.select([waiter.reader], [], [], 0.01)[0]:
        os.kill(waiter.pid, signal.SIGUSR1)
    assert waiter.said() == "signalled"
    holder.end()
    assert "got it" in iter(waiter.said, "")


def test_what_is_not_held_can_not_be_given_back(mutexes):
    with pytest.raises(RuntimeError, match="mutex 1 is not held"):
        mutexes.release(1)


def test_there_is_none_beyond_the_last(mutexes):
    for index in (-1, 4):
        with pytest.raises(IndexError, match="from 0 to 3"):
            mutexes.acquire(index)


@given(st.one_of(st.text(), st.binary(), st.integers()))
def test_no_key_leads_to_the_mutex_of_the_stores(key):
    with_two = mutex.Mutexes(NoKind(2))
    with_many = mutex.Mutexes(NoKind(32))
    assert with_two.index_of(key) == 1
    assert 1 <= with_many.index_of(key) < 32


class NoKind:
    def __init__(self, count):
        self.count = count


def test_a_key_leads_to_the_same_mutex_in_every_process():
    program = (
        "from mpfcgi.ipc import mutex\n"
        "class K: count = 32\n"
        "print([mutex.Mutexes(K()).index_of(k) for k in ('0f' * 16, 'caf\\xe9', 5, ('a', 1))])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


# -- options


def test_the_options_are_taken_from_the_main_server(tmp_path):
    options = {"mod_python.mutex_type": "sysv", "mod_python.mutex_locks": "32", "mod_python.mutex_directory": "locks"}
    (tmp_path / "locks").mkdir()
    assert mutex.settings_of(options, str(tmp_path)) == MutexSettings("sysv", 32, str(tmp_path / "locks"))
    assert mutex.settings_of({}) == MutexSettings("flock", 8, tempfile.gettempdir())


def test_a_single_mutex_becomes_two_for_one_is_the_stores():
    assert mutex.settings_of({"mod_python.mutex_locks": "1"}).count == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "posix"),
        ("locks", "0"),
        ("locks", "-1"),
        ("locks", "many"),
        ("locks", "10001"),
        ("directory", "/nowhere"),
    ],
)
def test_a_wrong_option_is_named_with_what_it_says(name, value):
    with pytest.raises(ValueError, match=f"mod_python.mutex_{name}.*{value}"):
        mutex.settings_of({f"mod_python.mutex_{name}": value})


# -- what is left behind


def test_flock_leaves_no_files(tmp_path):
    made = mutex.create(MutexSettings("flock", 4, str(tmp_path)))
    assert os.listdir(tmp_path) == []
    made.close()


def semaphore_ids():
    with open("/proc/sysvipc/sem") as file:
        return {int(line.split()[1]) for line in file.readlines()[1:]}


def record_of(folder):
    (path,) = folder.iterdir()
    return json.loads(path.read_text())


def ids_of(folder):
    return {number for _, number in record_of(folder)["semaphores"]}


def a_daemon(tmp_path):
    def act(say):
        mutex.create(MutexSettings("sysv", 3, str(tmp_path)))
        say("made")
        signal.pause()

    return act


def test_semaphores_are_removed_at_the_end(tmp_path):
    made = mutex.create(MutexSettings("sysv", 3, str(tmp_path)))
    ids = ids_of(tmp_path)
    assert len(ids) == 3
    assert ids <= semaphore_ids()
    made.close()
    assert not ids & semaphore_ids()
    assert os.listdir(tmp_path) == []


def test_semaphores_of_a_dead_daemon_are_removed_and_those_of_a_living_one_are_not(tmp_path, child):
    daemon = child(a_daemon(tmp_path))
    assert daemon.said() == "made"
    ids = ids_of(tmp_path)
    assert mutex.remove_stale(str(tmp_path)) == 0
    assert ids <= semaphore_ids()
    daemon.end(signal.SIGKILL)
    assert mutex.remove_stale(str(tmp_path)) == 3
    assert not ids & semaphore_ids()
    assert os.listdir(tmp_path) == []


def test_semaphores_stay_while_a_worker_of_the_dead_daemon_uses_them(tmp_path, child):
    def act(say):
        mutexes = mutex.create(MutexSettings("sysv", 3, str(tmp_path)))
        worker = os.fork()
        if worker == 0:
            mutexes.acquire(1)
            say(str(os.getpid()))
        signal.pause()

    daemon = child(act)
    worker = int(daemon.said())
    os.kill(daemon.pid, signal.SIGKILL)
    os.waitpid(daemon.pid, 0)
    assert mutex.remove_stale(str(tmp_path)) == 0
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: mutex.remove_stale(str(tmp_path)) == 3, "the last worker is gone")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"boot": 1}', '{"boot": "x", "semaphores": [[1, 2]]}'])
def test_a_record_that_says_nothing_of_this_boot_removes_nothing(tmp_path, text):
    (tmp_path / (sysv.PREFIX + "x")).write_text(text)
    before = semaphore_ids()
    assert mutex.remove_stale(str(tmp_path)) == 0
    assert before == semaphore_ids()


def test_a_semaphore_that_has_the_key_of_a_dead_one_is_left_alone(tmp_path):
    semaphore = sysv_ipc.Semaphore(None, sysv_ipc.IPC_CREX)
    try:
        record = {"boot": sysv._boot(), "semaphores": [[semaphore.key, semaphore.id + 1]]}
        (tmp_path / (sysv.PREFIX + "x")).write_text(json.dumps(record))
        assert mutex.remove_stale(str(tmp_path)) == 0
        assert semaphore.id in semaphore_ids()
    finally:
        semaphore.remove()


def test_too_many_semaphores_say_what_to_change(tmp_path, monkeypatch):
    def none_left(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sysv_ipc, "Semaphore", none_left)
    with pytest.raises(OSError, match="mutex_type flock"):
        mutex.create(MutexSettings("sysv", 3, str(tmp_path)))
    assert os.listdir(tmp_path) == []
