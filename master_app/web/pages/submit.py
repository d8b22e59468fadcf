"""Submit: drop a zip or a folder, see at once what it makes, costs and lacks, try one part, send."""

from __future__ import annotations

import secrets
from typing import Any, Final

from flask import flash, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf, validate_csrf
from wtforms import ValidationError

from core.blobs.listing import MAX_ZIP_BYTES
from core.blobs.store import is_sha256
from core.blobs.writing import CHUNK_BYTES
from core.domain.errors import Conflict, HiveMindError, Invalid, NotFound, TooLarge
from core.domain.user import Action, Principal, require
from master_app.web.identity import services, uploads
from master_app.web.multipart import read_form
from master_app.web.pages import drafts, examples
from master_app.web.pages.bundles import MANIFEST, zip_bundle
from master_app.web.pages.frame import back_to, done_or_error, page_blueprint
from master_app.web.pages.sentences import said
from master_app.web.pages.session import signed_in_visitor
from master_app.web.pages.task_parts import own_view

bp = page_blueprint("submit")
_FORM_BYTES: Final = 1 << 20
_PIECE_BYTES: Final = 16 << 20
_PATCH_BYTES: Final = 1 << 20


def _submitter() -> Principal:
    who = signed_in_visitor()
    require(who, Action.TASK_SUBMIT)
    return who


@bp.get("/submit")
def start() -> Any:
    """Where a task begins."""
    _submitter()
    return render_template("submit_start.html", examples=examples.examples(), upload_token=generate_csrf())


@bp.post("/submit/upload")
def upload() -> Any:
    """Take a zip of a plain form, without scripts. Its token is in the address: no body is held to find it."""
    who = _submitter()
    try:
        validate_csrf(request.args.get("csrf_token", ""))
    except ValidationError as error:
        raise Invalid(_("This form was open too long. Nothing was sent."), code="FORM_EXPIRED") from error
    announced = request.content_length or 0
    if announced > MAX_ZIP_BYTES + _FORM_BYTES:
        raise TooLarge(_("This file is too large."), code="ZIP_TOO_LARGE")
    request.max_content_length = MAX_ZIP_BYTES + _FORM_BYTES
    uploads().admit(who.user_id, announced)
    with uploads().writer(who.user_id) as writer:
        form = read_form(request.content_type or "", request.stream, writer)
        if not form.zip_name or not writer.size:
            flash(_("Choose a zip first."), "bad")
            return back_to("page_submit.start")
        sha256 = writer.finish()[0]
    return back_to("page_submit.draft", sha256=sha256, file=form.zip_name[:200])


@bp.get("/submit/offset/<sha256>")
def offset(sha256: str) -> Any:
    """Tell the page how much of an upload is here already."""
    who = _submitter()
    store = uploads().of(who.user_id)
    size = store.size(_digest(sha256))
    return {"complete": size is not None, "offset": store.partial_size(sha256) if size is None else size}


@bp.put("/submit/piece/<sha256>")
def piece(sha256: str) -> Any:
    """Take the next piece of an upload; a cut connection goes on from `offset`."""
    who, name = _submitter(), _digest(sha256)
    size, start_at = request.args.get("size", 0, int), request.args.get("offset", 0, int)
    announced = request.content_length or 0
    if announced > _PIECE_BYTES or not 0 < size <= MAX_ZIP_BYTES or start_at < 0 or start_at + announced > size:
        raise TooLarge(_("This piece is too large."), code="PIECE_TOO_LARGE")
    request.max_content_length = _PIECE_BYTES
    store = uploads().of(who.user_id)
    if store.size(name) is not None:
        return {"complete": True, "offset": size}
    uploads().admit(who.user_id, announced)
    partial = store.receive(name, size)
    try:
        if partial.offset != start_at:
            raise Conflict("The upload stands elsewhere.", code="OFFSET_MISMATCH")
        while content := request.stream.read(CHUNK_BYTES):
            partial.write(content)
        if partial.offset == size:
            partial.commit()
        return {"complete": partial.offset == size, "offset": partial.offset}
    finally:
        partial.close()


