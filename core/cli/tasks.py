"""submit, tasks, show, logs, wait, result, cancel, pause, resume, retry, change, discard, why."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from core.blobs.bundler import pack_folder
from core.cli.output import Session
from core.cli.texts import _
from core.client import HiveMind
from core.client.models import SubmittedTask, Task
from core.domain.errors import Invalid

_POLL_S = 1.0


@contextmanager
def as_zip(path: Path) -> Iterator[Path]:
    """Give a zip: the one named, or one made of a folder."""
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise Invalid(_("There is no {path}.").format(path=path), code="USAGE", fix=_("Name a folder or a zip."))
    with tempfile.TemporaryDirectory(prefix="hivemind-") as folder:
        # The task is called as its folder where it says no name.
        target = Path(folder) / f"{path.resolve().name or 'task'}.zip"
        if pack_folder(path, target) == 0:
            raise Invalid(_("{path} has no files.").format(path=path), code="USAGE")
        yield target


def fields_of(params: tuple[str, ...], options: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a submission: options that were given, and `--param k=v`."""
    fields = {name: value for name, value in options.items() if value not in (None, "", False)}
    for text in params:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise Invalid(f"--param {text}", code="USAGE", fix=_("Write --param NAME=VALUE."))
        fields[f"params.{name}"] = value
    return fields


_FIELD_OPTIONS = (
    click.option("--name", "task_name", default="", help=_("Name of the task.")),
    click.option("--image", default="", help=_("Image to run in.")),
    click.option("--cpu-cores", type=float, default=None),
    click.option("--memory-gb", type=float, default=None),
    click.option("--disk-gb", type=float, default=None),
    click.option("--gpus", type=int, default=None),
    click.option("--timeout", "timeout", default="", help=_("Of one subtask, such as 30m.")),
    click.option("--deadline", default="", help=_("Of the task, such as 2h.")),
    click.option("--max-credits", default="", help=_("The most that it may cost, in CPT.")),
    click.option("--priority", type=int, default=None),
    click.option("--param", "params", multiple=True, metavar="K=V", help=_("A value of [params]; repeatable.")),
)


def field_options(command: Any) -> Any:
    """Add the options that lie over the manifest."""
    for option in reversed(_FIELD_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@field_options
@click.option("--wait", "wait_too", is_flag=True, help=_("Return when it has ended; 1 when it did not succeed."))
@click.option("--watch", is_flag=True, help=_("The same, showing progress."))
@click.option("--template", default="", help=_("Settings that you keep; options lie over them."))
@click.option("--key", "idempotency_key", default="", help=_("The same key makes one task however often sent."))
@click.pass_obj
def submit(
    session: Session,
    /,
    path: Path,
    params: tuple[str, ...],
    wait_too: bool,
    watch: bool,
    template: str,
    idempotency_key: str,
    **options: Any,
) -> None:
    """Submit a folder or a zip."""
    fields = fields_of(params, options)
    with session.connect() as hive, as_zip(path) as zip_path:
        if template:
            fields = {**hive.templates.get(template).settings, **fields}
        submitted = hive.submit(
            zip_path, fields, idempotency_key=idempotency_key, progress=_upload_progress(session)
        )
        _explain(session, submitted)
        if not (wait_too or watch):
            session.data(dict(submitted.raw), submitted.task_id)
            return
        if not session.as_json:
            click.echo(submitted.task_id)
        _finish(session, hive, submitted.task_id, 0.0, show=watch)


def _explain(session: Session, submitted: SubmittedTask) -> None:
    count = submitted.subtask_count
    session.say(
        _("{state}, {count} subtasks, {low} to {high} CPT").format(
            state=submitted.state, count=count, low=submitted.low.cpt, high=submitted.high.cpt
        )
    )
    for change in submitted.changes:
        session.say(_("Note: {text}").format(text=change))
    for text, fix in submitted.advice:
        session.say(_("Hint: {text} {fix}").format(text=text, fix=fix))


def _upload_progress(session: Session) -> Any:
    if session.quiet or not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        percent = 100 if not total else done * 100 // total
        click.echo(f"\r{_('Uploading')} {percent:3d} %", err=True, nl=done >= total)

    return show


def _finish(session: Session, hive: HiveMind, task_id: str, timeout_s: float, *, show: bool) -> None:
    task = hive.wait(task_id, timeout_s=timeout_s, on_change=_show_progress(session) if show else None)
    text = f"{task.state} {task.state_reason}".strip() + f", {task.cost}"
    if session.as_json:
        session.data(dict(task.raw), text)
    else:
        session.say(text)
    if not task.has_succeeded:
        raise click.exceptions.Exit(1)


def _show_progress(session: Session) -> Any:
    last = ""

    def show(task: Task) -> None:
        nonlocal last
        done = task.counts.get("SUCCEEDED", 0)
        running, failed = task.counts.get("ACTIVE", 0), task.counts.get("FAILED", 0)
        width = round(task.progress * 30)
        text = (
            f"{task.state:<10} [{'#' * width}{'.' * (30 - width)}] {done}/{task.subtask_count}"
            f"  {running} {_('running')}{f', {failed} ' + _('failed') if failed else ''}  {task.cost}"
        )
        if text == last:
            return
        last = text
        is_live = sys.stderr.isatty() and not session.quiet
        if is_live:
            click.echo(f"\r\x1b[2K{text}", err=True, nl=task.has_ended)
        else:
            session.say(text)

    return show


@click.command()
@click.option("--state", "states", multiple=True, help=_("Only these; repeatable."))
@click.option("--name", default="", help=_("Part of the name."))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(0, 100_000), help=_("0: all."))
@click.pass_obj
def tasks(session: Session, states: tuple[str, ...], name: str, limit: int) -> None:
    """Your tasks, newest first."""
    with session.connect() as hive:
        found = list(hive.tasks(states=states, name=name, limit=limit))
    rows = [
        (t.task_id, t.name[:40], t.state, f"{t.progress:.0%}", str(t.subtask_count), t.cost.cpt, t.created_at)
        for t in found
    ]
    columns = ("TASK", "NAME", "STATE", "DONE", "SUBTASKS", "CPT", "CREATED")
    session.table([t.raw for t in found], columns, rows)


