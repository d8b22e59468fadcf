"""PID 1 of a sandbox: runs one attempt after another, ends each one completely, and never outlives its lease.

One file, standard library only, Python 3.8 or newer: it runs in the TASK's image, on that image's Python, so it
imports nothing of ours and is longer than our other files. The agent talks to it over the attached stdin and
stdout (container) or a Unix socket (process runtime) in frames: kind (1 byte), length (4 bytes), payload.

    J  JSON, both ways            D  content of a file that was announced by `put`, inwards
    O  output of the attempt      C  content of a file that was announced by `file`, outwards

Trust: everything that runs here besides this process is a stranger's. This process makes itself undumpable first,
so that nobody of the same uid may open its /proc entries, its stdout or its memory; attempts get pipes of their
own; after each attempt every other process is killed and the folders are emptied, and when that cannot be
verified the sandbox calls itself dirty.
"""

# Python 3.8 decides the idioms here, and an import more is a millisecond of every cold start.
# ruff: noqa: UP031, UP036, SIM105
# Its values are frames and file descriptors, seen by the tests on a real engine.
# mypy: allow-untyped-defs, allow-untyped-calls, no-check-untyped-defs
from __future__ import annotations

import sys

if sys.version_info < (3, 8):
    sys.stderr.write("runner: needs Python 3.8 or newer\n")
    sys.exit(64)

import binascii
import ctypes
import json
import os
import re
import resource
import select
import signal
import socket
import stat
import struct
import time

VERSION = 1
HEADER = struct.Struct(">BI")
OUTPUT = struct.Struct(">BQ")
RECORD = struct.Struct(">BQI")
MARK = b"\0HIVEMIND-SYNC\0"
FRAME_MAX = 1 << 20
CHUNK = 1 << 16
#: Live output that waits for a slow reader; beyond it output is only in the log, and the offsets jump.
QUEUE_MAX = 1 << 20
LOG_HEAD = 4 << 20
LOG_TAIL = 2 << 20
LIVE_TAIL = 1 << 16
LINE_MAX = 4096
COPY_MAX = 256 << 20
DEPTH_MAX = 64
EMPTY_LIMIT_S = 60.0
KILL_LIMIT_S = 10.0
METER_LIMIT_S = 60.0
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36
EXIT_LEASE, EXIT_UNSUITABLE = 3, 64
PROTOCOL_LINE = re.compile(rb"hivemind_(progress|status|metric|fail):[ \t]*(.*?)[ \t\r]*$")
METRIC = re.compile(rb"([A-Za-z0-9_.\-/]{1,64})=([-+0-9.eE]{1,32})$")
LIBC = ctypes.CDLL(None, use_errno=True)
BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now():
    """Seconds on a clock that also counts the host's sleep."""
    return time.clock_gettime(BOOT)


def prctl(option, value):
    if LIBC.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl %d" % option)


# -------------------------------------------------------------------------------------------- folders


class CannotEmpty(Exception):
    pass


def open_folder(path, parent=None):
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)


def empty_folder(path, deadline):
    """Remove everything under `path`, whatever its depth, names and modes, without following a link.

    Directories are moved up and emptied there, so neither recursion nor a long path is needed.
    """
    info = os.lstat(path)
    if not stat.S_ISDIR(info.st_mode):
        raise CannotEmpty("%s is not a folder any more" % path)
    if info.st_uid == os.geteuid() and info.st_mode & 0o700 != 0o700:
        os.chmod(path, 0o755)
    top = open_folder(path)
    try:
        serial = 0
        while True:
            names = os.listdir(top)
            if not names:
                return
            for name in names:
                if now() > deadline:
                    raise CannotEmpty("%s takes too long to empty" % path)
                serial = remove_entry(top, name, serial)
    except OSError as error:
        raise CannotEmpty("%s: %s" % (path, error)) from error
    finally:
        os.close(top)


def remove_entry(top, name, serial):
    """Remove a file, or move a folder's children up into `top` and remove it. Return the next serial."""
    if not stat.S_ISDIR(os.lstat(name, dir_fd=top).st_mode):
        os.unlink(name, dir_fd=top)
        return serial
    try:
        os.rmdir(name, dir_fd=top)
        return serial
    except OSError:
        os.chmod(name, 0o700, dir_fd=top)
    below = open_folder(name, top)
    try:
        for child in os.listdir(below):
            if stat.S_ISDIR(os.lstat(child, dir_fd=below).st_mode):
                # A folder must be writable by us to be moved: its `..` changes.
                os.chmod(child, 0o700, dir_fd=below)
                serial += 1
                os.rename(child, ".moved-%d-%d" % (os.getpid(), serial), src_dir_fd=below, dst_dir_fd=top)
            else:
                os.unlink(child, dir_fd=below)
    finally:
        os.close(below)
    os.rmdir(name, dir_fd=top)
    return serial


def system_v_left():
    """Tell whether System V shared memory, semaphores or queues were left behind: they outlive processes."""
    for kind in ("shm", "sem", "msg"):
        try:
            with open("/proc/sysvipc/" + kind, "rb") as table:
                if table.read(512).count(b"\n") > 1:
                    return True
        except OSError:
            continue
    return False


