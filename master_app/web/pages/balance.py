"""Balance: what there is, what is held, every entry explained, transfers, export."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import Response, flash, render_template, request
from flask_babel import gettext as _

from core.domain.errors import HiveMindError, Invalid
from core.domain.ledger import PAYMENT_CODES, ChainedTransfer, Code, parse_cpt, user_account
from core.domain.receipts import needs_evidence
from core.domain.user import Action, Principal, require
from master_app.ledger.explain import Explanation, explain_amount
from master_app.ledger.statements import receipts, to_csv, to_json_lines
from master_app.web.api.parts import done
from master_app.web.api.results import disposition
from master_app.web.identity import services
from master_app.web.pages import charts, words
from master_app.web.pages.frame import back_to, now_ms, page_blueprint, pages
from master_app.web.pages.language import cpt, zone_offset_ms
from master_app.web.pages.sentences import said_all
from master_app.web.pages.session import signed_in_visitor
from master_app.web.pages.working import working_of

bp = page_blueprint("balance")
_DAY_MS: Final = 86_400_000
_READ: Final = 400
_ROWS: Final = 20
_HOLDS: Final = frozenset({Code.HOLD_OPEN, Code.HOLD_EXTEND, Code.HOLD_RELEASED})
_SPENDING: Final = PAYMENT_CODES | {Code.POOL_FEE}
#: Filters of the entries: codes of the own account, and whether what own tasks paid belongs to them.
FILTERS: Final[dict[str, tuple[frozenset[Code], bool]]] = {
    "": (frozenset(Code) - _HOLDS, True),
    "spent": (frozenset(), True),
    "earned": (PAYMENT_CODES, False),
    "sent": (frozenset({Code.USER_TRANSFER, Code.GRANT_OPERATOR, Code.GRANT_SIGN_UP, Code.CORRECTION}), False),
    "holds": (_HOLDS, False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the list: a transfer, or consecutive payments of one task folded into one."""

    newest: ChainedTransfer
    oldest_ms: int
    change_ucpt: int
    after_ucpt: int
    count: int
    word: str
    task_id: str
    detail: str

    @property
    def at_ms(self) -> int:
        return self.newest.transfer.at_ms


