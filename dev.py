"""Everything a developer does, with nothing but Python 3.11+: `python dev.py COMMAND`.

    demo [ARGS]          a master and three agents on this machine, real tasks, and what they earned
    test [--fast] [ARGS] all tests (--fast: without engine, PostgreSQL and what is slow); ARGS go to pytest
    lint                 ruff, mypy --strict, import contracts
    protos               regenerate core/pb from protos/
    images [NAME ...]    build the catalogue images that tests and demo use
    docs                 the site of docs/ in both languages into build/docs, warnings are errors
    containers           the images hivemind/master and hivemind/agent of this checkout (docs/containers.md)
    bench [NAME] [ARGS]  the benchmarks of docs/benchmarks.md, all or one; ARGS go to it
    build [NAME ...]     the programs for this system, frozen into dist/ (master, worker, or both);
                         --deb: Debian packages too; --windows: those for Windows with installers, and with
                         --check installed, used and uninstalled under wine (--check-only: without a build)

It makes `.venv` from the hashed lock. As root on Debian it also installs the system packages that it names
and starts a container engine when none runs, which it stops again at the end; elsewhere it says what is
missing.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / ".ci" / "lock.txt"
WINDOWS = os.name == "nt"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")

ENGINE_PACKAGES = ("docker.io", "iptables", "mmdebstrap")
QT_PACKAGES = (
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "libgl1",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-keysyms1",
    "libxkbcommon-x11-0",
    "fonts-noto-cjk",
)
DISPLAY_PACKAGES = ("xvfb", "xauth", "xdotool", "x11-utils", "trayer", "dbus", "dbus-x11")
DOCS_PACKAGES = ("graphviz",)
#: objdump, the libraries that Qt loads late (PyInstaller takes along what it finds), and the library of Debian's
#: own Python, which Debian keeps apart from it.
BUILD_PACKAGES = (
    "binutils",
    *QT_PACKAGES,
    *([f"libpython{sys.version_info.major}.{sys.version_info.minor}"] if sys.base_prefix == "/usr" else []),
)
TEST_PACKAGES = (
    *ENGINE_PACKAGES,
    *DISPLAY_PACKAGES,
    *DOCS_PACKAGES,
    *BUILD_PACKAGES,
    "chromium",
    "postgresql",
    "iproute2",
    "iputils-ping",
    "iptables",
    "gcc",
    "libc6-dev",
    "busybox-static",
    "docker-compose",
    "docker-registry",
    "e2fsprogs",
    "p7zip-full",
    "wireguard-tools",
    "wireguard-go",
)
WINDOWS_PACKAGES = ("mmdebstrap", "bubblewrap", "nsis", "git", *DISPLAY_PACKAGES, *QT_PACKAGES)
PROGRAMS = ("master", "worker")
FAST = "not docker and not postgres and not slow and not display and not chromium"
LINTED = ("core", "master_app", "worker_app", "tests", "dev.py", ".ci")


def say(text: str) -> None:
    print(f"dev: {text}", flush=True)


def fail(text: str) -> None:
    raise SystemExit(f"dev: {text}")


def run(command: Sequence[str | Path], *, env: dict[str, str] | None = None) -> int:
    """Run `command` to its end and return its exit code. At Ctrl-C it is given time to clean up after itself."""
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT, env={**os.environ, **(env or {})})
    try:
        return process.wait()
    except KeyboardInterrupt:
        # The terminal has sent Ctrl-C to the child as well; a second one, or 60 seconds, ends its patience.
        try:
            process.wait(timeout=60)
        except (KeyboardInterrupt, subprocess.TimeoutExpired):
            process.terminate()
            process.wait()
        return 130
    except SystemExit:
        process.terminate()
        process.wait()
        raise


def check(command: Sequence[str | Path], why: str) -> None:
    code = run(command)
    if code == 130:
        raise KeyboardInterrupt
    if code:
        fail(f"{why} failed (exit code {code}); its words stand above.")


def is_debian_root() -> bool:
    return not WINDOWS and os.geteuid() == 0 and shutil.which("apt-get") is not None


def missing_packages(names: Sequence[str]) -> list[str]:
    """Return those of `names` that dpkg does not have installed, in their order."""
    form = "${Package} ${db:Status-Status}\n"
    done = subprocess.run(["dpkg-query", "-W", "-f", form, *names], capture_output=True, text=True, check=False)
    return [name for name in names if f"{name} installed" not in done.stdout.splitlines()]


def install_packages(names: Sequence[str]) -> None:
    missing = missing_packages(names)
    if not missing:
        return
    say(f"installing Debian packages: {' '.join(missing)}")
    quiet = ["-qq", "-o", "Dpkg::Use-Pty=0"]
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    if run(["apt-get", *quiet, "update"], env=environment):
        fail("apt-get update failed; its words stand above.")
    if run(["apt-get", *quiet, "install", "-y", "--no-install-recommends", *missing], env=environment):
        fail(f"apt-get could not install {' '.join(missing)}; its words stand above.")


def prepare_python() -> None:
    """Make `.venv` hold exactly what the lock names; quick when it already does."""
    stamp = VENV / "hivemind-lock"
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if PYTHON.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    if not PYTHON.exists():
        say("making .venv")
        try:
            import ensurepip  # noqa: F401
        except ImportError:
            if not is_debian_root():
                fail("this Python has no venv module. On Debian and Ubuntu: apt install python3-venv")
            install_packages(["python3-venv"])
        check([sys.executable, "-m", "venv", VENV], "making .venv")
    say("installing the Python packages of .ci/lock.txt")
    pip: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    # The lock is complete; pip 23.0 of Debian 12 takes an extra among the needs of a package for a missing hash.
    check([*pip, "--no-deps", "--only-binary", ":all:", "-r", LOCK], "installing the Python packages")
    stamp.write_text(wanted, encoding="ascii")


def engine_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    try:
        done = subprocess.run(["docker", "version"], capture_output=True, check=False, timeout=20)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


@contextmanager
def engine(*, keep: bool = False, names: Sequence[str] = ()) -> Iterator[bool]:
    """Yield whether a container engine with the images runs; one that was started here ends with the block."""
    daemon: subprocess.Popen[bytes] | None = None
    try:
        if not engine_answers():
            daemon = start_engine()
        ready = engine_answers()
        if ready:
            check([PYTHON, ROOT / ".ci" / "images.py", *names], "building the images")
        yield ready
    finally:
        if daemon is not None:
            if keep and daemon.poll() is None:
                say(f"the container engine that was started here goes on; end it with: kill {daemon.pid}")
            else:
                stop_engine(daemon)


def start_engine() -> subprocess.Popen[bytes] | None:
    if not is_debian_root():
        say("no container engine answers: start Docker (Desktop), or run this as root on Debian to have it done.")
        return None
    program = shutil.which("dockerd") or "/usr/sbin/dockerd"
    if not Path(program).exists():
        say("Docker is not installed: apt install docker.io iptables")
        return None
    log = VENV / "dockerd.log"
    say(f"starting a container engine (its log: {log.relative_to(ROOT)})")
    with open(log, "wb") as stream:
        # Its own session: Ctrl-C is for the tests, which need the engine to clean up.
        daemon = subprocess.Popen([program], stdout=stream, stderr=stream, start_new_session=True)
    for _ in range(120):
        if engine_answers():
            return daemon
        if daemon.poll() is not None:
            break
        time.sleep(0.5)
    if daemon.poll() is None:
        stop_engine(daemon)
    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
    say("the container engine did not start. The end of its log:\n" + "\n".join(tail))
    return None


def stop_engine(daemon: subprocess.Popen[bytes]) -> None:
    daemon.send_signal(signal.SIGTERM)
    try:
        daemon.wait(timeout=30)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def test(arguments: list[str]) -> int:
    prepare_python()
    if "--fast" in arguments:
        arguments.remove("--fast")
        return run([PYTHON, "-m", "pytest", "-m", FAST, *arguments])
    if is_debian_root():
        install_packages(TEST_PACKAGES)
    else:
        say(f"not root on Debian, so nothing is installed; the tests can use: {' '.join(TEST_PACKAGES)}")
    with engine() as ready:
        if not ready and os.environ.get("CI"):
            fail("no container engine could be had, and CI leaves nothing out.")
        if arguments:
            return run([PYTHON, "-m", "pytest", *arguments])
        # First all that shares the machine well, on both cores; then what wants it for itself.
        seen = ["--pictures", str(ROOT / ".pictures")]
        shared = run([PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-m", "not alone", *seen])
        alone = run([PYTHON, "-m", "pytest", "-m", "alone"])
        return max(shared, alone)


def demo(arguments: list[str]) -> int:
    if not (ROOT / ".ci" / "demo.py").exists():
        fail("the demo is not in this version.")
    prepare_python()
    if is_debian_root() and not engine_answers():
        install_packages(ENGINE_PACKAGES)
    with engine(keep="--keep" in arguments):
        return run([PYTHON, ROOT / ".ci" / "demo.py", *arguments])


def containers(arguments: list[str]) -> int:
    """Build images of master and agent; an engine that is started for it ends with it, the images stay."""
    prepare_python()
    if is_debian_root():
        install_packages(ENGINE_PACKAGES)
    if engine_answers():
        return run([PYTHON, ROOT / ".ci" / "containers.py"])
    daemon = start_engine()
    try:
        return run([PYTHON, ROOT / ".ci" / "containers.py"]) if daemon else 1
    finally:
        if daemon:
            stop_engine(daemon)


def bench(arguments: list[str]) -> int:
    names = sorted(path.stem for path in (ROOT / "tests" / "bench").glob("*.py") if not path.stem.startswith("_"))
    wanted = [name for name in arguments if name in names]
    if not names or (arguments and not wanted):
        fail(f"name one of the benchmarks: {' '.join(names) or 'there are none in this version'}")
    given_on = [argument for argument in arguments if argument not in names]
    prepare_python()
    if is_debian_root():
        install_packages(TEST_PACKAGES)
    with engine():
        return max([run([PYTHON, "-m", f"tests.bench.{name}", *given_on]) for name in wanted or names])


def lint(arguments: list[str]) -> int:
    prepare_python()
    found = [part for part in LINTED if (ROOT / part).exists()]
    checked = [*found, "docs"]
    scripts: list[str | Path] = [*sorted((ROOT / ".ci").glob("*.py"))]
    results = [
        run([PYTHON, "-m", "ruff", "check", *arguments, *checked]),
        run([PYTHON, "-m", "ruff", "format", "--check", *checked]),
        # Two runs: the scripts of .ci are no package of the product.
        run([PYTHON, "-m", "mypy", *[part for part in found if part != ".ci"]]),
        run([PYTHON, "-m", "mypy", *scripts]),
        run([PYTHON, ROOT / ".ci" / "contracts.py"]),
    ]
    return max(results)


def protos(arguments: list[str]) -> int:
    prepare_python()
    return run([PYTHON, ROOT / ".ci" / "protos.py", *arguments])


def docs(arguments: list[str]) -> int:
    """Build the site: each language by itself, so that search and words of the frame are in it too."""
    prepare_python()
    if is_debian_root():
        install_packages(DOCS_PACKAGES)
    return run([PYTHON, ROOT / "docs" / "tools" / "build_site.py", *arguments])


def images(arguments: list[str]) -> int:
    prepare_python()
    if is_debian_root():
        install_packages(ENGINE_PACKAGES)
    with engine(names=arguments) as ready:
        return 0 if ready else 1


def build(arguments: list[str]) -> int:
    """Freeze the programs; later arguments that are not names go to PyInstaller."""
    if "--windows" in arguments:
        return build_for_windows([name for name in arguments if name in (*PROGRAMS, "--check", "--check-only")])
    names = [name for name in arguments if name in PROGRAMS] or list(PROGRAMS)
    given_on = [argument for argument in arguments if argument not in PROGRAMS]
    prepare_python()
    if is_debian_root():
        install_packages(BUILD_PACKAGES)
    freeze: list[str | Path] = [PYTHON, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *given_on]
    packed = "--deb" in given_on
    freeze = [argument for argument in freeze if argument != "--deb"]
    for name in names:
        say(f"freezing the {name}: some two minutes")
        check([*freeze, ROOT / f"build_{name}.spec"], f"freezing the {name}")
    if "--distpath" not in given_on:
        say(f"they are in {ROOT / 'dist'}")
        folders = [ROOT / "dist" / f"HiveMind-{name.capitalize()}" for name in names]
        check([PYTHON, ROOT / ".ci" / "shipped.py", *folders], "looking for what must not be shipped")
    return run([PYTHON, ROOT / ".ci" / "debian.py", *names]) if packed else 0


def build_for_windows(names: list[str]) -> int:
    """Programs and installers for Windows, made on Linux under wine: see .ci/windows.py."""
    prepare_python()
    if not is_debian_root():
        fail(
            "the Windows programs are built as root on Debian; elsewhere: python dev.py build, on Windows itself."
        )
    install_packages(WINDOWS_PACKAGES)
    return run([PYTHON, ROOT / ".ci" / "windows.py", *names])


COMMANDS = {
    "demo": demo,
    "test": test,
    "lint": lint,
    "protos": protos,
    "containers": containers,
    "docs": docs,
    "images": images,
    "bench": bench,
    "build": build,
}


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 (this file is what an older Python gets to see)
        fail(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    parser = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=", ".join(COMMANDS))
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="given on to the command")
    given = parser.parse_args()
    # A service manager or CI that ends us must not leave an engine behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return COMMANDS[given.command](given.arguments)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
