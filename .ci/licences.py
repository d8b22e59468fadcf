"""Lists the licences of everything that is shipped, as docs/licences.md.

python .ci/licences.py      rewrites the page from what is installed
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
INTRODUCTION = """# Licences of what HiveMind ships

HiveMind itself is under the GNU General Public License 3 (LICENSE.txt). Below stands every Python package that
`requirements.txt` brings on this platform, with the licence that it states. The page is written by
`python .ci/licences.py`; a test compares it with what is installed and refuses what the GPL 3 does not go with.

PyInstaller states "GPLv2": it is GPL 2 or later with an exception for the programs that it bundles, and is used to
build, not part of what runs. Qt and psycopg are under the LGPL 3 and stay replaceable files.

| package | licence |
|---|---|
"""
#: Packages that come along on Windows alone: their import names, and what they state.
ON_WINDOWS = {
    "colorama": (("colorama",), "BSD-3-Clause"),
    "pywin32": (
        (
            "win32",
            "win32com",
            "pythoncom",
            "pywintypes",
            "pywin32_system32",
            "winerror",
            "win32evtlogutil",
            "win32con",
        ),
        "PSF-2.0",
    ),
    "pywin32-ctypes": (("win32ctypes",), "BSD-3-Clause"),
    "tzdata": (("tzdata",), "Apache-2.0"),
}
#: Native libraries that the built programs bring: what their files are called, and their licence.
NATIVE = {
    "Python": (r"python3\d*|python311|_?\w+\.cpython-311.*", "PSF-2.0"),
    "Qt": (r"Qt6\w+|q\w+|pyside6.*|shiboken6.*", "LGPL-3.0-only"),
    "ICU": (r"icu\w+", "Unicode-3.0"),
    "OpenSSL": (r"crypto|ssl", "Apache-2.0"),
    "GCC runtime": (r"gcc_s|stdc\+\+|gfortran|quadmath", "GPL-3.0-or-later with the GCC runtime exception"),
    "OpenBLAS": (r"(scipy_)?openblas\w*", "BSD-3-Clause"),
    "PostgreSQL client": (r"pq", "PostgreSQL"),
    "OpenLDAP": (r"lber|ldap", "OLDAP-2.8"),
    "Cyrus SASL": (r"sasl2", "BSD with attribution, of Carnegie Mellon University"),
    "MIT Kerberos": (r"gssapi_krb5|krb5|krb5support|k5crypto|com_err", "MIT"),
    "keyutils": (r"keyutils", "LGPL-2.1-or-later"),
    "libxcrypt": (r"crypt", "LGPL-2.1-or-later"),
    "SQLite": (r"sqlite3", "public domain"),
    "zlib": (r"z|zlib1", "Zlib"),
    "bzip2": (r"bz2", "bzip2-1.0.6"),
    "XZ": (r"lzma", "0BSD"),
    "Zstandard": (r"zstd", "BSD-3-Clause"),
    "LZ4": (r"lz4", "BSD-2-Clause"),
    "Brotli": (r"brotli\w+", "MIT"),
    "libffi": (r"ffi", "MIT"),
    "Expat": (r"expat", "MIT"),
    "util-linux": (r"uuid|blkid|mount", "LGPL-2.1-or-later and BSD-3-Clause"),
    "GNU Readline": (r"readline", "GPL-3.0-or-later"),
    "ncurses": (r"tinfo|ncursesw?", "MIT-open-group"),
    "X.Org libraries": (r"X\w+|X11-xcb|xcb|xcb-[a-z-]+", "MIT"),
    "libxkbcommon": (r"xkbcommon(-x11)?", "MIT"),
    "GLib": (r"glib|gobject|gio|gmodule|gthread", "LGPL-2.1-or-later"),
    "D-Bus": (r"dbus", "AFL-2.1 OR GPL-2.0-or-later"),
    "systemd": (r"systemd", "LGPL-2.1-or-later"),
    "libcap": (r"cap", "BSD-3-Clause OR GPL-2.0-only"),
    "Libgcrypt": (r"gcrypt|gpg-error", "LGPL-2.1-or-later"),
    "PCRE2": (r"pcre2", "BSD-3-Clause"),
    "libselinux": (r"selinux", "public domain"),
    "libbsd, libmd": (r"bsd|md", "BSD-3-Clause"),
    "Fontconfig": (r"fontconfig", "MIT"),
    "FreeType": (r"freetype", "FTL OR GPL-2.0-or-later"),
    "HarfBuzz, Graphite": (r"harfbuzz|graphite2", "MIT"),
    "libpng": (r"png16", "libpng-2.0"),
    "libjpeg": (r"jpeg", "IJG and BSD-3-Clause"),
    "Mesa (software OpenGL)": (r"opengl32sw", "MIT"),
    "Microsoft C++ runtime": (
        r"(?i:vcruntime140(_1)?|msvcp140\w*|concrt140|ucrtbase|api-ms-win-.*)",
        "may be given along with programs (Microsoft Visual C++ redistributables)",
    ),
    "D3D compiler": (r"d3dcompiler_47", "may be given along with programs (Windows SDK)"),
}


def shipped() -> list[str]:
    """Return the packages of requirements.txt and all that they need, as installed here."""
    listed = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    todo = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", listed, re.M)
    todo += [f"{name}-{extra}" for name, extra in re.findall(r"^(psycopg)\[(\w+)\]", listed, re.M)]
    seen: set[str] = set()
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in seen:
            continue
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another system or Python
        seen.add(name)
        todo += [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in needs if "extra ==" not in line]
    return sorted(seen)


def licence_of(name: str) -> str:
    """Return what the package says of its licence, in one line."""
    about = metadata.metadata(name).json
    classifiers = about.get("classifier", [])
    named = [line.split(" :: ")[-1] for line in classifiers if line.startswith("License ::")]
    stated = str(about.get("license", "")).strip().splitlines()
    return str(about.get("license_expression") or ", ".join(named) or (stated[0] if stated else "not stated"))


def page() -> str:
    packages = "".join(f"| `{name}` | {licence_of(name)} |\n" for name in shipped())
    there = "".join(f"| {name} | {licence} |\n" for name, (_, licence) in ON_WINDOWS.items())
    native = "".join(f"| {name} | {licence} |\n" for name, (_, licence) in NATIVE.items())
    return (
        f"{INTRODUCTION}{packages}\nOn Windows besides:\n\n| package | licence |\n|---|---|\n{there}\n"
        "The built programs bring these libraries, or those of them that the system they were built on has; a\n"
        "check of each build refuses a file that is not listed here.\n\n"
        f"| library | licence |\n|---|---|\n{native}"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
