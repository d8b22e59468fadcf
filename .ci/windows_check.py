"""Installs the Windows programs under wine, uses them as people do, and uninstalls them again.

    python dev.py build --windows --check          builds first; --check-only takes what is in dist/windows

A master on this Linux, a worker that its installer lets join, a task of the worker's own owner on it; the
master's own installer; both windows, whose pictures are kept in dist/windows/pictures; both uninstallers.
What does not hold ends the whole with a sentence.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

import windows
from windows import CACHE, PROGRAMS, ROOT, VENV, Wine, say

sys.path.insert(0, str(ROOT))

from core.client.client import HiveMind
from tests.support.pool import Pool, Program

CLASSES = r"HKCU\Software\Classes\hivemind"
LOGIN = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
INSTALLED = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall"
TASK = {
    "hivemind.toml": """schema = 1
[task]
name = "on Windows"
[run]
command = ["python", "main.py", "{{index}}"]
allow_process = true
[split]
mode = "count"
count = 3
[resources]
cpu_cores = 0.2
memory_gb = 0.2
[outputs]
required = ["out/{{index}}.txt"]
""",
    "main.py": """import pathlib, platform, sys
words = pathlib.Path("data/words.txt").read_text()
pathlib.Path("out", sys.argv[1] + ".txt").write_text(platform.system() + " " + words + sys.argv[1])
print("part", sys.argv[1], "ran on", platform.system())
""",
    "data/words.txt": "part ",
}
#: Writes what the screen shows into a file, and says how many colours there were.
_PICTURE = """
import sys
from PySide6.QtGui import QGuiApplication
application = QGuiApplication(sys.argv[:1])
image = application.primaryScreen().grabWindow(0).toImage()
image.save(sys.argv[1])
print(len({image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}))
"""


def holds(what: str, fact: object) -> None:
    """Say that something holds, or end with it."""
    if not fact:
        raise SystemExit(f"windows: does not hold: {what}")
    say(f"holds: {what}")


def wait_until(what: str, fact: Callable[[], object], seconds: float = 400) -> None:
    until = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > until:
            raise SystemExit(f"windows: did not come within {seconds:.0f} s: {what}")
        time.sleep(0.5)
    say(f"holds: {what}")


class Computer:
    """A Windows that one user has just got, with Python on it and nothing of ours."""

    def __init__(self, work: Path, built: Path, display: str) -> None:
        self.display = display
        self.wine = Wine(windows.wine_root(), work, display)
        self.python = windows.windows_python(work)
        self.work = work
        self.built = work / "built"
        self.built.mkdir()
        for file in built.glob("*-Setup.exe"):
            shutil.copyfile(file, self.built / file.name)
        self.user("cmd.exe", "/c", "ver", limit_s=600)
        (self.home,) = [path for path in (work / "prefix/drive_c/users").iterdir() if path.name != "Public"]

    @property
    def local(self) -> Path:
        return self.home / "AppData" / "Local"

    def program(self, app: str, name: str) -> Path:
        return self.local / "Programs" / PROGRAMS[app] / name

    def command(self, *words: str | Path) -> list[str]:
        return self.wine.command(*words, path=self.python)

    def user(self, *words: str | Path, limit_s: float = 300) -> tuple[int, str]:
        """Run a program to its end; return its exit code and what it wrote."""
        command = self.command(*words)
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=limit_s, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def start(self, *words: str | Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def setup(self, app: str, *flags: str) -> int:
        (file,) = self.built.glob(f"{PROGRAMS[app]}-*-Setup.exe")
        return self.user(file, "/S", *flags)[0]

    def uninstall(self, app: str, *flags: str) -> None:
        """Uninstall and wait for it: the uninstaller copies itself away and leaves the work to that copy."""
        folder = self.program(app, "x").parent
        code, _ = self.user(folder / "Uninstall.exe", "/S", *flags)
        holds(f"the {app}'s uninstaller starts", code == 0)
        wait_until("its folder is gone", lambda: not folder.exists())

    def registry(self, key: str, name: str = "") -> str:
        """Return a value of the registry, empty when it is not there."""
        code, words = self.user("reg", "query", key, *(["/v", name] if name else ["/ve"]))
        found = re.search(r"REG_\w+\s+(.*)", words)
        return found[1].strip() if code == 0 and found else ""


def see_window(
    computer: Computer, title: str, picture: Path, there: Callable[[], object], *words: str | Path
) -> None:
    """Start a program, wait for its window and for what it tells of, and keep a picture of the screen."""
    program = computer.start(*words)
    try:
        environment = {**os.environ, "DISPLAY": computer.display, "QT_QPA_PLATFORM": "xcb"}
        find = ["xdotool", "search", "--onlyvisible", "--name", title]
        wait_until(
            f"the window {title}",
            lambda: subprocess.run(find, env=environment, capture_output=True, check=False).stdout,
        )
        wait_until("what the window tells of", there)
        before: list[bytes] = [b""]
        settled = time.monotonic() + 40

        def rests() -> bool:
            time.sleep(3)
            done = subprocess.run(
                [str(VENV / "python"), "-c", _PICTURE, str(picture)],
                env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            content = picture.read_bytes() if picture.exists() else b""
            same, before[0] = content == before[0], content
            # A chart that moves with the time never rests.
            return (same or time.monotonic() > settled) and int(done.stdout or "0") > 20

        wait_until(f"{picture.name} shows it", rests)
    finally:
        program.terminate()
        program.wait(60)


def check_worker_setup(computer: Computer, pool: Pool) -> None:
    link = pool.admin("join-link", "--owner", "ann", "--name", "windows")
    holds("the worker installs in silence and joins", computer.setup("worker", f"/JOIN={link}", "/LOGIN") == 0)
    used = computer.setup("worker", f"/JOIN={link}")
    holds("a link that was used up ends the installer with 4", used == 4)
    data = computer.local / "hivemind" / "worker"
    holds("the node's identity is there", (data / "identity.json").is_file())
    window = computer.program("worker", "HiveMind-Worker.exe")
    opens = computer.registry(CLASSES + r"\shell\open\command")
    holds("hivemind: links open the worker", opens.endswith('HiveMind-Worker.exe" "%1"') and window.is_file())
    login = computer.registry(LOGIN, "HiveMind Worker")
    holds("/LOGIN starts it at sign-in, in the tray", login.endswith('HiveMind-Worker.exe" --minimized'))
    menu = computer.home / "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/HiveMind"
    holds("the start menu has it", (menu / "HiveMind Worker.lnk").is_file())
    version = computer.registry(INSTALLED + r"\HiveMind-Worker", "DisplayVersion")
    holds("Windows lists it with its version", re.fullmatch(r"\d+\.\d+\.\d+", version))
    code, words = computer.user(computer.program("worker", "hivemind-agent.exe"), "doctor")
    holds("the doctor says that there is no engine, and what to do", code == 1 and "Docker" in words)


def check_own_task(computer: Computer, pool: Pool) -> None:
    """A task of the worker's owner runs there, NOT isolated, and costs nobody anything."""
    command = computer.command(computer.program("worker", "hivemind-agent.exe"), "run", "--runtime", "process")
    agent = Program(command, computer.work / "agent.log")
    try:
        agent.ready()
        bundle = computer.work / "task.zip"
        with zipfile.ZipFile(bundle, "w") as archive:
            for name, text in TASK.items():
                archive.writestr(name, text)
        with HiveMind(pool.url) as ann:
            ann.login("ann", pool.password)
            before = ann.balance()
            task = ann.wait(ann.submit(bundle).task_id, timeout_s=300)
            holds(f"the task has succeeded ({task.state} {task.state_reason})", task.state == "SUCCEEDED")
            ann.download_result(task.task_id, computer.work / "result.zip")
            log = ann.log(task.task_id, subtask=1)
            usage = ann.usage(task.task_id)
            say(f"its receipt: {usage}")
            holds("it cost nothing", ann.balance() == before)
        with zipfile.ZipFile(computer.work / "result.zip") as archive:
            (name,) = [name for name in archive.namelist() if name.endswith("1.txt")]
            holds("its result was made on Windows", archive.read(name) == b"Windows part 1")
        holds("its log came", "part 1 ran on Windows" in str(log))
        holds("the ledger adds up", "fit" in pool.admin("ledger", "verify"))
        refused = computer.setup("worker")
        holds("the installer ends with 3 while the program runs", refused == 3)
    finally:
        agent.kill()


