"""Asking for credits, from the sentence to the words that answer it."""

from __future__ import annotations

from master_app.notices.asks import TOLD_AGAIN_MS
from tests.support.web_pool import Person, WebPool, code_of

WORDS = "200 CPT for the typhoon season, please"


def test_an_ask_reaches_the_operators_and_is_granted_with_words_once(
    web: WebPool, ann: Person, olga: Person
) -> None:
    made = ann.post("/credit-asks", {"words": f"  {WORDS}\n"})
    assert made.status_code == 201 and made.json["words"] == WORDS and made.json["state"] == "OPEN"
    assert code_of(ann.post("/credit-asks", {"words": "more"})) == "ASK_OPEN"
    (told,) = olga.get("/notices").json["items"]
    assert told["kind"] == "credits_asked" and WORDS in told["text"]
    (row,) = olga.get("/credit-asks").json["items"]
    assert (row["username"], row["balance"]["cpt"]) == ("ann", "150")
    answer = {"amount": "200", "words": "good luck"}
    path = f"/credit-asks/{row['ask_id']}/answer"
    assert olga.post(path, answer).json["state"] == "GRANTED"
    assert code_of(olga.post(path, answer)) == "ASK_ANSWERED", "a second click grants nothing"
    assert ann.balance_ucpt == 350_000_000
    assert ann.get("/notices").json["items"][0]["text"] == "200 CPT were granted to you. good luck"
    own = ann.get("/credit-asks/own").json
    assert (own["state"], own["answer"], own["amount"]["cpt"]) == ("GRANTED", "good luck", "200")
    assert olga.get("/credit-asks").json["items"] == []
    actions = [each["action"] for each in olga.get("/audit").json["items"]]
    assert actions[:2] == ["credits.answer", "credits.ask"]


def test_declining_needs_words_and_a_held_task_goes_on_after_a_grant(
    web: WebPool, olga: Person, bob: Person
) -> None:
    poor = web.person("poor", *bob.roles)
    poor.task()
    assert [each["state"] for each in poor.get("/tasks").json["items"]] == ["HELD"]
    asked = poor.post("/credit-asks", {"words": WORDS}).json["ask_id"]
    assert code_of(olga.post(f"/credit-asks/{asked}/answer", {"amount": 0})) == "ASK_ANSWER"
    assert (
        olga.post(f"/credit-asks/{asked}/answer", {"amount": 0, "words": "next month"}).json["state"] == "DECLINED"
    )
    assert "next month" in poor.get("/notices").json["items"][0]["text"] and poor.balance_ucpt == 0
    again = poor.post("/credit-asks", {"words": WORDS}).json["ask_id"]
    olga.post(f"/credit-asks/{again}/answer", {"amount": 50})
    web.pool.tick(60)
    assert [each["state"] for each in poor.get("/tasks").json["items"]] == ["QUEUED"]


def test_an_ask_can_be_taken_back_and_has_bounds(web: WebPool, ann: Person, olga: Person) -> None:
    assert code_of(ann.get("/credit-asks/own")) == code_of(ann.delete("/credit-asks/own")) == "ASK_NOT_FOUND"
    for words in ("", "   ", "x" * 501):
        assert ann.post("/credit-asks", {"words": words}).status_code == 422
    ann.post("/credit-asks", {"words": WORDS})
    assert ann.delete("/credit-asks/own").status_code == 204
    assert olga.get("/credit-asks").json["items"] == []
    assert code_of(olga.post("/credit-asks/none/answer", {"amount": 1})) == "ASK_NOT_FOUND"


def test_taking_back_and_asking_again_does_not_drown_the_operators_in_notices(
    web: WebPool, ann: Person, olga: Person
) -> None:
    for number in range(5):
        assert ann.post("/credit-asks", {"words": f"{WORDS} {number}"}).status_code == 201
        assert ann.delete("/credit-asks/own").status_code == 204
    ann.post("/credit-asks", {"words": "the last"})
    assert len(olga.get("/notices").json["items"]) == 1
    (row,) = olga.get("/credit-asks").json["items"]
    assert row["words"] == "the last", "it waits in the list all the same"
    olga.post(f"/credit-asks/{row['ask_id']}/answer", {"amount": 0, "words": "no"})
    ann.post("/credit-asks", {"words": "after the answer"})
    assert "after the answer" in olga.get("/notices").json["items"][0]["text"]
    ann.delete("/credit-asks/own")
    web.clock.advance(ms=TOLD_AGAIN_MS)
    ann.post("/credit-asks", {"words": "an hour later"})
    assert "an hour later" in olga.get("/notices").json["items"][0]["text"]
