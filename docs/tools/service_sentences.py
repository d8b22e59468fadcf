"""Finds every sentence that the services below the pages say, as templates: `%(count)s subtasks failed`.

Services speak English; the sentence in the source is its own identity, as everywhere in gettext. The catalogue
keeps the templates under the context `service`, and the pages find a sentence's template again by its words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
#: Whose sentences people meet on pages. What only the doors of nodes and of the API say stays English.
SPEAKERS: Final = (
    "core/blobs/bundler.py",
    "core/blobs/listing.py",
    "core/domain/explain.py",
    "core/domain/task.py",
    "core/domain/user.py",
    "core/manifest",
    "core/rpc/join_link.py",
    "master_app/node_pool/queries.py",
    "master_app/notices/mail.py",
    "master_app/notices/webhook.py",
    "master_app/scheduling/desk.py",
    "master_app/scheduling/explain.py",
    "master_app/scheduling/feasibility.py",
    "master_app/tasks",
    "master_app/users/accounts.py",
    "master_app/users/passwords.py",
    "master_app/users/sign_in.py",
    "master_app/users/throttle.py",
    "master_app/web/uploads.py",
)
#: Of these only what they raise: their other words are for logs and for those who verify a ledger.
RAISERS: Final = (
    "core/blobs/store.py",
    "core/domain/ledger.py",
    "core/domain/vpn.py",
    "master_app/ledger/explain.py",
    "master_app/ledger/transfers.py",
    "master_app/node_pool/membership.py",
    "master_app/notices",
    "master_app/storage/writer.py",
    "master_app/users",
    "master_app/vpn",
    "master_app/web/api/parts.py",
    # What nodes say of an image is why its task is held.
    "worker_app/execution/images.py",
)
#: Words in their sources that nobody reads on a page.
_UNREAD: Final = frozenset(
    {
        "Bearer %(token)s",
        "%(code)s goes from %(lawful)s to %(lawful_)s",
        "nobody has this password",
        "%(name)s\n%(origin)s",
    }
)
#: Calls whose words are for programmers, logs or operators of the machine.
_NOT_SAID: Final = frozenset(
    {
        "AssertionError",
        "Edge",
        "IndexError",
        "KeyError",
        "RuntimeError",
        "Table",
        "TypeError",
        "ValueError",
        "compile",
        "critical",
        "debug",
        "error",
        "exception",
        "info",
        "join",
        "split",
        "warning",
    }
)
_WORDS: Final = re.compile(r"\w,? [a-z%]")


def sentences() -> list[str]:
    """Return the templates of all speakers, each once, in the order of the alphabet."""
    found: set[str] = set()
    for speaker in (*SPEAKERS, *RAISERS):
        place = ROOT / speaker
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            raised = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
            for part in raised if speaker in RAISERS else [tree]:
                found.update(_said_in(part))
    return sorted(found - _UNREAD)


def _said_in(tree: ast.AST) -> Iterator[str]:
    silent = {id(node) for node in _silent(tree)}
    for node in ast.walk(tree):
        if id(node) in silent or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        text = template(node)
        if text and _WORDS.search(re.sub(r"%\(\w+\)s", "x", text)):
            yield text


def _silent(tree: ast.AST) -> Iterator[ast.AST]:
    """What is not said: docstrings, words to programmers, parts of a larger text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield from (each for each in ast.walk(node) if each is not node)
        elif isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in _NOT_SAID:
                yield from ast.walk(node)
        elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            yield from ast.walk(node.annotation)


def template(node: ast.Constant | ast.JoinedStr) -> str:
    """Return a text with named holes for what is filled in; empty where it is no text."""
    if isinstance(node, ast.Constant):
        return node.value.replace("%", "%%") if isinstance(node.value, str) else ""
    names: dict[str, str] = {}
    parts: list[str] = []
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value).replace("%", "%%"))
            continue
        assert isinstance(value, ast.FormattedValue)
        code = ast.unparse(value.value)
        name = _name(value.value)
        while names.setdefault(name, code) != code:
            name += "_"
        parts.append(f"%({name})s")
    return "".join(parts)


def _name(node: ast.expr) -> str:
    """Return what an expression is about, in one word: `facts.failed` -> failed, `len(paths)` -> paths."""
    match node:
        case ast.Name():
            return node.id.lower().strip("_")
        case ast.Attribute():
            return node.attr.lower().strip("_") if node.attr != "value" else _name(node.value)
        case ast.Call(args=[first, *_]):
            return _name(first)
        case ast.Call(func=ast.Attribute() as method):
            return _name(method.value)
        case ast.Subscript():
            return _name(node.value)
        case _:
            return "what"