@click.command()
@click.argument("task_id")
@click.pass_obj
def show(session: Session, task_id: str) -> None:
    """One task: state, counts, cost, and why it waits."""
    with session.connect() as hive:
        task = hive.task(task_id)
        why = hive.why(task_id) if task.state in ("QUEUED", "HELD", "WAITING") else None
    counts = ", ".join(f"{count} {state}" for state, count in task.counts.items() if count)
    lines = [
        f"{task.name}  {task.state} {task.state_reason}".rstrip(),
        f"{task.progress:.0%} of {task.subtask_count}: {counts}",
        f"{_('cost')} {task.cost}, {_('held')} {task.hold}",
    ]
    if why is not None:
        lines.append(f"{_('why')}: {why['summary']} {why['cheapest_change']}".rstrip())
    session.data({**task.raw, "why": why}, "\n".join(lines))


@click.command()
@click.argument("task_id")
@click.option("--subtask", default=0, show_default=True, type=click.IntRange(0))
@click.option("--stream", default="out", type=click.Choice(["out", "err"]), show_default=True)
@click.option("-f", "--follow", is_flag=True, help=_("Go on until the attempt has ended."))
@click.pass_obj
def logs(session: Session, task_id: str, subtask: int, stream: str, follow: bool) -> None:
    """What a subtask wrote."""
    offset, attempt_id = 0, None
    with session.connect() as hive:
        while True:
            piece = hive.log(task_id, subtask=subtask, stream=stream, offset=offset)
            if piece.attempt_id != attempt_id:
                if attempt_id is not None:
                    session.say(_("A new attempt: {attempt}").format(attempt=piece.attempt_id))
                    offset, attempt_id = 0, piece.attempt_id
                    continue
                attempt_id = piece.attempt_id
            if piece.offset > offset and piece.text:
                session.say(_("{count} bytes were dropped here").format(count=piece.offset - offset))
            if session.as_json and piece.text:
                session.data({"offset": piece.offset, "next": piece.next, "text": piece.text}, "")
            elif piece.text:
                click.echo(piece.text, nl=False)
            got_more = piece.next > offset
            offset = piece.next
            if got_more:
                continue
            if not follow or (piece.end and hive.task(task_id).has_ended):
                return
            time.sleep(_POLL_S)


@click.command()
@click.argument("task_id")
@click.option("--timeout", "timeout_s", default=0.0, type=click.FloatRange(0), help=_("Seconds; 0: for ever."))
@click.option("--watch", is_flag=True, help=_("Show progress."))
@click.pass_obj
def wait(session: Session, task_id: str, timeout_s: float, watch: bool) -> None:
    """Return when a task has ended: 0 when it succeeded, else 1."""
    with session.connect() as hive:
        _finish(session, hive, task_id, timeout_s, show=watch)


