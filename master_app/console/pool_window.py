"""One connected master: its pages and their controllers, joined by signals. Draws nothing, speaks no wire."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

from core.desktop.tables import RowModel
from core.desktop.translations import plural, tr
from core.domain.console import TaskQuery
from core.domain.views import TaskView
from master_app.console.controllers.lists import LedgerController, PeopleController, PoolController
from master_app.console.controllers.paging import PagedList
from master_app.console.controllers.session import Session, diagnostics
from master_app.console.controllers.tasks import LIVE, TaskDetail, TasksController
from master_app.console.models.task_rows import overview_columns
from master_app.console.pool_acts import PoolActs
from master_app.console.views.checklist import Checklist
from master_app.console.views.join import JoinPage
from master_app.console.views.lists import EventsPage, LedgerPage, UsersPage
from master_app.console.views.map_page import MapPage
from master_app.console.views.notices import Notices
from master_app.console.views.overview import OverviewPage
from master_app.console.views.page import export_rows
from master_app.console.views.queue import QueuePage
from master_app.console.views.settings_page import SettingsPage
from master_app.console.views.shell import Shell, pool_word

#: Lists of nodes are made anew at most this often, however many nodes speak.
JOINED_MS = 500


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
        self.acts = PoolActs(shell, session, self.tasks, self.ledger, self.people, self.pool)
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
        self._joined_soon = QTimer(self)
        self._joined_soon.setSingleShot(True)
        self._joined_soon.setInterval(JOINED_MS)
        self._joined_soon.timeout.connect(lambda: self.join.show_nodes(session.tiles))
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
        shell.submit.connect(self.acts.submit)
        shell.retry.connect(session.master.retry_now)
        shell.refresh.connect(lambda: self._shown(self._page))
        session.start()
        shell.show_page("overview")
        look.says(self, self._say_again)

    def _join_session(self) -> None:
        session, shell = self.session, self.shell
        session.link_changed.connect(shell.show_link)
        session.pool_changed.connect(shell.show_pool)
        for told in (session.pool_changed, session.overview_changed):
            told.connect(lambda _found: self._hub())
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
        self.notices = Notices(self.look, shell, pool_word)
        session.overview_changed.connect(self.notices.see)
        self.notices.go.connect(self._go)
        self.settings.show_notices(self.notices.on)
        self.settings.notices_wanted.connect(self.notices.switch)
        self.overview.go.connect(self._go)
        self.checklist.go.connect(self._go)
        self.overview.opened.connect(self._open_task)
        self.map.go.connect(self._go)
        self.map.wanted.connect(self.acts.on_nodes)
        self.map.labels_wanted.connect(self.acts.label_nodes)
        self.map.near_wanted.connect(self.pool.look_at)
        self.pool.near_read.connect(self.map.node.show_near)
        self.map.node.opened.connect(self._open_attempt)

    def _join_tasks(self) -> None:
        tasks, queue = self.tasks, self.queue
        queue.shelf_wanted.connect(tasks.show_shelf)
        queue.filtered.connect(tasks.pages.filter)
        queue.table.sort_wanted.connect(tasks.pages.order)
        queue.opened.connect(self.detail.open)
        queue.wanted.connect(self.acts.on_tasks)
        queue.priority_wanted.connect(tasks.set_priority)
        queue.submit_wanted.connect(self.acts.submit)
        queue.export.clicked.connect(lambda: export_rows(queue, tasks.model, "tasks"))  # type: ignore[arg-type]
        tasks.pages.loaded.connect(lambda found: queue.show_count(found.total))

    def _join_lists(self) -> None:
        ledger, page = self.ledger, self.ledger_page
        ledger.accounts_read.connect(page.show_accounts)
        ledger.transfers_read.connect(lambda found: page.show_transfers(found, of_account=ledger.of_account))
        ledger.explained.connect(page.show_explained)
        ledger.checked.connect(page.show_check)
        ledger.days_read.connect(page.days.show_days)
        page.day_chosen.connect(ledger.choose_day)
        page.account_chosen.connect(ledger.choose_account)
        page.transfer_chosen.connect(ledger.explain)
        page.accounts.sort_wanted.connect(ledger.account_pages.order)
        page.search.textChanged.connect(ledger.transfer_pages.filter)
        page.verify_wanted.connect(ledger.verify)
        page.grant_wanted.connect(lambda: self.acts.grant_to(""))
        page.backup_wanted.connect(self.acts.back_up)
        page.export.clicked.connect(lambda: export_rows(page, ledger.transfers, "transfers"))  # type: ignore[arg-type]
        people, users, events = self.people, self.users, self.events
        people.users_read.connect(lambda found: users.show_count(found.total))
        people.audit_read.connect(lambda found: events.show_count(found.total))
        people.secret.connect(self.acts.show_secret)
        users.search.textChanged.connect(people.user_pages.filter)
        users.table.sort_wanted.connect(people.user_pages.order)
        users.wanted.connect(self.acts.on_user)
        users.add_wanted.connect(self.acts.add_user)
        users.export.clicked.connect(lambda: export_rows(users, people.users, "users"))  # type: ignore[arg-type]
        events.search.textChanged.connect(people.audit_pages.filter)
        events.export.clicked.connect(lambda: export_rows(events, people.audit, "events"))  # type: ignore[arg-type]
        pool, join, settings = self.pool, self.join, self.settings
        join.link_wanted.connect(pool.make_link)
        join.node_wanted.connect(self.acts.on_nodes)
        join.revoke_wanted.connect(pool.revoke_link)
        pool.link_made.connect(join.show_link)
        pool.links_read.connect(lambda found: join.links.set_rows(found.rows))
        pool.settings_read.connect(settings.show_settings)
        pool.settings_refused.connect(settings.show_problem)
        pool.doctor_read.connect(settings.show_doctor)
        settings.save_wanted.connect(pool.save_settings)
        settings.browse_wanted.connect(self.acts.choose_storage)
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
        if (snapshot or self._page == "join") and not self._joined_soon.isActive():
            self._joined_soon.start()

    def _hub(self) -> None:
        live = sum(self.session.overview.tasks.values()) if self.session.overview is not None else 0
        name = self.session.pool.computer if self.session.pool is not None else ""
        self.map.show_master(name, plural(live, "{n} task", "{n} tasks"))

    def _say_again(self) -> None:
        """The language changed: what was said of the pool is said anew, what the page asked for is asked again."""
        session = self.session
        for told, value in (
            (session.pool_changed, session.pool),
            (session.overview_changed, session.overview),
            (session.history_changed, session.history),
        ):
            if value is not None:
                told.emit(value)
        if session.tiles:
            self.map.show_nodes(session.tiles, [], [], True)
            self.join.show_nodes(session.tiles)
        self.queue.show_count(self.tasks.pages.total)
        self.overview.show_tasks_count(self.live_pages.total or 0)
        if self._page:
            self._shown(self._page)

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
            self.acts.submit()
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

    def _open_attempt(self, task_id: str, attempt_id: str) -> None:
        """From a node to the log of what runs there."""

        def show(found: Any) -> None:
            if found.rows:
                self.shell.show_page("queue")
                self.detail.open(found.rows[0])
                self.queue.detail.open_log(attempt_id)

        self.session.ask(self.session.master.tasks(TaskQuery(task_ids=(task_id,))), show, owner=self)

    def _copied(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.shell.toast.say(tr("Copied, without secrets."))