@bp.get("/balance")
def show() -> Any:
    """What there is and where it went."""
    who = signed_in_visitor()
    require(who, Action.MONEY_READ)
    reads = pages().reads
    chosen = request.args.get("show", "") if request.args.get("show", "") in FILTERS else ""
    count = {"7": 7, "90": 90}.get(request.args.get("days", ""), 14)
    now = now_ms()
    offset = zone_offset_ms(now)
    days = reads.money_by_day(who.user_id, now - (count + 1) * _DAY_MS, offset)
    bars, top = charts.bars_of(days, (now + offset) // _DAY_MS, count)
    account = services().money.balance(who)
    before = request.args.get("before", "")
    held = reads.hold_ucpt(who.user_id)
    entries, following = _entries(who, account.balance_ucpt + held, chosen, before)
    names = reads.task_names([entry.task_id for entry in entries if entry.task_id])
    running = reads.running(who.user_id)
    return render_template(
        "balance.html",
        balance=account.balance_ucpt,
        held=held,
        running=running,
        bars=bars,
        top=top,
        days=count,
        entries=entries,
        names=names,
        following=following,
        chosen=chosen,
        before=before,
        explained=(explained := _explained(who)),
        working=working_of(explained) if explained else None,
        needs_metering=explained is not None and needs_evidence(explained.transfer),
        rows=account.entries,
        key=secrets.token_urlsafe(18),
        send=request.args.get("send"),
        errors={},
        given={},
    )


def _explained(who: Principal) -> Explanation | None:
    wanted = request.args.get("explain", "")[:200]
    if not wanted:
        return None
    try:
        return explain_amount(services().ledger, who, wanted)
    except HiveMindError:
        return None


def _entries(who: Principal, total: int, chosen: str, before: str) -> tuple[list[Entry], str | None]:
    """Return the lines of one page and the cursor of the next: own account and spending, merged by sequence."""
    cursor = int(before) if before.isascii() and before.isdigit() and len(before) <= 15 else 0
    rows, more = _rows(who, chosen, cursor)
    if not rows:
        return [], None
    after = total
    if cursor:
        after -= pages().reads.total_since(who.user_id, rows[0].sequence, rows[0].transfer.at_ms)
    found: list[Entry] = []
    open_run = request.args.get("open", "")
    oldest = rows[0].sequence
    for row in rows:
        entry = _entry(row, who.user_id, after)
        after -= 0 if row.transfer.code in _HOLDS else entry.change_ucpt
        last = found[-1] if found else None
        if last is not None and _folds(last, entry) and last.task_id != open_run:
            found[-1] = replace(
                last,
                oldest_ms=entry.at_ms,
                change_ucpt=last.change_ucpt + entry.change_ucpt,
                count=last.count + 1,
            )
        elif len(found) >= _ROWS:
            return found, str(oldest)
        else:
            found.append(entry)
        oldest = row.sequence
    return found, str(oldest) if more else None


def _rows(who: Principal, chosen: str, cursor: int) -> tuple[list[ChainedTransfer], bool]:
    codes, with_spending = FILTERS[chosen]
    own = user_account(who.user_id)
    found: dict[int, ChainedTransfer] = {}
    more = False
    if codes:
        page = services().ledger.page(
            account_id=own, codes=tuple(codes), cursor=str(cursor) if cursor else None, limit=_READ
        )
        found.update((row.sequence, row) for row in page.items)
        more = page.next is not None
    if with_spending:
        spent = pages().reads.spending(who.user_id, cursor or 1 << 60, 1 << 60, _READ)
        found.update((row.sequence, row) for row in spent)
        more = more or len(spent) == _READ
    rows = [found[sequence] for sequence in sorted(found, reverse=True)]
    return rows[:_READ], more or len(rows) > _READ


def _change(row: ChainedTransfer, user_id: str) -> int:
    """Return by how much a transfer changed what the user has, what is held included (for holds: what moved)."""
    t, own = row.transfer, user_account(user_id)
    change = ((t.credit == own) - (t.debit == own)) * t.amount_ucpt
    if t.actor_id == user_id and t.code in _SPENDING:
        change -= t.amount_ucpt
    return change


def _folds(last: Entry, entry: Entry) -> bool:
    both_pay = entry.newest.transfer.code in _SPENDING and last.newest.transfer.code in _SPENDING
    return both_pay and entry.task_id == last.task_id and (entry.change_ucpt > 0) == (last.change_ucpt > 0)


def _entry(row: ChainedTransfer, user_id: str, after: int) -> Entry:
    t = row.transfer
    change = _change(row, user_id)
    word = words.EARNED if change > 0 and t.code in PAYMENT_CODES else words.MONEY[t.code]
    detail = _("subtask %(index)s", index=t.index) if t.index is not None and t.attempt_id else ""
    if t.code is Code.USER_TRANSFER:
        other = t.credit if change < 0 else t.debit
        name = services().audit.names([other_id := other.partition(":")[2]]).get(other_id, other_id[:10])
        detail = _("to %(name)s", name=name) if change < 0 else _("from %(name)s", name=name)
    return Entry(
        newest=row,
        oldest_ms=t.at_ms,
        change_ucpt=change,
        after_ucpt=after,
        count=1,
        word=str(word),
        task_id=t.task_id,
        detail=detail,
    )


@bp.post("/balance/send")
def send() -> Any:
    """Send credits to another user, once for each form."""
    who = signed_in_visitor()
    require(who, Action.MONEY_SEND)
    to, given, key = request.form.get("to", ""), request.form.get("amount", ""), request.form.get("key", "")[:100]
    try:
        if not key:
            raise Invalid(_("This form was sent without its number. Reload the page."), code="KEY_MISSING")
        done(services().money.send(who, to, parse_cpt(given.strip()[:30]), key))
    except HiveMindError as error:
        flash(said_all(error.message, error.fix), "bad")
        return back_to("page_balance.show", send="1")
    flash(_("%(amount)s CPT sent to %(name)s.", amount=cpt(parse_cpt(given.strip())), name=to), "good")
    return back_to("page_balance.show")


@bp.get("/balance/export")
def export() -> Any:
    """The whole statement, which `ledger verify` checks."""
    who = signed_in_visitor()
    require(who, Action.MONEY_READ)
    own = user_account(who.user_id)
    rows = receipts(services().ledger, own)
    if request.args.get("format") == "json":
        headers = {"Content-Disposition": disposition(f"ledger-{who.username}.jsonl")}
        return Response(to_json_lines(rows, own), mimetype="application/x-ndjson", headers=headers)
    headers = {"Content-Disposition": disposition(f"ledger-{who.username}.csv")}
    return Response(to_csv(rows), mimetype="text/csv", headers=headers)