def check_master(computer: Computer) -> None:
    """The master serves on Windows. Its window is looked at elsewhere."""
    holds("the master installs in silence", computer.setup("master") == 0)
    daemon = computer.program("master", "hivemind-masterd.exe")
    doors = [part for door in ("web", "node", "control") for part in (f"--{door}", "127.0.0.1:0")]
    master = Program(computer.command(daemon, "serve", *doors), computer.work / "master.log")
    try:
        (web,) = [part[4:] for part in master.ready().split() if part.startswith("web=")]
        with urllib.request.urlopen(f"{web}/healthz", timeout=30) as answer:
            holds("the master serves its pages on Windows", answer.status == 200)
        with urllib.request.urlopen(f"{web}/login", timeout=60) as answer:
            holds("with templates and styles", b"HiveMind" in answer.read())
    finally:
        master.kill()
    code, words = computer.user(daemon, "ledger", "verify")
    holds(f"its database can be read afterwards ({words.strip()[-80:]})", code == 0 and "fit" in words)


def check_windows(computer: Computer, pictures: Path) -> None:
    """Both windows in both languages; the worker's tells that there is no Docker."""
    pictures.mkdir(parents=True, exist_ok=True)
    worker, master = computer.local / "hivemind" / "worker", computer.local / "hivemind" / "master"
    door = worker / "agent.json"
    for language in ("en", "zh_TW"):
        words = f"[look]\nlanguage={language}\n"
        (worker / "tray.ini").write_text(words, encoding="ascii")
        program = computer.program("worker", "HiveMind-Worker.exe")
        door.unlink(missing_ok=True)
        see_window(computer, "HiveMind", pictures / f"worker-{language}.png", door.exists, program)
        computer.wine.end()
        (master / "console").mkdir(exist_ok=True)
        (master / "console" / "console.ini").write_text(words, encoding="ascii")
        program = computer.program("master", "HiveMind-Master.exe")
        see_window(computer, "HiveMind", pictures / f"master-{language}.png", lambda: True, program)
        computer.wine.end()


