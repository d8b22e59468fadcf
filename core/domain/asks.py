"""Asking for credits: a sentence to the operators, and their answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_WORDS: Final = 500
#: Answered asks are kept so long.
KEPT_MS: Final = 90 * 86_400_000


class AskState(StrEnum):
    OPEN = "OPEN"
    GRANTED = "GRANTED"
    DECLINED = "DECLINED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditAsk:
    """One ask. A user has at most one that is OPEN."""

    ask_id: str
    user_id: str
    at_ms: int
    words: str
    state: AskState = AskState.OPEN
    answered_ms: int = 0
    answered_by: str = ""
    amount_ucpt: int = 0
    answer: str = ""
