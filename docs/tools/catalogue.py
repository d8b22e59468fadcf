"""Brings the catalogue of the pages up to date: `python docs/tools/catalogue.py` (needs the `master` packages).

Reads every `_(...)` of the pages and every sentence of the services below them (context `service`), keeps the
translations that there are, drops what is not used any more, and compiles. What lacks a translation is printed; a
test refuses it.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

sys.path.insert(0, str(Path(__file__).parent))
from service_sentences import sentences

WEB = Path(__file__).resolve().parents[2] / "master_app" / "web"
LOCALE = "zh_Hant_TW"
FILE = WEB / "translations" / LOCALE / "LC_MESSAGES" / "messages.po"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
SERVICE = "service"
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


def extracted() -> Catalog:
    """Return everything that the pages say, in the order of the alphabet."""
    # The day would differ at every run, and make two people's changes meet.
    day = datetime(2026, 1, 1, tzinfo=UTC)
    found = Catalog(locale=LOCALE, project="HiveMind", copyright_holder="HiveMind", fuzzy=False, creation_date=day)
    seen: dict[Any, None] = {}
    for _file, _line, message, _comments, _context in extract_from_dir(
        str(WEB),
        METHODS,
        keywords=KEYWORDS,
        comment_tags=(),
        directory_filter=lambda folder: "static" not in folder,
    ):
        seen.setdefault(message)
    for message in sorted(seen, key=lambda each: each[0] if isinstance(each, tuple) else str(each)):
        found.add(message)
    for sentence in sentences():
        found.add(sentence, context=SERVICE)
    return found


def updated() -> Catalog:
    """Return the catalogue with what is translated already."""
    found = extracted()
    if FILE.is_file():
        with FILE.open("rb") as stream:
            before = read_po(stream, locale=LOCALE)
        for message in found:
            known = before.get(message.id, message.context) if message.id else None
            if known is not None and known.string:
                message.string = known.string
    return found


def missing(catalogue: Catalog) -> list[object]:
    def is_empty(message: object) -> bool:
        string = getattr(message, "string", "")
        return not string or (isinstance(string, tuple) and not all(string))

    return [message.id for message in catalogue if message.id and is_empty(message)]


def main() -> int:
    catalogue = updated()
    with FILE.open("wb") as stream:
        write_po(stream, catalogue, width=115, no_location=True, omit_header=False, sort_output=False)
    with FILE.with_suffix(".mo").open("wb") as stream:
        write_mo(stream, catalogue)
    absent = missing(catalogue)
    for message in absent:
        print("not translated:", message)
    return 1 if absent else 0


if __name__ == "__main__":
    sys.exit(main())
