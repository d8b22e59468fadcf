"""Writes what the code itself knows best, at each build of the site: the commands and the REST interface."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

_WIDTH = 100
#: What any endpoint may answer; said once.
EVERYWHERE = ("400", "413", "415", "422", "429", "503")


def write(folder: Path) -> None:
    """Write both pages into `folder`; a page that is the same stays untouched."""
    folder.mkdir(exist_ok=True)
    for name, text in (("commands.md", commands_page()), ("api.md", api_page(openapi()))):
        file = folder / name
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


# ---- commands


def commands_page() -> str:
    from core.cli.app import complete
    from master_app.__main__ import cli as master
    from worker_app.__main__ import _parser

    parts = [
        "# Commands\n\nWritten from the parsers of the programs themselves. As installed, `hivemind-masterd` is "
        "`python -m master_app` and `hivemind-agent` is `python -m worker_app`.\n"
    ]
    for name, words, command in (
        ("hivemind", "For submitters: what REST does, by hand.", complete()),
        ("python -m master_app", "The master and its administration.", master),
    ):
        parts.append(f"## `{name}`\n\n{words}\n")
        parts += _click(command, name, None)
    parts.append("## `python -m worker_app`\n\nThe agent of a node.\n")
    parts += _argparse(_parser(), "python -m worker_app")
    return "\n".join(parts)


def _click(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    context = command.make_context(name.rsplit(" ", 1)[-1], [], parent=parent, resilient_parsing=True)
    context.info_name, context.terminal_width = (name if parent is None else context.info_name), _WIDTH
    yield _shown(name, context.get_help(), top=parent is None)
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            if found is not None and not found.hidden:
                yield from _click(found, f"{name} {each}", context)


def _argparse(parser: argparse.ArgumentParser, name: str) -> Iterator[str]:
    parser.prog = name
    yield _shown(name, parser.format_help(), top=True)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each, found in action.choices.items():
                found.prog = f"{name} {each}"
                yield _shown(f"{name} {each}", found.format_help(), top=False)


def _shown(name: str, text: str, *, top: bool) -> str:
    heading = "" if top else f"### `{name}`\n\n"
    return f"{heading}```text\n{text.rstrip()}\n```\n"


# ---- REST


def openapi() -> dict[str, Any]:
    """Return the document that a master serves, from the real app."""
    from tests.fakes.clock import ManualClock
    from tests.support.web_pool import WebPool

    with tempfile.TemporaryDirectory() as folder:
        web = WebPool(Path(folder), ManualClock())
        try:
            found: dict[str, Any] = web.nobody.get("/openapi.json").json
        finally:
            web.close()
    return found


def api_page(document: dict[str, Any]) -> str:
    parts = [
        "# REST interface: every endpoint\n\nWritten from the OpenAPI document that each master serves at "
        "`/api/v1/openapi.json`. How to use it, with samples: [The REST interface](../rest.md).\n\n"
        "Any endpoint may also answer 400, 413, 415 and 422 (the request is wrong), 429 (too often) and 503 "
        "(busy or stopping), each with a `ProblemDocument`; they are not repeated below.\n"
    ]
    subjects: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and "responses" in operation:
                tag = (operation.get("tags") or ["Other"])[0]
                subjects.setdefault(tag, []).append(_operation(document, method, path, operation))
    for subject in sorted(subjects):
        parts += [f"## {subject}\n", *subjects[subject]]
    parts.append("## Shapes\n")
    for name, schema in sorted(document["components"]["schemas"].items()):
        if schema.get("properties"):
            rows = _rows(_fields(document, schema, ""))
            parts.append("\n".join([f"### `{name}`", "", *rows, ""]))
    return "\n".join(parts)


def _fields(document: dict[str, Any], schema: dict[str, Any], kind: str) -> list[tuple[str, str, str]]:
    needed = schema.get("required", []) if kind else []
    return [
        (
            f"`{name}`" + (f" ({kind}{', needed' if name in needed else ''})" if kind else ""),
            _kind(document, field),
            _words(document, field),
        )
        for name, field in schema["properties"].items()
    ]


def _rows(fields: list[tuple[str, str, str]]) -> list[str]:
    lines = ["| field | kind | meaning |", "|---|---|---|"]
    return lines + [f"| {name} | {kind} | {_plain(words)} |" for name, kind, words in fields]


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    lines = [f"### `{method.upper()} {path}`", "", f"{operation.get('summary', '')}.", ""]
    if operation.get("description"):
        lines += [_plain(str(operation["description"])), ""]
    rows = [
        (f"`{each['name']}` ({each['in']})", _kind(document, each.get("schema", {})), each.get("description", ""))
        for each in (_found(document, entry) for entry in operation.get("parameters", []))
    ]
    for content, body in operation.get("requestBody", {}).get("content", {}).items():
        schema = _found(document, body.get("schema", {}))
        if schema.get("properties"):
            rows += _fields(document, schema, content.split("/")[-1])
    if rows:
        lines += [*_rows(rows), ""]
    lines += ["| answer | body | |", "|---|---|---|"]
    for status, found in operation["responses"].items():
        answer = _found(document, found)
        bodies = [_kind(document, each.get("schema", {})) for each in answer.get("content", {}).values()]
        if status not in EVERYWHERE or bodies != ["`ProblemDocument`"]:
            words = _plain(answer.get("description", ""))
            lines.append(f"| {status} | {', '.join(dict.fromkeys(bodies))} | {words} |")
    return "\n".join([*lines, ""])


def _found(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in value:
        found: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value


def _kind(document: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rsplit('/', 1)[-1]}`"
    schema = _found(document, schema)
    kind = schema.get("type", "")
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if text == "array":
        return f"list of {_kind(document, schema.get('items', {})) or 'values'}"
    if "enum" in schema:
        text = " ".join(f"`{json.dumps(value)}`" for value in schema["enum"][:12])
    bounds = [f"{mark} {schema[key]}" for key, mark in (("minimum", "≥"), ("maximum", "≤")) if key in schema]
    return ", ".join([text, *bounds]).strip(", ")


def _words(document: dict[str, Any], schema: dict[str, Any]) -> str:
    return str(schema.get("description") or _found(document, schema).get("description") or "")


def _plain(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").replace("{", "&#123;").split())