@bp.post("/submit/example/<name>")
def send_example(name: str) -> Any:
    """Make a draft of an example, to look at before it runs; or run the first one at once."""
    who = _submitter()
    found = examples.example(name)
    if request.form.get("do") == "run":
        try:
            task_id = drafts.submit_example(who, found, examples.FIRST_CAP)
        except HiveMindError as error:
            done_or_error(error)
            return back_to("page_submit.start")
        return back_to("page_tasks.show", task_id=task_id)
    sha256 = drafts.keep_upload(who, found.zip_to)
    return back_to("page_submit.draft", sha256=sha256, file=f"{name}.zip")


@bp.get("/submit/<sha256>")
def draft(sha256: str) -> Any:
    """Show a draft: what was found in it, what it makes, what it costs."""
    who = _submitter()
    return _show(who, _digest(sha256), request.args.to_dict(flat=True))


def _show(who: Principal, sha256: str, form: dict[str, str], error: HiveMindError | None = None) -> Any:
    found = drafts.read_draft(who, sha256, form)
    balance = services().money.balance(who).balance_ucpt
    page = render_template(
        "submit.html",
        draft=found,
        balance=balance,
        error=error,
        key=secrets.token_urlsafe(18),
        param_help=drafts.param_help,
        templates=services().templates.listed(who),
        form=form,
    )
    return page, 200 if error is None else 422


@bp.post("/submit/<sha256>")
def act(sha256: str) -> Any:
    """Check again, mend, try one part, or send all."""
    who, name = _submitter(), _digest(sha256)
    form = {key: value for key, value in request.form.items() if key not in ("csrf_token", "do", "key")}
    wish = request.form.get("do", "check")
    if wish.startswith("package:"):
        name = _add_package(who, name, wish.removeprefix("package:"))
    elif wish in ("try", "all"):
        try:
            key = request.form.get("key", "")[:100]
            task_id = drafts.send(who, name, drafts.fields_of(form), try_one=wish == "try", key=key)
        except NotFound:
            raise
        except HiveMindError as error:
            return _show(who, name, form, error)
        return back_to("page_tasks.show", task_id=task_id)
    return back_to("page_submit.draft", sha256=name, **{k: v for k, v in form.items() if v})


def _add_package(who: Principal, sha256: str, package: str) -> str:
    """Return a draft whose requirements.txt has one line more."""
    with uploads().using(who.user_id, sha256) as path:
        prepared = services().intake.prepare(who, path, {})
    entries = {entry.path: entry for entry in prepared.bundle.entries}
    name = prepared.spec.image.pip or "requirements.txt"
    before = b""
    if name in entries:
        entry = entries[name]
        before = b"".join(services().blobs.pieces(entry.blob, entry.offset, entry.size))
    line = package.strip()[:80].encode()
    content = before + (b"\n" if before and not before.endswith(b"\n") else b"") + line + b"\n"
    flash(_("Added %(package)s to requirements.txt.", package=package[:80]), "good")
    return drafts.keep_upload(who, lambda target: zip_bundle(prepared.bundle.bundle_id, {name: content}, target))


@bp.post("/tasks/<task_id>/again")
def again(task_id: str) -> Any:
    """Make a draft of a task that was sent before, with its settings; a mended file may come along."""
    who = _submitter()
    view = own_view(who, task_id)
    changed: dict[str, bytes] = {MANIFEST: services().tasks.resolved_manifest(task_id).encode()}
    path, text = request.form.get("path", ""), request.form.get("text", "")
    if path and len(text) <= _PATCH_BYTES:
        changed[path] = text.replace("\r\n", "\n").encode()
    sha256 = drafts.keep_upload(who, lambda target: zip_bundle(view.bundle_id, changed, target))
    if request.form.get("do") == "send":
        try:
            # What was to be tried first is tried first again: its price is not known yet.
            new_id = drafts.send(who, sha256, {}, try_one=view.try_one, key=request.form.get("key", "")[:100])
        except HiveMindError as error:
            flash(said(error.message), "bad")
        else:
            return back_to("page_tasks.show", task_id=new_id)
    given = {name: request.form[name] for name in drafts.FIELDS if request.form.get(name)}
    return back_to("page_submit.draft", sha256=sha256, file=f"{view.name}.zip", **given)


def _digest(text: str) -> str:
    if not is_sha256(text):
        raise NotFound(_("There is no such draft. Uploads are kept for a day."), code="UPLOAD_NOT_FOUND")
    return text
