"""Every condition says what happened, what is at risk and what comes next, and says so in sentences."""

from __future__ import annotations

import ast
from collections import Counter

from core.domain.condition import ConditionCode
from tests.arch.house import PACKAGES, python_files, tree

#: Only the agent can say these of itself, or only the master; the others either may.
PARTS = ("what", "at_risk", "next")
#: What nobody can do anything about, or need.
NO_FIX = frozenset({"CLOCK_JUMPED"})


def conditions() -> list[tuple[str, ast.Call, set[str]]]:
    """Return each place that makes a condition: where, the call, and the codes that it may have."""
    found = []
    for path in python_files(*PACKAGES):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Condition":
                given = {word.arg: word.value for word in node.keywords}
                if "code" not in given:
                    continue  # read back from a file or a message
                codes = {
                    each.attr
                    for each in ast.walk(given["code"])
                    if isinstance(each, ast.Attribute) and each.attr in ConditionCode.__members__
                }
                if codes:
                    found.append((f"{path}:{node.lineno}", node, codes))
    return found


def _texts(value: ast.expr) -> list[list[str]]:
    """Return the pieces of each text that an expression may be: both branches of a choice, and names of others."""
    if isinstance(value, ast.IfExp):
        return _texts(value.body) + _texts(value.orelse)
    if isinstance(value, ast.BinOp):
        return _texts(value.left)
    if isinstance(value, ast.Constant):
        return [[str(value.value)]]
    if isinstance(value, ast.JoinedStr):
        return [[str(part.value) if isinstance(part, ast.Constant) else "…" for part in value.values]]
    return []


def test_every_code_is_made_somewhere() -> None:
    made = Counter(code for _, _, codes in conditions() for code in codes)
    assert set(ConditionCode.__members__) - set(made) == set()


def test_every_condition_says_what_happened_what_is_at_risk_and_what_comes_next() -> None:
    wrong = []
    for where, call, codes in conditions():
        given = {str(word.arg): word.value for word in call.keywords}
        for part in PARTS:
            if part not in given:
                wrong.append(f"{where} {codes}: says nothing under {part}")
                continue
            for pieces in _texts(given[part]):
                text = "".join(pieces)
                if len(text.strip("…. ")) < 3 or not text.rstrip().endswith((".", "…")):
                    wrong.append(f"{where} {codes}: {part} is no sentence: {text!r}")
        if "fix" not in given and not codes & NO_FIX:
            wrong.append(f"{where} {codes}: tells nobody what to do")
    assert wrong == []
