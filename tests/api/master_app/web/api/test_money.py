"""Credits: balance, ledger with its filters, sending once, and why an amount is what it is."""

from __future__ import annotations

import pytest

from master_app.ledger.verify import verify_file
from tests.support.web_pool import Person, WebPool, code_of


def test_money_is_exact_and_readable(ann: Person) -> None:
    found = ann.get("/balance").json
    assert found["balance"] == {"ucpt": 150_000_000, "cpt": "150"} and found["entries"] == 1


def test_a_transfer_moves_money_once_for_one_key(ann: Person, bob: Person) -> None:
    key = {"Idempotency-Key": "k"}
    for _ in range(2):
        sent = ann.post("/transfer", {"to": "BOB", "amount": "12.5"}, headers=key)
        assert sent.status_code == 201 and sent.json["change"]["cpt"] == "-12.5"
    assert (ann.balance_ucpt, bob.balance_ucpt) == (137_500_000, 162_500_000)
    other = ann.post("/transfer", {"to": "bob", "amount": "1"}, headers=key)
    assert (other.status_code, code_of(other)) == (409, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"to": "bob", "amount": "1000"}, 402, "OUT_OF_FUNDS"),
        ({"to": "bob", "amount": "0"}, 422, "AMOUNT_INVALID"),
        ({"to": "bob", "amount": "-1"}, 422, "AMOUNT_INVALID"),
        ({"to": "bob", "amount": 1.5}, 422, "AMOUNT_INVALID"),
        ({"to": "bob", "amount": "1.1234567"}, 422, "AMOUNT_INVALID"),
        ({"to": "bob", "amount": True}, 422, "AMOUNT_INVALID"),
        ({"to": "nobody", "amount": 1}, 404, "USER_NOT_FOUND"),
        ({"to": "ann", "amount": 1}, 422, "TRANSFER_TO_SELF"),
        ({"amount": 1}, 422, "INVALID"),
    ],
)
def test_transfers_that_cannot_be_are_refused_and_move_nothing(
    ann: Person, bob: Person, body: dict[str, object], status: int, code: str
) -> None:
    refused = ann.post("/transfer", body, headers={"Idempotency-Key": "k"})
    assert (refused.status_code, code_of(refused)) == (status, code)
    assert (ann.balance_ucpt, bob.balance_ucpt) == (150_000_000, 150_000_000)


def test_a_transfer_without_a_key_is_refused(ann: Person, bob: Person) -> None:
    refused = ann.post("/transfer", {"to": "bob", "amount": 1})
    assert (refused.status_code, code_of(refused)) == (422, "IDEMPOTENCY_KEY_MISSING")


def test_the_ledger_is_filtered_by_kind_task_and_time_in_pages(web: WebPool, ann: Person) -> None:
    task_id = ann.task()
    web.clock.advance(s=3600)
    web.finish(web.node("n"))
    web.pool.settle()
    everything = ann.get("/ledger").json["items"]
    codes = [each["code"] for each in everything]
    assert codes[-1] == "GRANT_OPERATOR" and "HOLD_OPEN" in codes
    of_task = ann.get(f"/ledger?task={task_id}").json["items"]
    assert of_task == [each for each in everything if each["task_id"] == task_id] != []
    assert [each["code"] for each in ann.get("/ledger?code=grant_operator").json["items"]] == ["GRANT_OPERATOR"]
    early = ann.get("/ledger?until=2026-01-01T00:30:00Z").json["items"]
    late = ann.get("/ledger?since=2026-01-01T00:30:00Z").json["items"]
    assert late + early == everything and early and late
    first = ann.get("/ledger?limit=1").json
    assert ann.get(f"/ledger?limit=1&cursor={first['next']}").json["items"] == [everything[1]]
    assert code_of(ann.get("/ledger?code=BRIBE")) == "INVALID"
    assert code_of(ann.get("/ledger?cursor=x")) == "CURSOR_INVALID"


def test_one_amount_is_explained_to_those_whose_it_is(
    web: WebPool, ann: Person, bob: Person, olga: Person
) -> None:
    ann.task()
    web.finish(web.node("n", bob))
    (paid,) = (each for each in bob.get("/ledger").json["items"] if each["code"] == "ATTEMPT_PAID")
    path = f"/ledger/{paid['transfer_id']}/explain"
    for who in (ann, bob, olga):
        found = who.get(path).json
        assert paid["amount"]["cpt"] in found["lines"][0] and "min x" in found["lines"][0]
    carol = web.person("carol")
    assert code_of(carol.get(path)) in ("ROLE_MISSING", "TRANSFER_NOT_FOUND")


def test_the_export_verifies_without_the_pool(web: WebPool, ann: Person) -> None:
    ann.task()
    web.finish(web.node("n"))
    exported = ann.get("/ledger/export").text
    assert verify_file(exported.splitlines()).misfit is None
    assert verify_file(exported.replace("150000000", "150000001", 1).splitlines()).misfit is not None
    assert ann.get("/ledger/export?format=csv").text.count("\n") >= 3