def safe_relative(path):
    parts = path.split("/")
    if not path or "\0" in path or path[0] == "/" or any(part in ("", ".", "..") for part in parts):
        raise ValueError("not a relative path: %r" % path[:200])
    return path


def copy_tree(source, target, budget):
    """Copy the bundle for an attempt that wants to write in it; return {path: (size, mtime_ns)}."""
    seen = {}
    for folder, folders, files in os.walk(source):
        relative = os.path.relpath(folder, source)
        inside = target if relative == "." else os.path.join(target, relative)
        for name in folders:
            os.mkdir(os.path.join(inside, name), 0o755)
        for name in files:
            start, end = os.path.join(folder, name), os.path.join(inside, name)
            info = os.stat(start)
            budget -= info.st_size
            if budget < 0:
                raise ValueError("copy = true takes bundles of at most 256 MiB")
            with open(start, "rb") as reader, open(end, "wb") as writer:
                for block in iter(lambda: reader.read(CHUNK), b""):
                    writer.write(block)
            os.chmod(end, stat.S_IMODE(info.st_mode) | 0o600)
            made = os.stat(end)
            seen[os.path.relpath(end, target)] = (made.st_size, made.st_mtime_ns)
    return seen


# -------------------------------------------------------------------------------------------- disk meter


def measure_disk(folders):
    """Return the bytes that the folders hold on disk, with files that are deleted and still open."""
    total, seen, device = 0, set(), None
    for root in folders:
        pending = [root]
        while pending:
            path = pending.pop()
            try:
                with os.scandir(path) as entries:
                    for entry in entries:
                        info = entry.stat(follow_symlinks=False)
                        device = info.st_dev
                        if info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode):
                            if info.st_ino in seen:
                                continue
                            seen.add(info.st_ino)
                        total += info.st_blocks * 512
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(entry.path)
            except OSError:
                continue
    if device is None:
        device = os.stat(folders[0]).st_dev
    return total + deleted_but_open(device)


def deleted_but_open(device):
    total, seen = 0, set()
    own = str(os.getppid())
    for pid in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if not pid.isdigit() or pid == own:
            continue
        try:
            for name in os.listdir("/proc/%s/fd" % pid):
                info = os.stat("/proc/%s/fd/%s" % (pid, name))
                if info.st_nlink == 0 and info.st_dev == device and info.st_ino not in seen:
                    seen.add(info.st_ino)
                    total += info.st_blocks * 512
        except OSError:
            continue
    return total


# -------------------------------------------------------------------------------------------- cgroup


def read_text(path):
    try:
        with open(path) as handle:
            return handle.read(65536)
    except OSError:
        return ""


def field_of(text, key):
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == key and value.strip().isdigit():
            return int(value)
    return 0


class Cgroup:
    """Counters of the sandbox's own cgroup, version 1 or 2, as far as they can be read; zeros elsewhere."""

    def __init__(self, base="/sys/fs/cgroup"):
        self.v2 = os.path.exists(base + "/cgroup.controllers") or os.path.exists(base + "/memory.current")
        self.base = base

    def oom_kills(self):
        path = "/memory.events" if self.v2 else "/memory/memory.oom_control"
        return field_of(read_text(self.base + path), "oom_kill")

    def memory(self):
        """Bytes in use without the page cache that can be dropped."""
        used = read_text(self.base + ("/memory.current" if self.v2 else "/memory/memory.usage_in_bytes"))
        if not used.strip().isdigit():
            return 0
        key = "inactive_file" if self.v2 else "total_inactive_file"
        cache = read_text(self.base + ("/memory.stat" if self.v2 else "/memory/memory.stat"))
        return max(0, int(used) - field_of(cache, key))

    def cpu_ms(self):
        if self.v2:
            return field_of(read_text(self.base + "/cpu.stat"), "usage_usec") // 1000
        used = read_text(self.base + "/cpuacct/cpuacct.usage").strip()
        return int(used) // 1000000 if used.isdigit() else 0

    def pids(self):
        used = read_text(self.base + ("/pids.current" if self.v2 else "/pids/pids.current")).strip()
        return int(used) if used.isdigit() else 0


# -------------------------------------------------------------------------------------------- output


