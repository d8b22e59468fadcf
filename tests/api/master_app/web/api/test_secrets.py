"""Secrets over REST: values go in and never come out."""

from __future__ import annotations

from tests.support.pool_master import PLAIN
from tests.support.web_pool import Person, WebPool, a_task, code_of

VALUE = "a value that nobody may read"


def test_a_value_goes_in_and_never_comes_out(web: WebPool, ann: Person, bob: Person, olga: Person) -> None:
    assert ann.put("/secrets/API_KEY", {"value": VALUE}).status_code == 204
    assert [each["name"] for each in ann.get("/secrets").json["items"]] == ["API_KEY"]
    assert bob.get("/secrets").json["items"] == []
    for path in ("/secrets", "/account/export"):
        assert VALUE not in ann.get(path).text
    assert VALUE not in olga.get("/audit/export").text
    assert VALUE.encode() not in b"".join(file.read_bytes() for file in web.pool.folder.glob("*.db*"))
    assert code_of(bob.delete("/secrets/API_KEY")) == "SECRET_NOT_FOUND"
    assert ann.delete("/secrets/API_KEY").status_code == 204


def test_a_task_that_names_a_secret_needs_it(ann: Person) -> None:
    wanting = a_task(PLAIN + '[secrets]\nenv = ["API_KEY"]\n')
    refused = ann.submit(wanting)
    assert refused.status_code == 422 and "API_KEY" in refused.text
    ann.put("/secrets/API_KEY", {"value": VALUE})
    assert ann.submit(wanting).status_code == 201


def test_names_and_values_have_rules(ann: Person) -> None:
    for name, value in (("1BAD", VALUE), ("A-B", VALUE), ("GOOD", "x"), ("GOOD", "")):
        refused = ann.put(f"/secrets/{name}", {"value": value})
        assert refused.status_code == 422, name
