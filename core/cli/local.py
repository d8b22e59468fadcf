"""check, run and completion: what needs no master."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from core import paths
from core.blobs.bundler import folder_files, pack_folder
from core.blobs.listing import list_zip
from core.cli.output import Session
from core.cli.tasks import as_zip, field_options, fields_of
from core.cli.texts import _
from core.domain.errors import Invalid, Problem
from core.manifest.catalogue import read_catalogue
from core.manifest.files import FolderFiles
from core.manifest.reading import Reading, read_manifest


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@field_options
@click.option("--online", is_flag=True, help=_("Ask the master too: image, packages, price."))
@click.pass_obj
def check(session: Session, /, path: Path, params: tuple[str, ...], online: bool, **options: object) -> None:
    """Check a task folder (or a zip) here, without sending anything."""
    fields = fields_of(params, dict(options))
    if online or path.is_file():
        with session.connect() as hive, as_zip(path) as zip_path:
            found = hive.check(zip_path, fields)
        low, high = found["quote"]["low"]["cpt"], found["quote"]["high"]["cpt"]
        text = f"{found['name']}: {found['subtask_count']} subtasks, {low} to {high} CPT"
        session.data(found, text)
        return
    reading, problems = _read_folder(path, fields)
    advice = [{"code": a.code, "text": a.text, "fix": a.fix} for a in reading.advice] if reading else []
    for hint in advice:
        session.say(_("Hint: {text} {fix}").format(text=hint["text"], fix=hint["fix"]))
    if problems or reading is None or reading.spec is None:
        raise Invalid(_("The task has mistakes."), problems, code="MANIFEST_INVALID")
    spec = reading.spec
    value = {
        "name": spec.name,
        "subtask_count": spec.subtask_count,
        "image": spec.image.ref,
        "has_merge": spec.merge is not None,
        "advice": advice,
    }
    session.data(value, _("{name}: good, {count} subtasks").format(name=spec.name, count=spec.subtask_count))


def _read_folder(path: Path, fields: dict[str, object]) -> tuple[Reading | None, list[Problem]]:
    named = {name: file for file, name in folder_files(path)}
    if not named:
        return None, [Problem(code="ZIP_EMPTY", reason=_("The folder is empty."), fix=_("Put a program into it."))]
    with tempfile.TemporaryDirectory(prefix="hivemind-") as folder:
        target = Path(folder) / "task.zip"
        pack_folder(path, target)
        problems = list(list_zip(target).problems)
    modules = {name: image.packages for name, image in read_catalogue(paths.resources() / "images").items()}
    reading = read_manifest(FolderFiles(named), fields, modules)
    return reading, problems + list(reading.problems)


@click.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--index", default=0, show_default=True, type=click.IntRange(0), help=_("Which subtask."))
@click.pass_obj
def run(session: Session, path: Path, index: int) -> None:
    """Run one subtask in this machine's own Docker."""
    if not getattr(sys, "frozen", False) and importlib.util.find_spec("worker_app") is None:
        raise Invalid(
            _("The worker is not installed here."),
            code="WORKER_MISSING",
            fix=_("Install it with pip install 'hivemind[worker]', and Docker."),
        )
    session.say(_("Starting the worker for subtask {index}").format(index=index))
    command = (*paths.program("worker_app"), "run-once", str(path), "--index", str(index))
    done = subprocess.run(command, check=False)
    raise click.exceptions.Exit(0 if done.returncode == 0 else 1)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that completes commands: `eval "$(hivemind completion bash)"`."""
    kind = get_completion_class(shell)
    assert kind is not None, "click knows these shells"
    click.echo(kind(ctx.find_root().command, {}, "hivemind", "_HIVEMIND_COMPLETE").source())


COMMANDS = (check, run, completion)