def check_uninstall(computer: Computer) -> None:
    for app, more in (("worker", "HiveMind Worker"), ("master", "HiveMind Master")):
        data = computer.local / "hivemind" / app
        computer.uninstall(app)
        holds("its data stay", any(data.iterdir()))
        holds("Windows lists it no more", computer.registry(INSTALLED + "\\" + PROGRAMS[app], "DisplayName") == "")
        holds("nothing of it starts at sign-in", computer.registry(LOGIN, more) == "")
    holds("hivemind: links open nothing any more", computer.registry(CLASSES + r"\shell\open\command") == "")
    holds("the worker can be installed again", computer.setup("worker") == 0)
    holds("and finds its identity", (computer.local / "hivemind/worker/identity.json").is_file())
    computer.uninstall("worker", "/DATA=remove")
    wait_until("its data are gone", lambda: not (computer.local / "hivemind/worker").exists())


def check(built: Path) -> None:
    """Do all of it on a new Windows, with the installers in `built`."""
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="check-") as folder, windows.screen() as display:
        work = Path(folder)
        computer = Computer(work, built, display)
        try:
            (work / "pool").mkdir()
            with Pool(work / "pool", "process") as pool:
                pool.start_master()
                pool.add_user("ann", "submitter", "provider")
                check_worker_setup(computer, pool)
                check_own_task(computer, pool)
            check_master(computer)
            check_windows(computer, built / "pictures")
            check_uninstall(computer)
        finally:
            computer.wine.end()
    say("the Windows programs do what they should under wine; docs/building.md says what was not seen")