@click.command()
@click.argument("task_id")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help=_("Else TASK.zip here."))
@click.option("--logs", "with_logs", is_flag=True, help=_("The logs too."))
@click.option("--report", is_flag=True, help=_("The usage and cost report too."))
@click.option("--partial", is_flag=True, help=_("What is there before the task has ended."))
@click.option("--yes", is_flag=True, help=_("Write over a file that is there."))
@click.pass_obj
def result(
    session: Session,
    task_id: str,
    output: Path | None,
    with_logs: bool,
    report: bool,
    partial: bool,
    yes: bool,
) -> None:
    """Download the result."""
    target = output or Path(f"{task_id}.zip")
    if target.is_dir():
        target /= f"{task_id}.zip"
    if target.exists() and not yes:
        raise Invalid(_("{path} is there.").format(path=target), code="USAGE", fix=_("Pass --yes, or -o FILE."))
    extras = [name for name, wanted in (("logs", with_logs), ("report", report)) if wanted]
    with session.connect() as hive:
        size = hive.download_result(task_id, target, extras=extras, partial=partial)
    session.data({"path": str(target), "size": size}, str(target))


@click.command()
@click.argument("task_ids", nargs=-1, required=True)
@click.option("--reason", default="")
@click.pass_obj
def cancel(session: Session, task_ids: tuple[str, ...], reason: str) -> None:
    """Stop tasks for good. What ran is paid, the rest comes back."""
    with session.connect() as hive:
        _each(session, task_ids, lambda task_id: hive.cancel(task_id, reason))


@click.command()
@click.argument("task_ids", nargs=-1, required=True)
@click.pass_obj
def pause(session: Session, task_ids: tuple[str, ...]) -> None:
    """Start nothing more of tasks; what runs may end."""
    with session.connect() as hive:
        _each(session, task_ids, hive.pause)


@click.command()
@click.argument("task_ids", nargs=-1, required=True)
@click.pass_obj
def resume(session: Session, task_ids: tuple[str, ...]) -> None:
    """Go on with paused or held tasks."""
    with session.connect() as hive:
        _each(session, task_ids, hive.resume)


@click.command()
@click.argument("task_ids", nargs=-1, required=True)
@click.option("--all", "all_of_it", is_flag=True, help=_("Everything again, not only what failed."))
@click.pass_obj
def retry(session: Session, task_ids: tuple[str, ...], all_of_it: bool) -> None:
    """Run again what failed."""
    with session.connect() as hive:
        _each(session, task_ids, lambda task_id: hive.retry(task_id, all_of_it=all_of_it))


@click.command()
@click.argument("task_ids", nargs=-1, required=True)
@click.option("--cpu-cores", type=float, default=None)
@click.option("--memory-gb", type=float, default=None)
@click.option("--disk-gb", type=float, default=None)
@click.option("--gpus", type=int, default=None)
@click.option("--timeout", "timeout_seconds", type=int, default=None, help=_("Of one subtask, in seconds."))
@click.option("--max-credits", default=None, help=_("The most that it may cost, in CPT."))
@click.option("--priority", type=int, default=None)
@click.pass_obj
def change(session: Session, /, task_ids: tuple[str, ...], **options: Any) -> None:
    """Change what tasks ask for from here on, their cap or priority. Of a task that failed: then retry it."""
    values = {name: value for name, value in options.items() if value is not None}
    if not values:
        raise Invalid(_("Say what to change."), code="USAGE", fix=_("Pass --memory-gb 3, for example."))
    with session.connect() as hive:
        _each(session, task_ids, lambda task_id: hive.change(task_id, **values))


@click.command()
@click.argument("task_ids", nargs=-1, required=True)
@click.pass_obj
def discard(session: Session, task_ids: tuple[str, ...]) -> None:
    """Give up the files of ended tasks, which frees your storage. Records and receipts stay."""
    with session.connect() as hive:
        _each(session, task_ids, hive.give_up_files)


def _each(session: Session, task_ids: tuple[str, ...], act: Any) -> None:
    done = [{"task_id": task_id, "state": act(task_id)} for task_id in task_ids]
    session.data(done, "\n".join(f"{each['task_id']} {each['state']}" for each in done))


@click.command()
@click.argument("task_id")
@click.pass_obj
def why(session: Session, task_id: str) -> None:
    """Why a task waits: each node, and the rule that refuses it."""
    with session.connect() as hive:
        found = hive.why(task_id)
    session.say(f"{found['summary']} {found['cheapest_change']}".rstrip())
    rows = [
        (
            node["node_name"],
            node["refusal"]["rule"] if node["refusal"] else _("fits"),
            node["refusal"]["needed"] if node["refusal"] else "",
            node["refusal"]["available"] if node["refusal"] else "",
        )
        for node in found["nodes"]
    ]
    session.table([found] if session.as_json else found["nodes"], ("NODE", "RULE", "NEEDS", "HAS"), rows)


COMMANDS = (submit, tasks, show, logs, wait, result, cancel, pause, resume, retry, change, discard, why)
