"""What operators ask over the control door, put together from the services. Each answers with a future."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import TypeVar

from core.conditions import Conditions
from core.domain.audit import AuditCheck
from core.domain.condition import Condition
from core.domain.errors import Forbidden, Invalid, NotFound
from core.domain.operations import (
    BackupMade,
    JoinLinkMade,
    LedgerCheck,
    NewJoinLink,
    NewUser,
    NodeAction,
    NodePage,
    OperatorIdentity,
    TaskAction,
    TaskPage,
)
from core.domain.task import TaskState
from core.domain.user import Action, Principal, Role, require
from core.domain.views import NodeView, TaskView
from master_app.ledger.verify import verify_database
from master_app.node_pool.membership import LinkMade, LinkWish, Membership
from master_app.node_pool.queries import NodeQueries
from master_app.ports.ledger import LedgerReads
from master_app.ports.reads import TaskReads
from master_app.ports.users import UserReads
from master_app.tasks.control import TaskControl
from master_app.users.accounts import UserAccounts
from master_app.users.audit import AuditLog
from master_app.users.authenticate import Authenticator

T = TypeVar("T")
MakeLink = Callable[[LinkMade, str], str]
BackUp = Callable[[Path], int]


class OperatorGate:
    """Proves who calls the control door: the local token of the data folder, or an operator's bearer token."""

    def __init__(self, *, local_token: str, authenticator: Authenticator, threads: Executor) -> None:
        self._local_token = local_token
        self._authenticator = authenticator
        self._threads = threads

    def authenticate(self, token: str, peer: str) -> Future[OperatorIdentity]:
        """Return who holds the token; raises Unauthenticated, Forbidden."""
        return self._threads.submit(self._check, token, peer)

    def _check(self, token: str, peer: str) -> OperatorIdentity:
        if secrets.compare_digest(token.encode(), self._local_token.encode()):
            return OperatorIdentity(user_id="", name="console", local=True)
        who = self._authenticator.authenticate(token, peer)
        if not who.is_operator:
            raise Forbidden("Only operators use this door.")
        return OperatorIdentity(
            user_id=who.user_id, name=who.username, roles=who.roles, scopes=who.scopes, origin=peer
        )


def principal_of(operator: OperatorIdentity) -> Principal:
    """Return the principal that services see: with the roles and scopes of its token, not with all."""
    return Principal(
        user_id=operator.user_id,
        username=operator.name,
        roles=operator.roles,
        scopes=operator.scopes,
        origin=operator.origin or "console",
    )


class JoinLinks:
    """Join links as text, by the names of their owners. For the control door and the web."""

    def __init__(
        self, *, membership: Membership, users: UserReads, threads: Executor, make_link: MakeLink
    ) -> None:
        self._membership = membership
        self._users = users
        self._threads = threads
        self._make_link = make_link

    def create_link(self, who: Principal, wish: NewJoinLink) -> Future[JoinLinkMade]:
        """Make a link; providers for themselves, operators for anybody. An empty owner is the caller."""
        return self._threads.submit(self._create, who, wish)

    def _create(self, who: Principal, wish: NewJoinLink) -> JoinLinkMade:
        owner_id, owner = self._owner(who, wish.owner)
        made = self._membership.create_link(
            who,
            LinkWish(
                owner_id=owner_id,
                uses=wish.uses,
                expires_s=wish.expires_s,
                labels=wish.labels,
                name_pattern=wish.name_pattern,
                approve=wish.approve,
            ),
        ).result(60)
        return JoinLinkMade(link=self._make_link(made, owner), expires_ms=made.expires_ms)

    def _owner(self, who: Principal, name: str) -> tuple[str, str]:
        if name:
            user = self._users.find(name)
            if user is None:
                raise NotFound(f"There is no user {name}.", code="USER_NOT_FOUND")
            return user.user_id, user.username
        if who.user_id:
            return who.user_id, who.username
        for user in self._users.users(limit=500).items:
            if Role.OPERATOR in user.roles:
                return user.user_id, user.username
        raise Invalid(
            "There is no operator yet to own the node.",
            code="OWNER_MISSING",
            fix="Name the owner with --owner, or make a user first: user add NAME --role operator.",
        )


