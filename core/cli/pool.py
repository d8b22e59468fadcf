"""nodes, balance, ledger, transfer, join-link."""

from __future__ import annotations

import dataclasses

import click

from core.cli.output import Session
from core.cli.texts import _

_GIB = 1 << 30


@click.command()
@click.pass_obj
def nodes(session: Session) -> None:
    """The nodes of the pool."""
    with session.connect() as hive:
        found = list(hive.nodes())
    rows = [
        (
            n.name,
            f"{n.health}: {n.why_not}" if n.why_not else n.health,
            f"{n.running}/{n.slots}",
            f"{n.cpu_cores:g}",
            f"{n.memory_bytes / _GIB:.1f}",
            str(n.gpus),
            f"{n.cpu_percent:.0f} %",
            f"{n.memory_percent:.0f} %",
        )
        for n in found
    ]
    columns = ("NODE", "STATE", "RUNNING", "CORES", "GB", "GPUS", "CPU", "MEMORY")
    session.table([n.raw for n in found], columns, rows)


@click.command()
@click.pass_obj
def balance(session: Session) -> None:
    """What you have; what is held for tasks is not in it."""
    with session.connect() as hive:
        found = hive.balance()
    session.data(dataclasses.asdict(found), str(found))


@click.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(0, 1_000_000), help=_("0: all."))
@click.pass_obj
def ledger(session: Session, limit: int) -> None:
    """Your transfers, newest first."""
    with session.connect() as hive:
        found = list(hive.ledger(limit=limit))
    rows = [(t.at, t.code, t.change.cpt, t.task_id or "", t.transfer_id) for t in found]
    session.table([t.raw for t in found], ("AT", "CODE", "CPT", "TASK", "TRANSFER"), rows)


@click.command()
@click.argument("transfer_id")
@click.pass_obj
def explain(session: Session, transfer_id: str) -> None:
    """Why an amount is what it is."""
    with session.connect() as hive:
        found = hive.explain(transfer_id)
    session.data(found, "\n".join([found["summary"], *found["lines"]]))


@click.command()
@click.argument("username")
@click.argument("amount")
@click.option("--key", "idempotency_key", default="", help=_("The same key moves the money once."))
@click.pass_obj
def transfer(session: Session, username: str, amount: str, idempotency_key: str) -> None:
    """Send credits to another user."""
    with session.connect() as hive:
        sent = hive.transfer(username, amount, idempotency_key=idempotency_key)
    session.data(dict(sent.raw), f"{sent.transfer_id} {sent.amount}")


@click.command("join-link")
@click.option("--uses", default=1, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--expires", "expires_s", default=900, show_default=True, help=_("Seconds."))
@click.option("--owner", default="", help=_("Whose nodes they will be; operators only."))
@click.pass_obj
def join_link(session: Session, uses: int, expires_s: int, owner: str) -> None:
    """Make a link with which a node joins. It is a secret."""
    with session.connect() as hive:
        link = hive.join_link(uses=uses, expires_s=expires_s, owner=owner)
    session.data({"link": link}, link)


COMMANDS = (nodes, balance, ledger, explain, transfer, join_link)
