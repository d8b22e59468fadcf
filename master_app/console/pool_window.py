"""One connected master: its pages and their controllers, joined by signals. Draws nothing, speaks no wire."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog

from core.desktop.feedback import Question
from core.desktop.tables import RowModel
from core.desktop.translations import plural, tr
from core.domain.console import TaskQuery
from core.domain.console_pages import UserChange, UserRow
from core.domain.errors import HiveMindError
from core.domain.ledger import parse_cpt
from core.domain.operations import NewUser, NodeAction, TaskAction
from core.domain.views import TaskView
from master_app.console.controllers.lists import LedgerController, PeopleController, PoolController
from master_app.console.controllers.paging import PagedList
from master_app.console.controllers.session import Session, diagnostics, words_of
from master_app.console.controllers.tasks import LIVE, TaskDetail, TasksController
from master_app.console.models.page_rows import ROLES
from master_app.console.models.task_rows import overview_columns, running_count
from master_app.console.views.checklist import Checklist
from master_app.console.views.dialogs import FormDialog, RolesDialog, SubmitDialog
from master_app.console.views.join import JoinPage
from master_app.console.views.lists import EventsPage, LedgerPage, UsersPage
from master_app.console.views.map_page import MapPage
from master_app.console.views.overview import OverviewPage
from master_app.console.views.page import export_rows
from master_app.console.views.queue import QueuePage
from master_app.console.views.settings_page import SettingsPage
from master_app.console.views.shell import Shell

REASONED = {NodeAction.DRAIN, NodeAction.REVOKE, NodeAction.DECLINE}


class PoolWindow(QObject):
    """Fills a shell with the pages of a session."""

    def __init__(self, shell: Shell, session: Session) -> None:
        super().__init__(shell)
        self.shell, self.session, self.look = shell, session, shell.look
        self.tasks, self.detail = TasksController(session), TaskDetail(session)
        self.ledger, self.people, self.pool = (
            LedgerController(session),
            PeopleController(session),
            PoolController(session),
        )
        self._page = ""
        self._map_is_old = False
        look = self.look
        self.checklist = Checklist(look)
        self.live: RowModel[TaskView] = RowModel(overview_columns(), key=lambda row: row.task_id)
        self.live_pages = PagedList(session, self.live, self._live)
        self.overview = OverviewPage(look, self.live, self.checklist)
        self.map, self.queue = MapPage(look), QueuePage(look, self.tasks.model, self.detail)
        self.ledger_page = LedgerPage(look, self.ledger.accounts, self.ledger.transfers)
        self.users, self.events = UsersPage(look, self.people.users), EventsPage(look, self.people.audit)
        self.join, self.settings = JoinPage(look), SettingsPage(look)
        pages = (
            self.overview,
            self.map,
            self.queue,
            self.ledger_page,
            self.users,
            self.join,
            self.events,
            self.settings,
        )
        for key, page in zip(
            ("overview", "map", "queue", "ledger", "users", "join", "events", "settings"), pages, strict=True
        ):
            shell.add_page(key, page)
        self._join_session()
        self._join_tasks()
        self._join_lists()
        shell.page_shown.connect(self._shown)
        shell.submit.connect(self.submit)
        shell.retry.connect(session.master.retry_now)
        shell.refresh.connect(lambda: self._shown(self._page))
        session.start()
        shell.show_page("overview")

    def _join_session(self) -> None:
        session, shell = self.session, self.shell
        session.link_changed.connect(shell.show_link)
        session.pool_changed.connect(shell.show_pool)
        session.overview_changed.connect(shell.show_overview)
        session.overview_changed.connect(self.overview.show_overview)
        session.overview_changed.connect(lambda found: self.checklist.show_state(found, session.pool))
        session.history_changed.connect(self.overview.show_history)
        session.nodes_changed.connect(self._nodes)
        session.tasks_changed.connect(lambda _ids: self.live_pages.touch())
        session.reset.connect(self._again)
        session.audit_changed.connect(self._audited)
        session.said.connect(lambda words, tone: shell.toast.say(words, tone=tone))
        self.live_pages.loaded.connect(lambda found: self.overview.show_tasks_count(found.total))
        self.overview.go.connect(self._go)
        self.checklist.go.connect(self._go)
        self.overview.opened.connect(self._open_task)
        self.map.go.connect(self._go)
        self.map.wanted.connect(self._act_on_nodes)

    def _join_tasks(self) -> None:
        tasks, queue = self.tasks, self.queue
        queue.shelf_wanted.connect(tasks.show_shelf)
        queue.filtered.connect(tasks.pages.filter)
        queue.table.sort_wanted.connect(tasks.pages.order)
        queue.opened.connect(self.detail.open)
        queue.wanted.connect(self._act_on_tasks)
        queue.priority_wanted.connect(tasks.set_priority)
        queue.submit_wanted.connect(self.submit)
        queue.export.clicked.connect(lambda: export_rows(queue, tasks.model, "tasks"))  # type: ignore[arg-type]
        tasks.pages.loaded.connect(lambda found: queue.show_count(found.total))

    def _join_lists(self) -> None:
        ledger, page = self.ledger, self.ledger_page
        ledger.accounts_read.connect(page.show_accounts)
        ledger.transfers_read.connect(lambda found: page.show_transfers(found, of_account=ledger.of_account))
        ledger.explained.connect(page.show_explained)
        ledger.checked.connect(page.show_check)
        page.account_chosen.connect(ledger.choose_account)
        page.transfer_chosen.connect(ledger.explain)
        page.accounts.sort_wanted.connect(ledger.account_pages.order)
        page.search.textChanged.connect(ledger.transfer_pages.filter)
        page.verify_wanted.connect(ledger.verify)
        page.grant_wanted.connect(lambda: self._grant(""))
        page.backup_wanted.connect(self._back_up)
        page.export.clicked.connect(lambda: export_rows(page, ledger.transfers, "transfers"))  # type: ignore[arg-type]
        people, users, events = self.people, self.users, self.events
        people.users_read.connect(lambda found: users.show_count(found.total))
        people.audit_read.connect(lambda found: events.show_count(found.total))
        people.secret.connect(self._show_secret)
        users.search.textChanged.connect(people.user_pages.filter)
        users.table.sort_wanted.connect(people.user_pages.order)
        users.wanted.connect(self._act_on_user)
        users.add_wanted.connect(self._add_user)
        users.export.clicked.connect(lambda: export_rows(users, people.users, "users"))  # type: ignore[arg-type]
        events.search.textChanged.connect(people.audit_pages.filter)
        events.export.clicked.connect(lambda: export_rows(events, people.audit, "events"))  # type: ignore[arg-type]
        pool, join, settings = self.pool, self.join, self.settings
        join.link_wanted.connect(pool.make_link)
        join.node_wanted.connect(self._act_on_nodes)
        join.revoke_wanted.connect(pool.revoke_link)
        pool.link_made.connect(join.show_link)
        pool.links_read.connect(lambda found: join.links.set_rows(found.rows))
        pool.settings_read.connect(settings.show_settings)
        pool.settings_refused.connect(settings.show_problem)
        pool.doctor_read.connect(settings.show_doctor)
        settings.save_wanted.connect(pool.save_settings)
        settings.doctor_wanted.connect(pool.load_doctor)
        settings.diagnostics_wanted.connect(lambda: self._copied(diagnostics(self.session)))

    def _live(self, text: str, sort: str, descending: bool, offset: int, limit: int) -> Any:
        return self.session.master.tasks(TaskQuery(states=LIVE, offset=offset, limit=min(limit, 50)))

    def _nodes(self, changed: Any, gone: Any, snapshot: bool) -> None:
        """Only the page that is seen follows at once; another catches up when it is shown."""
        if snapshot or self._page == "map":
            self.map.show_nodes(self.session.tiles, changed, gone, snapshot)
        else:
            self._map_is_old = True
        if snapshot or self._page == "join":
            self.join.show_nodes(self.session.tiles)

    def _again(self) -> None:
        self.live_pages.touch()
        self._shown(self._page)

    def _audited(self) -> None:
        if self._page == "events":
            self.people.audit_pages.touch()

    def _shown(self, key: str) -> None:
        self._page = key
        loads = {
            "queue": self.tasks.pages.touch,
            "ledger": self.ledger.load,
            "users": self.people.user_pages.touch,
            "events": self.people.audit_pages.touch,
            "join": self.pool.load_links,
        }
        if key in loads:
            loads[key]()
        if key == "map" and self._map_is_old:
            self._map_is_old = False
            self.map.show_nodes(self.session.tiles, [], [], True)
        if key == "join":
            self.join.show_nodes(self.session.tiles)
        if key == "settings":
            self.pool.load_settings()
            self.pool.load_doctor()

    def _go(self, target: str) -> None:
        if target == "submit":
            self.submit()
        elif target == "needs":
            self.queue.shelf.choose("needs")
            self.tasks.show_shelf("needs")
            self.shell.show_page("queue")
        else:
            self.shell.show_page("settings" if target == "doctor" else target)

    def _open_task(self, task_id: str) -> None:
        place = self.live.place_of(task_id)
        self.shell.show_page("queue")
        self.detail.open(self.live.row_at(place) if place is not None else None)

    def _act_on_tasks(self, action: TaskAction, task_ids: list[str]) -> None:
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

    def _act_on_nodes(self, action: NodeAction, node_ids: list[str]) -> None:
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

    def _act_on_user(self, act: str, user: UserRow) -> None:
        name = user.username
        if act == "grant":
            self._grant(name)
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

    def _add_user(self) -> None:
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

    def _grant(self, name: str) -> None:
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

    def _back_up(self) -> None:
        machine = self.session.pool.computer if self.session.pool is not None else ""
        dialog = FormDialog(
            self.look,
            self.shell,
            tr("Back up on {machine}", machine=machine),
            tr("Back up"),
            [(tr("New file on {machine}", machine=machine), "", False)],
        )
        dialog.accepted.connect(lambda: self.ledger.back_up(dialog.values()[0]))
        dialog.open()

    def _show_secret(self, words: str, secret: str) -> None:
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

    def _copied(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.shell.toast.say(tr("Copied, without secrets."))