class Log:
    """An attempt's output: the head, and a tail of at least LOG_TAIL bytes; the middle is dropped.

    The files have no name, so an attempt finds nothing to write or remove.
    """

    def __init__(self, folder):
        self.files = [self._nameless(folder, n) for n in range(3)]
        self.head, self.older, self.newer = self.files
        self.reset()

    @staticmethod
    def _nameless(folder, number):
        path = os.path.join(folder, ".log-%d-%d" % (os.getpid(), number))
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_APPEND
        handle = os.open(path, flags, 0o600)
        os.unlink(path)
        return handle

    def reset(self):
        if getattr(self, "total", 1):
            for handle in self.files:
                os.ftruncate(handle, 0)
        self.total = self.head_bytes = self.newer_bytes = self.older_bytes = 0

    def add(self, stream, content):
        """Keep `content` and return its offset. A full disk loses log, never the runner."""
        offset = self.total
        self.total += len(content)
        record = RECORD.pack(stream, offset, len(content)) + content
        try:
            if self.head_bytes < LOG_HEAD:
                os.write(self.head, record)
                self.head_bytes += len(content)
                return offset
            if self.newer_bytes >= LOG_TAIL:
                self.older, self.newer = self.newer, self.older
                self.older_bytes, self.newer_bytes = self.newer_bytes, 0
                os.ftruncate(self.newer, 0)
            os.write(self.newer, record)
            self.newer_bytes += len(content)
        except OSError:
            pass
        return offset

    @property
    def dropped(self):
        return max(0, self.total - self.head_bytes - self.older_bytes - self.newer_bytes)

    def records(self, from_offset):
        """Yield (stream, offset, content) of what is kept from an offset on."""
        for handle in (self.head, self.older, self.newer):
            position = 0
            while True:
                head = os.pread(handle, RECORD.size, position)
                if len(head) < RECORD.size:
                    break
                stream, offset, length = RECORD.unpack(head)
                skip = max(0, from_offset - offset)
                if skip < length:
                    yield stream, offset + skip, os.pread(handle, length - skip, position + RECORD.size + skip)
                position += RECORD.size + length


class Lines:
    """Finds the `hivemind_...:` lines in a stream of output; the newest of each kind waits to be sent."""

    def __init__(self, hide):
        """`hide` takes secrets out of a line: these texts travel apart from the log."""
        self.hide = hide
        self.carry = b""
        self.progress = self.status = self.fail = None
        self.metrics = {}
        self.waiting = False

    def feed(self, content):
        if b"hivemind_" not in content and b"hivemind_" not in self.carry + content[:16]:
            rest = content[content.rfind(b"\n") + 1 :]
            self.carry = (rest if b"\n" in content else self.carry + rest)[:LINE_MAX]
            return
        lines = (self.carry + content).split(b"\n")
        self.carry = lines.pop()[:LINE_MAX]
        for line in lines:
            self.line(line)

    def finish(self):
        self.line(self.carry)
        self.carry = b""

    def line(self, line):
        found = PROTOCOL_LINE.match(self.hide(line[:LINE_MAX]))
        if not found:
            return
        kind, text = found.group(1), found.group(2)
        try:
            if kind == b"progress":
                value = float(text)
                if not 0.0 <= value <= 100.0:
                    return
                self.progress = value
            elif kind == b"metric":
                match = METRIC.match(text)
                if not match or (len(self.metrics) >= 64 and match.group(1).decode() not in self.metrics):
                    return
                value = float(match.group(2))
                if value - value != 0.0:
                    return
                self.metrics[match.group(1).decode()] = value
            elif kind == b"status":
                self.status = text[:500].decode("utf-8", "replace")
            else:
                self.fail = text[:500].decode("utf-8", "replace")
            self.waiting = True
        except ValueError:
            return

    def take(self):
        """Return what waits, as one message, and forget it."""
        message = {"t": "lines", "progress": self.progress, "status": self.status}
        message["metrics"], message["fail"] = self.metrics, self.fail
        self.progress = self.status = self.fail = None
        self.metrics = {}
        self.waiting = False
        return message


class Masker:
    """Replaces secrets in a stream, also where they are cut between two reads."""

    def __init__(self, texts):
        secrets = sorted({text.encode() for text in texts if len(text) >= 4}, key=len, reverse=True)
        self.pattern = re.compile(b"|".join(re.escape(secret) for secret in secrets)) if secrets else None
        self.keep = max((len(secret) for secret in secrets), default=1) - 1
        self.held = {1: b"", 2: b""}

    def hide(self, content):
        return content if self.pattern is None else self.pattern.sub(b"***", content)

    def feed(self, stream, content):
        if self.pattern is None:
            return content
        content = self.pattern.sub(b"***", self.held[stream] + content)
        cut = max(0, len(content) - self.keep)
        self.held[stream] = content[cut:]
        return content[:cut]

    def flush(self, stream):
        held, self.held[stream] = self.held[stream], b""
        return held


# -------------------------------------------------------------------------------------------- attempt


class Attempt:
    """What is known of the attempt that runs; times are on the runner's clock."""

    def __init__(self, order):
        self.order = order
        self.attempt_id = order["attempt"]
        self.pid = 0
        self.started = now()
        self.timeout_at = self.started + order["timeout_s"] if order.get("timeout_s") else None
        self.kill_at = None
        self.flags = {"timed_out": False, "cancelled": False, "disk_exceeded": False, "lease": False}
        self.killed_by_us = False
        self.status = None
        self.pipes = {}
        self.error_pipe = -1
        self.cpu_s = 0.0
        self.peak_kib = 0
        self.child_sigkilled = False
        self.masker = Masker(order.get("masked", ()))
        self.lines = Lines(self.masker.hide)
        self.flush_at = 0.0
        self.live_from = 0
        self.ooms_before = 0
        self.cpu_before_ms = 0