class Operations:
    """See `master_app.rpc.services.OperatorService`."""

    def __init__(
        self,
        *,
        accounts: UserAccounts,
        membership: Membership,
        links: JoinLinks,
        nodes: NodeQueries,
        control: TaskControl,
        tasks: TaskReads,
        ledger: LedgerReads,
        audit: AuditLog,
        threads: Executor,
        back_up: BackUp,
        conditions: Conditions,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._membership = membership
        self._nodes = nodes
        self._control = control
        self._tasks = tasks
        self._ledger = ledger
        self._audit = audit
        self._threads = threads
        self._back_up = back_up
        self._conditions = conditions

    def add_user(self, operator: OperatorIdentity, user: NewUser) -> Future[str]:
        """Return the user's id."""
        roles = _roles(user.roles)
        return self._threads.submit(
            lambda: self._accounts.add(principal_of(operator), user.name, user.password, roles).result(60).user_id
        )

    def reset_password(self, operator: OperatorIdentity, name: str, password: str) -> Future[str]:
        """Return a one-use login with which the user sets a password; the old one works until then."""
        if password:
            raise Invalid("Passwords are set by their users.", fix="Leave the password out; a link is made.")
        return self._threads.submit(
            lambda: self._accounts.reset_link(principal_of(operator), name).result(60).secret
        )

    def create_join_link(self, operator: OperatorIdentity, wish: NewJoinLink) -> Future[JoinLinkMade]:
        """Make a join link for a user, by name; for the operator who asks when no name is given."""
        return self._links.create_link(principal_of(operator), wish)

    def verify_ledger(self, operator: OperatorIdentity) -> Future[LedgerCheck]:
        """Replay all transfers of the database."""
        require(principal_of(operator), Action.MONEY_READ_ANY)

        def check() -> LedgerCheck:
            found = verify_database(self._ledger)
            return LedgerCheck(
                sound=found.misfit is None,
                transfers=found.rows,
                accounts=sum(1 for _ in self._ledger.accounts()),
                first_problem=found.sentence if found.misfit is not None else "",
                head=found.newest,
            )

        return self._threads.submit(check)

    def backup(self, operator: OperatorIdentity, path: str) -> Future[BackupMade]:
        """Write a backup to one new file on the master's disk."""
        who = principal_of(operator)
        require(who, Action.SETTINGS_CHANGE)

        def back_up() -> BackupMade:
            self._audit.note(who, "backup", "pool", path).result(60)
            return BackupMade(path=path, size=self._back_up(Path(path)))

        return self._threads.submit(back_up)

    def verify_audit(self, operator: OperatorIdentity) -> Future[AuditCheck]:
        """Replay the audit log of the database."""
        return self._threads.submit(self._audit.verify, principal_of(operator))

    def list_conditions(self, operator: OperatorIdentity) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
        """Return what is wrong now, and what ended lately. From memory."""
        require(principal_of(operator), Action.AUDIT_READ)
        return self._conditions.current(), self._conditions.ended()

    def list_nodes(self, operator: OperatorIdentity, *, cursor: str, limit: int) -> Future[NodePage]:
        """Return nodes by enrolment, a page at a time; the cursor is the last node's id."""

        def page() -> NodePage:
            views = self._nodes.nodes(principal_of(operator)).result(60)
            rest = [view for view in views if view.node_id > cursor]
            shown = tuple(rest[:limit])
            return NodePage(nodes=shown, next=shown[-1].node_id if len(rest) > limit else "")

        return self._threads.submit(page)

    def list_tasks(
        self, operator: OperatorIdentity, *, states: Sequence[str], cursor: str, limit: int
    ) -> Future[TaskPage]:
        """Return tasks of all owners, newest first."""
        require(principal_of(operator), Action.TASK_READ_ANY)

        def page() -> TaskPage:
            found = self._tasks.tasks(
                owner_id=None, states=[TaskState(state) for state in states], cursor=cursor or None, limit=limit
            )
            return TaskPage(tasks=tuple(found.items), next=found.next or "")

        return self._threads.submit(page)

    def act_on_node(
        self, operator: OperatorIdentity, node_id: str, action: NodeAction, *, reason: str, deadline_ms: int
    ) -> Future[NodeView]:
        """Do it, and return the node after it; a revoked one is returned as it was before."""
        who = principal_of(operator)
        require(who, Action.NODE_CONTROL)

        def act() -> NodeView:
            before = self._nodes.node(who, node_id).result(60)
            self._membership.act(who, node_id, action, reason=reason, deadline_ms=deadline_ms).result(60)
            if action in (NodeAction.REVOKE, NodeAction.DECLINE):
                return before
            return self._nodes.node(who, node_id).result(60)

        return self._threads.submit(act)

    def act_on_task(
        self, operator: OperatorIdentity, task_id: str, action: TaskAction, *, reason: str
    ) -> Future[TaskView]:
        """Do it, and return the task after it."""
        who = principal_of(operator)
        verbs: dict[TaskAction, Callable[[], Future[TaskState]]] = {
            TaskAction.CANCEL: lambda: self._control.cancel(who, task_id, reason),
            TaskAction.PAUSE: lambda: self._control.pause(who, task_id),
            TaskAction.RESUME: lambda: self._control.resume(who, task_id),
            TaskAction.RETRY_FAILED: lambda: self._control.retry(who, task_id),
            TaskAction.RETRY_ALL: lambda: self._control.retry(who, task_id, all_of_it=True),
        }

        def act() -> TaskView:
            verbs[action]().result(60)
            view = self._tasks.task(task_id, owner_id=None)
            if view is None:
                raise NotFound("There is no such task.", code="TASK_NOT_FOUND")
            return view

        return self._threads.submit(act)


def _roles(names: Sequence[str]) -> frozenset[Role]:
    try:
        return frozenset(Role(name) for name in names)
    except ValueError as error:
        raise Invalid(
            f"{error}.", code="ROLES_INVALID", fix="Roles are operator, submitter and provider."
        ) from error
