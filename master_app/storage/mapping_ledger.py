"""Rows and values of the ledger."""

from __future__ import annotations

from core.domain.ledger import Account, ChainedTransfer, Code, Transfer
from master_app.storage.statements import Row

_CODES = {code.value: code for code in Code}


def account_to_row(account: Account, head: str) -> Row:
    return account.account_id, account.balance_ucpt, account.entries, head, account.hold_id


def row_to_account(row: Row) -> Account:
    return Account(account_id=row[0], balance_ucpt=row[1], entries=row[2], head=row[3], hold_id=row[4])


def chained_to_row(row: ChainedTransfer) -> Row:
    transfer = row.transfer
    return (
        row.sequence,
        transfer.transfer_id,
        transfer.debit,
        transfer.credit,
        transfer.amount_ucpt,
        transfer.code.value,
        transfer.at_ms,
        transfer.task_id,
        transfer.index,
        transfer.attempt_id,
        transfer.rule_version,
        transfer.basis,
        transfer.failure,
        transfer.pending_id,
        transfer.actor_id,
        row.previous_debit,
        row.previous_credit,
        row.hash,
    )


def row_to_transfer(row: Row) -> Transfer:
    return Transfer(
        transfer_id=row[1],
        debit=row[2],
        credit=row[3],
        amount_ucpt=row[4],
        code=_CODES[row[5]],
        at_ms=row[6],
        task_id=row[7],
        index=row[8],
        attempt_id=row[9],
        rule_version=row[10],
        basis=row[11],
        failure=row[12],
        pending_id=row[13],
        actor_id=row[14],
    )


def row_to_chained(row: Row) -> ChainedTransfer:
    return ChainedTransfer(
        sequence=row[0],
        transfer=row_to_transfer(row),
        previous_debit=row[15],
        previous_credit=row[16],
        hash=row[17],
    )