class Runner:
    def __init__(self, root, temporary, listener=None):
        self.root = root
        self.listener = listener
        self.is_init = os.getpid() == 1
        self.input, self.output = (-1, -1) if listener else (0, 1)
        self.src = os.path.join(root, "src")
        self.folders = [os.path.join(root, name) for name in ("run", "out", "item", "checkpoint", "log")]
        self.temporary = temporary
        self.cgroup = Cgroup() if self.is_init else Cgroup("/nonexistent")
        self.log = Log(os.path.join(root, "log"))
        self.buffer = bytearray()
        self.queue = []
        self.queued = 0
        self.attempt = None
        self.last = None
        self.clean = True
        self.problem_of_order = ""
        self.problem = ""
        self.paused_at = None
        self.lease_at = now() + 600.0
        self.put = None
        self.collecting = None
        self.snapshot = {}
        self.usage_s = 30.0
        self.usage_at = now() + 30.0
        self.meter = None
        self.meter_at = 0.0
        self.meter_misses = 0
        self.disk = 0
        self.disk_limit = 0
        self.poll = select.poll()
        self.wake_read, wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self.poll.register(self.wake_read, select.POLLIN)
        if listener:
            self.poll.register(listener, select.POLLIN)
        else:
            os.set_blocking(self.output, False)
            self.poll.register(self.input, select.POLLIN)

    # ---- frames out

    def send(self, kind, payload):
        if self.output < 0:
            return
        self.queue.append(HEADER.pack(ord(kind), len(payload)) + payload)
        self.queued += len(payload) + HEADER.size

    def say(self, **message):
        self.send("J", json.dumps(message, separators=(",", ":")).encode())

    def flush(self):
        while self.queue and self.output >= 0:
            block = self.queue[0] if len(self.queue) == 1 else b"".join(self.queue)
            try:
                written = os.write(self.output, block)
            except BlockingIOError:
                self.queue = [block]
                return
            except OSError:
                self.drop_connection()
                return
            self.queue = [block[written:]] if written < len(block) else []
            self.queued = len(block) - written

    # ---- frames in

    def read_input(self):
        try:
            content = os.read(self.input, 1 << 18)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            content = b""
        if not content:
            self.drop_connection()
            return
        self.buffer += content
        position = 0
        while len(self.buffer) - position >= HEADER.size:
            kind, length = HEADER.unpack_from(self.buffer, position)
            if length > FRAME_MAX:
                self.leave(70)
            if len(self.buffer) - position - HEADER.size < length:
                break
            start = position + HEADER.size
            self.receive(kind, bytes(self.buffer[start : start + length]))
            position = start + length
        del self.buffer[:position]

    def drop_connection(self):
        """The agent is gone. A container's stdin is never re-opened; a socket's next connection takes over."""
        self.queue, self.queued, self.collecting = [], 0, None
        if self.input >= 0:
            self.poll.unregister(self.input)
        if self.listener and self.input >= 0:
            os.close(self.input)
            self.buffer.clear()
        self.input = self.output = -1

    def accept(self):
        connection, _ = self.listener.accept()
        if self.input >= 0:
            self.drop_connection()
        self.input = self.output = connection.detach()
        os.set_inheritable(self.input, False)
        os.set_blocking(self.input, False)
        self.poll.register(self.input, select.POLLIN)

    def receive(self, kind, payload):
        if kind == ord("D"):
            if self.put:
                handle, left = self.put
                os.write(handle, payload)
                self.put = (handle, left - len(payload))
                self.end_put()
            return
        message = json.loads(payload.decode())
        getattr(self, "on_" + message["t"])(message)

    def on_hello(self, message):
        """Start the conversation: everything that was queued for somebody else is dropped before the mark."""
        self.queue = [MARK + binascii.unhexlify(message["nonce"])]
        self.queued, self.collecting = len(self.queue[0]), None
        attempt = self.attempt.attempt_id if self.attempt else ""
        self.say(
            t="hello",
            version=VERSION,
            python="%d.%d.%d" % sys.version_info[:3],
            attempt=attempt,
            last=self.last["attempt"] if self.last and not attempt else "",
            clean=self.clean,
            root=self.root,
        )

    def on_lease(self, message):
        self.lease_at = now() + message["s"]

    def on_limits(self, message):
        self.disk_limit = message.get("disk", self.disk_limit)

    def on_usage(self, message):
        self.usage_s = max(0.2, message["s"])
        self.usage_at = now() + min(self.usage_s, 0.2)

    def on_pause(self, message):
        self.paused_at = now()
        self.say(t="paused", id=message["id"])

    def on_resume(self, message):
        if self.paused_at is None:
            return
        away, self.paused_at = now() - self.paused_at, None
        if self.attempt:
            self.attempt.started += away
            if self.attempt.timeout_at is not None:
                self.attempt.timeout_at += away
            if self.attempt.kill_at is not None:
                self.attempt.kill_at += away

    def on_exit(self, message):
        self.end_everything()
        self.leave(0)

    def on_cancel(self, message):
        if self.attempt and self.attempt.attempt_id == message["attempt"]:
            self.terminate("cancelled", message["grace_s"])

    def on_replay(self, message):
        """Send what is kept of the output from an offset, then the end when it is over already."""
        current = self.attempt.attempt_id if self.attempt else self.last["attempt"] if self.last else ""
        if current != message["attempt"]:
            self.say(t="unknown", attempt=message["attempt"])
            return
        self.say(t="replaying", attempt=current)
        for stream, offset, content in self.log.records(message["offset"]):
            self.send("O", OUTPUT.pack(stream, offset) + content)
        if self.attempt:
            self.attempt.live_from = self.log.total
        else:
            self.say(**self.last)

    # ---- preparing and running

    def on_clear(self, message):
        self.empty(keep_checkpoint=False)
        self.say(t="cleared", id=message["id"], clean=self.clean, problem=self.problem)

    def on_begin(self, message):
        """Empty the folders before an attempt; `put` and `run` follow without waiting for an answer."""
        self.problem_of_order = ""
        self.last = None
        if self.attempt is None:
            self.empty(message.get("keep", False))

    def on_put(self, message):
        if self.attempt is not None or not self.clean:
            return
        try:
            path = os.path.join(self.root, message["area"], safe_relative(message["path"]))
            if message["area"] not in ("item", "checkpoint"):
                raise ValueError("no such area")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            os.fchmod(handle, message["mode"])
            self.put = (handle, message["size"])
            self.end_put()
        except (OSError, ValueError) as error:
            self.problem_of_order = "cannot place %s: %s" % (message["path"], error)

    def end_put(self):
        if self.put and self.put[1] <= 0:
            os.close(self.put[0])
            self.put = None

    def empty(self, keep_checkpoint):
        self.end_everything()
        deadline = now() + EMPTY_LIMIT_S
        self.snapshot = {}
        try:
            for folder in self.folders + self.temporary:
                if not (keep_checkpoint and folder.endswith("/checkpoint")):
                    empty_folder(folder, deadline)
            if self.is_init and system_v_left():
                raise CannotEmpty("System V memory, semaphores or queues were left behind")
        except (CannotEmpty, OSError) as error:
            self.clean, self.problem = False, str(error)[:500]

    def lay_out(self, order):
        """Give the working folder its links, or its copy of the bundle."""
        run = self.folders[0]
        for name in ("out", "checkpoint"):
            os.symlink(os.path.join(self.root, name), os.path.join(run, name))
        if not os.path.isdir(self.src):
            return
        if order.get("copy"):
            self.snapshot = copy_tree(self.src, run, COPY_MAX)
            return
        for name in os.listdir(self.src):
            if name not in ("out", "checkpoint"):
                os.symlink(os.path.join(self.src, name), os.path.join(run, name))

    def on_run(self, order):
        if self.attempt is not None:
            self.say(t="busy", attempt=order["attempt"])
            return
        if not self.clean:
            self.say(t="dirty", attempt=order["attempt"], problem=self.problem)
            return
        self.lease_at = now() + order["lease_s"]
        attempt = Attempt(order)
        problem = self.problem_of_order
        try:
            if not problem:
                self.lay_out(order)
        except (OSError, ValueError) as error:
            problem = "cannot lay out the working folder: %s" % error
        self.log.reset()
        if problem:
            self.refuse(attempt, problem)
            return
        attempt.ooms_before, attempt.cpu_before_ms = self.cgroup.oom_kills(), self.cgroup.cpu_ms()
        try:
            self.start(attempt)
        except OSError as error:
            self.refuse(attempt, "cannot start a process: %s" % error)
            return
        self.attempt = attempt
        self.disk_limit = order.get("disk", 0)
        self.meter_at, self.meter_misses, self.disk = now() + 1.0, 0, 0
        self.usage_at = now() + self.usage_s
        self.say(t="started", attempt=attempt.attempt_id)

    def refuse(self, attempt, problem):
        self.last = {"t": "ended", "attempt": attempt.attempt_id, "exit": None, "signal": None}
        self.last["problem"] = problem[:500]
        self.say(**self.last)

    def start(self, attempt):
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        err_read, err_write = os.pipe2(os.O_CLOEXEC)
        fail_read, fail_write = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            self.become(attempt.order, out_write, err_write, fail_write)
        for handle in (out_write, err_write, fail_write):
            os.close(handle)
        for handle in (out_read, err_read, fail_read):
            os.set_blocking(handle, False)
        attempt.pid, attempt.error_pipe = pid, fail_read
        attempt.pipes = {out_read: 1, err_read: 2}
        attempt.started = now()
        if attempt.timeout_at is not None:
            attempt.timeout_at = attempt.started + attempt.order["timeout_s"]
        self.poll.register(out_read, select.POLLIN)
        self.poll.register(err_read, select.POLLIN)

    def become(self, order, out_write, err_write, fail_write):
        """In the child: turn into the attempt's program. Never returns."""
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            os.setsid()
            # Inside one container this only ranks the attempt behind the runner, which 500 busy processes would
            # otherwise starve of the cpu that it needs to end them.
            os.nice(19)
            # Writing one's own oom_score_adj needs to be dumpable; no stranger runs at this moment.
            prctl(PR_SET_DUMPABLE, 1)
            try:
                with open("/proc/self/oom_score_adj", "w") as handle:
                    handle.write("1000")
            except OSError:
                pass
            if not self.is_init:
                prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            null = os.open("/dev/null", os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(out_write, 1)
            os.dup2(err_write, 2)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if order.get("disk"):
                soft = min(order["disk"], resource.getrlimit(resource.RLIMIT_FSIZE)[1] % (1 << 63))
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, soft))
            os.chdir(order["workdir"])
            environment = dict(os.environ)
            environment.update(order["env"])
            os.execvpe(order["argv"][0], order["argv"], environment)
        except BaseException as error:
            text = "%s: %s" % (order["argv"][:1], error)
            os.write(fail_write, text.encode("utf-8", "replace")[:400])
        finally:
            os._exit(127)

    # ---- output of the attempt

    def read_pipe(self, handle):
        """Take what the attempt wrote; return False at its end."""
        attempt = self.attempt
        try:
            content = os.read(handle, CHUNK)
        except BlockingIOError:
            return True
        stream = attempt.pipes[handle]
        if not content:
            self.poll.unregister(handle)
            os.close(handle)
            del attempt.pipes[handle]
            return False
        if stream == 1:
            attempt.lines.feed(content)
        self.keep_output(stream, attempt.masker.feed(stream, content))
        return True

    def keep_output(self, stream, content):
        if not content:
            return
        offset = self.log.add(stream, content)
        # Beyond the head only the newest is shown live, a little each second, so that endless output costs little.
        if self.log.total <= LOG_HEAD and self.queued < QUEUE_MAX and not self.log.newer_bytes:
            self.send("O", OUTPUT.pack(stream, offset) + content)
            self.attempt.live_from = self.log.total

    def show_tail(self, limit):
        """Send output that was not shown live: the last `limit` bytes of what is kept."""
        attempt = self.attempt
        if attempt.live_from >= self.log.total or (limit < LOG_TAIL and self.queued > QUEUE_MAX):
            return
        for stream, offset, content in self.log.records(max(attempt.live_from, self.log.total - limit)):
            self.send("O", OUTPUT.pack(stream, offset) + content)
        attempt.live_from = self.log.total

    # ---- ending

    def terminate(self, flag, grace_s):
        attempt = self.attempt
        if attempt.kill_at is None or now() + grace_s < attempt.kill_at:
            attempt.kill_at = now() + grace_s
        if not any(attempt.flags.values()):
            attempt.flags[flag] = True
        try:
            os.killpg(attempt.pid, signal.SIGTERM)
        except OSError:
            pass

    def reap(self):
        """Collect every child that has died. Return True when the attempt's own process is among them."""
        attempt, over = self.attempt, False
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return over
            if pid == 0:
                return over
            if self.meter and pid == self.meter[0]:
                self.meter_over()
                continue
            if attempt is None:
                continue
            attempt.cpu_s += usage.ru_utime + usage.ru_stime
            attempt.peak_kib = max(attempt.peak_kib, usage.ru_maxrss)
            if not attempt.killed_by_us and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
                attempt.child_sigkilled = True
            if pid == attempt.pid:
                attempt.status, over = status, True

    def kill_once(self):
        """SIGKILL everything but ourselves. Return False when there was nothing."""
        if self.is_init:
            try:
                os.kill(-1, signal.SIGKILL)
                return True
            except ProcessLookupError:
                return False
        # Not alone on this system: only our own descendants, found by parent (orphans come to us).
        found = descendants(os.getpid())
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        return bool(found)

    def end_everything(self):
        """Kill and reap until nothing is left. When that fails the sandbox is dirty."""
        if self.attempt:
            self.attempt.killed_by_us = True
        deadline = now() + KILL_LIMIT_S
        while self.kill_once():
            self.reap()
            if now() > deadline:
                self.clean, self.problem = False, "a process could not be ended"
                return
            time.sleep(0.001)
        self.reap()
        if self.meter:
            self.meter_over()

    def finish(self):
        """The attempt is over: end what it left behind, read its last output and report."""
        attempt = self.attempt
        self.end_everything()
        for handle in list(attempt.pipes):
            while self.attempt.pipes.get(handle) and self.drain(handle):
                pass
        for handle in list(attempt.pipes):
            self.poll.unregister(handle)
            os.close(handle)
        self.keep_output(1, attempt.masker.flush(1))
        self.keep_output(2, attempt.masker.flush(2))
        attempt.lines.finish()
        if attempt.lines.waiting:
            self.say(**attempt.lines.take())
        self.show_tail(2 * LOG_TAIL)
        self.last = self.report(attempt)
        self.attempt = None
        self.say(**self.last)

    def drain(self, handle):
        before = self.log.total + len(b"".join(self.attempt.masker.held.values()))
        if not self.read_pipe(handle):
            return False
        return self.log.total + len(b"".join(self.attempt.masker.held.values())) > before

    def report(self, attempt):
        status = attempt.status
        signalled = status is not None and os.WIFSIGNALED(status)
        code = os.WEXITSTATUS(status) if status is not None and os.WIFEXITED(status) else None
        problem = ""
        try:
            problem = os.read(attempt.error_pipe, 4096).decode("utf-8", "replace")
        except OSError:
            pass
        os.close(attempt.error_pipe)
        if problem:
            code = None
        number = os.WTERMSIG(status) if signalled else None
        # 137 is how a shell says that ITS child died of SIGKILL; alone it proves nothing (R9).
        killed = attempt.child_sigkilled or code == 128 + signal.SIGKILL
        stopped = attempt.flags["timed_out"] or attempt.flags["cancelled"]
        oom = killed and not stopped and self.cgroup.oom_kills() > attempt.ooms_before
        return {
            "t": "ended",
            "attempt": attempt.attempt_id,
            "exit": code,
            "signal": number,
            "oom": oom,
            "timed_out": attempt.flags["timed_out"],
            "cancelled": attempt.flags["cancelled"],
            "disk": attempt.flags["disk_exceeded"] or number == signal.SIGXFSZ,
            "wall_ms": int((now() - attempt.started) * 1000),
            "cpu_ms": max(int(attempt.cpu_s * 1000), self.cgroup.cpu_ms() - attempt.cpu_before_ms),
            "rss": attempt.peak_kib * 1024,
            "bytes": self.log.total,
            "dropped": self.log.dropped,
            "problem": problem,
            "dirty": not self.clean,
        }

    def leave(self, code):
        self.flush()
        os._exit(code)

    # ---- disk

    def start_meter(self):
        """Measure in a process of its own: a million files must not hold up the lease."""
        read, write = os.pipe2(os.O_CLOEXEC)
        try:
            pid = os.fork()
        except OSError:
            os.close(read)
            os.close(write)
            self.meter_miss()
            return
        if pid == 0:
            try:
                os.write(write, b"%d" % measure_disk(self.folders))
            finally:
                os._exit(0)
        os.close(write)
        self.meter = (pid, read, now())

    def meter_over(self):
        _, read, since = self.meter
        self.meter = None
        os.set_blocking(read, False)
        try:
            answer = os.read(read, 64)
        except OSError:
            answer = b""
        os.close(read)
        took = now() - since
        self.meter_at = now() + max(2.0, took * 10)
        if not answer.isdigit():
            self.meter_miss()
            return
        self.meter_misses = 0
        self.disk = int(answer)
        if self.attempt and self.disk_limit and self.disk > self.disk_limit:
            self.stop_for_disk()

    def meter_miss(self):
        """The meter was killed or stopped; an attempt that does this repeatedly hides something."""
        self.meter_at = now() + 2.0
        if self.attempt and not self.attempt.killed_by_us:
            self.meter_misses += 1
            if self.meter_misses >= 5:
                self.stop_for_disk()

    def stop_for_disk(self):
        self.attempt.flags["disk_exceeded"] = True
        self.attempt.kill_at = now()

    # ---- taking results out

    def on_collect(self, order):
        self.collecting = self.collect(order)

    def collect(self, order):
        """Send matching files, one chunk a step. Refuse by name whatever is not a plain file."""
        include = [re.compile(pattern) for pattern in order["include"]]
        required = [(text, re.compile(pattern)) for text, pattern in order["required"]]
        left, count, found = order["max_bytes"], 0, set()
        try:
            for path, parent, name, info in self.walk(order["roots"]):
                if order["changes"]:
                    if self.snapshot.get(path) == (info.st_size, info.st_mtime_ns):
                        continue
                elif not any(pattern.match(path) for pattern in include):
                    continue
                count, left = count + 1, left - info.st_size
                self.judge(path, info, count, left, order)
                found.update(text for text, pattern in required if pattern.match(path))
                yield from self.send_file(path, parent, name, info)
            missing = [text for text, _ in required if text not in found]
            problem = "missing: %s" % ", ".join(missing[:5]) if missing else ""
        except (OSError, ValueError) as error:
            problem = str(error)
        self.say(t="collected", id=order["id"], problem=problem[:500].encode("utf-8", "replace").decode())

    def judge(self, path, info, count, left, order):
        path.encode("utf-8")
        if not stat.S_ISREG(info.st_mode):
            kinds = {stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
            raise ValueError("%s is %s" % (path, kinds.get(stat.S_IFMT(info.st_mode), "a device")))
        if count > order["max_files"]:
            raise ValueError("%s: more than %d files" % (path, order["max_files"]))
        if left < 0:
            raise ValueError("%s: more than %d bytes in all" % (path, order["max_bytes"]))

    def walk(self, roots):
        """Yield (path, parent fd, name, stat) of everything but folders and our own links, in order of name."""
        for root in roots:
            prefix = "" if root == "run" else root + "/"
            pending = [(os.path.join(self.root, root), prefix, 0)]
            while pending:
                folder, prefix, depth = pending.pop()
                handle = open_folder(folder)
                try:
                    for name in sorted(os.listdir(handle)):
                        info = os.lstat(name, dir_fd=handle)
                        path = prefix + name
                        if stat.S_ISDIR(info.st_mode):
                            if depth >= DEPTH_MAX:
                                raise ValueError("%s: folders too deep" % path[:200])
                            if info.st_mode & 0o500 != 0o500:
                                os.chmod(name, 0o700, dir_fd=handle)
                            pending.append((os.path.join(folder, name), path + "/", depth + 1))
                        elif not self.is_our_link(root, path, name, info, handle):
                            yield path, handle, name, info
                finally:
                    os.close(handle)

    def is_our_link(self, root, path, name, info, handle):
        if root != "run" or "/" in path or not stat.S_ISLNK(info.st_mode):
            return False
        target = os.readlink(name, dir_fd=handle)
        return target in (os.path.join(self.src, name), os.path.join(self.root, name))

    def send_file(self, path, parent, name, info):
        if info.st_mode & 0o400 == 0:
            os.chmod(name, 0o600, dir_fd=parent)
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ValueError("%s changed while it was read" % path)
            self.say(t="file", path=path, size=info.st_size, executable=bool(info.st_mode & 0o100))
            left = info.st_size
            while left > 0:
                block = os.read(handle, min(left, FRAME_MAX // 4))
                if not block:
                    raise ValueError("%s became shorter while it was read" % path)
                left -= len(block)
                self.send("C", block)
                yield
        finally:
            os.close(handle)

    # ---- the loop

    def next_wake(self):
        """Milliseconds until something is due."""
        due = self.lease_at
        attempt = self.attempt
        if attempt and self.paused_at is None:
            due = min(due, self.usage_at)
            due = min(due, self.meter[2] + METER_LIMIT_S if self.meter else self.meter_at)
            for moment in (attempt.timeout_at, attempt.kill_at):
                if moment is not None:
                    due = min(due, moment)
            if attempt.lines.waiting or attempt.live_from < self.log.total:
                due = min(due, attempt.flush_at)
        if self.collecting and self.queued < QUEUE_MAX:
            return 0
        return max(0, min(60000, int((due - now()) * 1000) + 1))

    def tick(self):
        moment = now()
        if moment >= self.lease_at:
            self.say(t="lease_over")
            self.end_everything()
            self.leave(EXIT_LEASE)
        attempt = self.attempt
        if attempt is None or self.paused_at is not None:
            return
        if attempt.timeout_at is not None and moment >= attempt.timeout_at:
            attempt.timeout_at = None
            self.terminate("timed_out", attempt.order.get("grace_s", 0))
        if attempt.kill_at is not None and moment >= attempt.kill_at:
            self.end_everything()
            self.finish()
            return
        if moment >= attempt.flush_at and (attempt.lines.waiting or attempt.live_from < self.log.total):
            slow = attempt.live_from < self.log.total
            attempt.flush_at = moment + (1.0 if slow else 0.1)
            if attempt.lines.waiting:
                self.say(**attempt.lines.take())
            self.show_tail(LIVE_TAIL)
        if moment >= self.usage_at:
            self.usage_at = moment + self.usage_s
            self.tell_usage(attempt)
        if self.meter is None and moment >= self.meter_at:
            self.start_meter()
        elif self.meter and moment > self.meter[2] + METER_LIMIT_S:
            os.kill(self.meter[0], signal.SIGKILL)

    def tell_usage(self, attempt):
        cpu_ms = self.cgroup.cpu_ms() - attempt.cpu_before_ms
        self.say(t="usage", cpu_ms=cpu_ms, memory=self.cgroup.memory(), disk=self.disk, pids=self.cgroup.pids())

    def step(self):
        self.flush()
        waiting_out = bool(self.queue) and self.output >= 0
        if waiting_out:
            both = self.output == self.input
            self.poll.register(self.output, select.POLLOUT | (select.POLLIN if both else 0))
        ready = self.poll.poll(self.next_wake())
        if waiting_out and self.output >= 0:
            if self.output == self.input:
                self.poll.modify(self.output, select.POLLIN)
            else:
                self.poll.unregister(self.output)
        for handle, events in ready:
            if handle == self.input and events & ~select.POLLOUT:
                self.read_input()
            elif handle == self.wake_read:
                self.drain_wake()
            elif self.listener and handle == self.listener.fileno():
                self.accept()
            elif self.attempt and handle in self.attempt.pipes:
                self.read_pipe(handle)
        if self.attempt and self.attempt.status is not None:
            self.finish()
        if self.collecting and self.queued < QUEUE_MAX and next(self.collecting, self) is self:
            self.collecting = None
        self.tick()

    def drain_wake(self):
        try:
            os.read(self.wake_read, 4096)
        except BlockingIOError:
            pass
        self.reap()


def descendants(root):
    """Return the live descendants of a process, by /proc."""
    children = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            text = read_text("/proc/%s/stat" % name)
            fields = text[text.rfind(")") + 2 :].split()
            if len(fields) > 1 and fields[0] != "Z":
                children.setdefault(int(fields[1]), []).append(int(name))
    found, pending = [], [root]
    while pending:
        for pid in children.get(pending.pop(), ()):
            found.append(pid)
            pending.append(pid)
    return found


def main(arguments):
    prctl(PR_SET_DUMPABLE, 0)
    # PID 1 gets only signals that it handles: with the defaults back, nobody inside can disturb it.
    signal.signal(signal.SIGINT, signal.SIG_DFL if os.getpid() == 1 else signal.SIG_IGN)
    os.umask(0o022)
    root, temporary, listener = arguments[0], arguments[1].split(":"), None
    if len(arguments) > 2:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(arguments[2])
        listener.listen(1)
    runner = Runner(root, temporary, listener)
    while True:
        runner.step()


if __name__ == "__main__":
    main(sys.argv[1:])
