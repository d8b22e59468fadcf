"""What a person does to the pool: each act asks what it must know, names its object, and goes to a controller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog

from core.desktop import figures
from core.desktop.feedback import Question
from core.desktop.translations import plural, tr
from core.domain.console_pages import UserChange, UserRow
from core.domain.errors import HiveMindError
from core.domain.ledger import parse_cpt
from core.domain.operations import NewUser, NodeAction, TaskAction
from master_app.console.controllers.lists import LedgerController, PeopleController, PoolController
from master_app.console.controllers.session import Session, now_ms, words_of
from master_app.console.controllers.tasks import TasksController
from master_app.console.models.audit_words import ROLES
from master_app.console.models.task_rows import running_count
from master_app.console.views.browse import BrowseDialog
from master_app.console.views.dialogs import FormDialog, RolesDialog, SubmitDialog
from master_app.console.views.label_dialog import LabelDialog
from master_app.console.views.shell import Shell

REASONED = {NodeAction.DRAIN, NodeAction.REVOKE, NodeAction.DECLINE}


class PoolActs(QObject):
    """Dialogs of one connected master."""

    def __init__(
        self,
        shell: Shell,
        session: Session,
        tasks: TasksController,
        ledger: LedgerController,
        people: PeopleController,
        pool: PoolController,
    ) -> None:
        super().__init__(shell)
        self.shell, self.session, self.look = shell, session, shell.look
        self.tasks, self.ledger, self.people, self.pool = tasks, ledger, people, pool

    def on_tasks(self, action: TaskAction, task_ids: list[str]) -> None:
        if action is not TaskAction.CANCEL:
            self.tasks.act(task_ids, action, "console")
            return
        rows = [
            row
            for each in task_ids
            if (place := self.tasks.model.place_of(each)) is not None
            and (row := self.tasks.model.row_at(place)) is not None
        ]
        running = sum(running_count(row) for row in rows)
        heading = plural(len(task_ids), "Cancel {n} task?", "Cancel {n} tasks?")
        words = tr(
            "{names}\n{n} running subtasks stop now; what was used is charged.",
            names=", ".join(row.name for row in rows[:8]),
            n=running,
        )
        question = Question(
            self.look,
            self.shell,
            heading=heading,
            words=words,
            act=plural(len(task_ids), "Cancel {n} task", "Cancel {n} tasks"),
            ask_reason=True,
        )
        question.accepted.connect(lambda: self.tasks.act(task_ids, action, question.reason))
        question.open()

    def on_nodes(self, action: NodeAction, node_ids: list[str]) -> None:
        if not node_ids:
            return
        if action not in REASONED:
            self.pool.act(node_ids, action, "console")
            if action is NodeAction.PAUSE:
                undo = lambda: self.pool.act(node_ids, NodeAction.RESUME, "taken back")  # noqa: E731
                self.shell.toast.say(plural(len(node_ids), "{n} node paused.", "{n} nodes paused."), undo)
            return
        tiles = [self.session.tiles[each] for each in node_ids if each in self.session.tiles]
        running = sum(tile.running for tile in tiles)
        count = len(node_ids)
        texts = {
            NodeAction.DRAIN: plural(count, "Drain {n} node", "Drain {n} nodes"),
            NodeAction.REVOKE: plural(count, "Revoke {n} node", "Revoke {n} nodes"),
            NodeAction.DECLINE: plural(count, "Decline {n} node", "Decline {n} nodes"),
        }
        what = (
            tr("{n} attempts run there and are finished first.", n=running)
            if action is NodeAction.DRAIN
            else tr("{n} attempts run there and are lost.", n=running)
        )
        words = f"{', '.join(tile.name for tile in tiles[:10])}\n{what}"
        question = Question(
            self.look,
            self.shell,
            heading=texts[action] + "?",
            words=words,
            act=texts[action],
            ask_reason=True,
            type_this=str(count) if action is NodeAction.REVOKE else "",
            danger=action is not NodeAction.DRAIN,
        )
        question.accepted.connect(lambda: self.pool.act(node_ids, action, question.reason))
        question.open()

    def label_nodes(self, node_ids: list[str]) -> None:
        """Open the labels of what is chosen; of one node once the master has said which are its operator's."""
        if len(node_ids) != 1:
            if node_ids:
                self._show_labels(node_ids, "", None)
            return
        tile = self.session.tiles.get(node_ids[0])
        name = tile.name if tile is not None else ""
        self.session.ask(
            self.session.master.near_node(node_ids[0]),
            lambda found: self._show_labels(node_ids, name, dict(found.labels)),
            owner=self,
        )

    def _show_labels(self, node_ids: list[str], name: str, labels: dict[str, str] | None) -> None:
        dialog = LabelDialog(self.look, self.shell, node_ids, name, labels)
        dialog.accepted.connect(lambda: self.pool.label(dialog.change()))
        dialog.open()

    def on_user(self, act: str, user: UserRow) -> None:
        name = user.username
        if act == "grant":
            self.grant_to(name)
        elif act == "reset":
            self.people.reset_password(name)
        elif act == "console":
            self.people.console_link(name)
        elif act == "unlock":
            self.people.change(UserChange(username=name, act="unlock"))
        elif act == "roles":
            dialog = RolesDialog(self.look, self.shell, name, user.roles, lambda role: tr(ROLES[role]))
            dialog.accepted.connect(
                lambda: self.people.change(UserChange(username=name, act="roles", roles=dialog.roles()))
            )
            dialog.open()
        else:
            words = tr("Its sign-ins and tokens stop at once; its tasks and nodes stay.")
            question = Question(
                self.look,
                self.shell,
                heading=tr("Lock {name}?", name=name),
                words=words,
                act=tr("Lock {name}", name=name),
                ask_reason=True,
            )
            question.accepted.connect(
                lambda: self.people.change(UserChange(username=name, act="lock", reason=question.reason))
            )
            question.open()

    def add_user(self) -> None:
        lines = [(tr("User name"), "", False), (tr("Password"), "", True)]
        dialog = FormDialog(
            self.look,
            self.shell,
            tr("Add a user"),
            tr("Add user"),
            lines,
            tr("Submitter and provider; roles can be changed later."),
        )
        dialog.accepted.connect(
            lambda: self.people.add(
                NewUser(name=dialog.values()[0], roles=("submitter", "provider"), password=dialog.values()[1])
            )
        )
        dialog.open()

    def grant_to(self, name: str) -> None:
        lines = [(tr("User name"), name, False), (tr("Amount, CPT"), "", False), (tr("Reason"), "", False)]
        dialog = FormDialog(
            self.look,
            self.shell,
            tr("Grant credits"),
            tr("Grant"),
            lines,
            tr("Credits come from the mint. A transfer is never changed, only corrected by another."),
        )

        def grant() -> None:
            user, amount, reason = dialog.values()
            try:
                self.ledger.grant(user, parse_cpt(amount), dialog.key, reason)
            except (HiveMindError, ValueError) as error:
                self.shell.toast.say(words_of(error), tone="bad")

        dialog.accepted.connect(grant)
        dialog.open()

    def browse(
        self, heading: str, act: str, done: Callable[[str], object], *, start: str = "", file: str = ""
    ) -> None:
        """Choose a folder, or a new file in one, on the master's disks."""
        machine = self.session.pool.computer if self.session.pool is not None else tr("the master")
        dialog = BrowseDialog(self.look, self.shell, machine, heading.format(machine=machine), act, file)

        def ask(path: str) -> None:
            future = self.session.master.browse(path)
            self.session.ask(
                future, dialog.show_folders, lambda error: dialog.show_problem(words_of(error)), owner=dialog
            )

        dialog.asked.connect(ask)
        dialog.accepted.connect(lambda: done(dialog.chosen_path))
        dialog.open()
        ask(start)

    def back_up(self) -> None:
        day = figures.local(now_ms()).strftime("%Y-%m-%d")
        self.browse(tr("Back up on {machine}"), tr("Back up"), self.ledger.back_up, file=f"pool-{day}.backup")

    def choose_storage(self, now: str, done: Callable[[str], object]) -> None:
        self.browse(tr("Storage folder on {machine}"), tr("Choose this folder"), done, start=now)

    def show_secret(self, words: str, secret: str) -> None:
        dialog = FormDialog(
            self.look, self.shell, words, tr("Copy and close"), [(tr("Copy it now"), secret, False)]
        )
        dialog.fields[0].setReadOnly(True)
        dialog.accepted.connect(lambda: QGuiApplication.clipboard().setText(secret))
        dialog.open()

    def submit(self) -> None:
        """Open the dialog that sends a task."""
        dialog = SubmitDialog(self.look, self.shell)
        dialog.setObjectName("submit")
        master, session = self.session.master, self.session

        def told(sent: int, total: int) -> None:
            session.background.run(lambda: None, lambda _none: dialog.show_progress(sent, total), owner=dialog)

        def check(path: Any, fields: Any) -> None:
            future = master.submit(path, fields, key="", check_only=True, progress=told)
            session.ask(
                future, dialog.show_checked, lambda error: dialog.show_problem(words_of(error)), owner=dialog
            )

        def send(path: Any, fields: Any, key: str) -> None:
            def done(found: Any) -> None:
                dialog.done(QDialog.DialogCode.Accepted)
                self.shell.toast.say(tr("{name} was submitted.", name=found.name), tone="good")
                self.tasks.pages.touch()

            future = master.submit(path, fields, key=key, check_only=False, progress=told)
            session.ask(future, done, lambda error: dialog.show_problem(words_of(error)), owner=dialog)

        dialog.check_wanted.connect(check)
        dialog.send_wanted.connect(send)
        dialog.open()
