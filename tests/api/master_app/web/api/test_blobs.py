"""Uploads in pieces, which a broken connection does not lose."""

from __future__ import annotations

import hashlib

from tests.support.web_pool import Person, code_of

CONTENT = b"a file of some length" * 1000
NAME = hashlib.sha256(CONTENT).hexdigest()
HALF = len(CONTENT) // 2


def test_an_upload_goes_on_where_it_stopped(ann: Person) -> None:
    path = f"/blobs/{NAME}?size={len(CONTENT)}"
    assert ann.post("/blobs/missing", {"blobs": [NAME]}).json["missing"] == [{"sha256": NAME, "offset": 0}]
    first = ann.put(f"{path}&offset=0", data=CONTENT[:HALF]).json
    assert (first["offset"], first["complete"]) == (HALF, False)
    assert ann.post("/blobs/missing", {"blobs": [NAME]}).json["missing"][0]["offset"] == HALF
    wrong = ann.put(f"{path}&offset=7", data=CONTENT[7:])
    assert (wrong.status_code, code_of(wrong)) == (409, "OFFSET_MISMATCH") and str(HALF) in wrong.json["fix"]
    assert ann.put(f"{path}&offset={HALF}", data=CONTENT[HALF:]).json["complete"] is True
    assert ann.post("/blobs/missing", {"blobs": [NAME]}).json["missing"] == []
    # Sending it once more changes nothing.
    assert ann.put(f"{path}&offset=0", data=CONTENT).json["complete"] is True


def test_what_is_not_what_its_name_says_is_dropped(ann: Person) -> None:
    refused = ann.put(f"/blobs/{NAME}?size={len(CONTENT)}", data=b"x" * len(CONTENT))
    assert refused.status_code in (409, 422)
    assert ann.post("/blobs/missing", {"blobs": [NAME]}).json["missing"][0]["offset"] == 0


def test_pieces_and_blobs_have_a_size(ann: Person) -> None:
    beyond = ann.put(f"/blobs/{NAME}?size=10", data=CONTENT)
    assert (beyond.status_code, code_of(beyond)) == (413, "BLOB_TOO_LARGE")
    large = ann.put(f"/blobs/{NAME}?size={32 << 20}", data=b"x" * ((16 << 20) + 1))
    assert (large.status_code, code_of(large)) == (413, "PIECE_TOO_LARGE")
    assert ann.put(f"/blobs/{NAME}", data=b"x").status_code == 422
    assert code_of(ann.put("/blobs/no-digest?size=1", data=b"x")) == "SHA256_INVALID"


def test_an_upload_is_nobody_elses_and_can_be_thrown_away(ann: Person, bob: Person) -> None:
    ann.put(f"/blobs/{NAME}?size={len(CONTENT)}", data=CONTENT)
    assert bob.post("/blobs/missing", {"blobs": [NAME]}).json["missing"] != []
    assert code_of(bob.delete(f"/blobs/{NAME}")) == "UPLOAD_NOT_FOUND"
    assert ann.delete(f"/blobs/{NAME}").status_code == 204
    assert code_of(ann.delete(f"/blobs/{NAME}")) == "UPLOAD_NOT_FOUND"
