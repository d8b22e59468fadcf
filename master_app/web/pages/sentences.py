"""The sentences of services in the reader's language.

Services speak English, and what they said long ago stands in the database. The catalogue of the pages holds the
template of every sentence that they can say (context `service`, collected from their sources); a sentence is known
again by its words, what was filled in is taken out, and the reader's template is filled with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from babel.messages.mofile import read_mo
from flask_babel import lazy_gettext, pgettext

from core.domain.task import HeldCode, TaskState
from master_app.web.pages import words
from master_app.web.pages.language import CHINESE, language

CONTEXT: Final = "service"
_FILE: Final = Path(__file__).parent.parent / "translations" / "zh_Hant_TW" / "LC_MESSAGES" / "messages.mo"
_HOLE: Final = re.compile(r"%\((\w+)\)s")
#: Sentences in sentences, so deep; no service goes deeper.
_DEEPEST: Final = 6
_SHORT: Final = 120
#: Holes that hold a sentence, or a piece of one. The others hold names and numbers, and stay as they are.
_NESTED: Final = frozenset(
    {
        "ask",
        "available",
        "bound",
        "error",
        "more",
        "needed",
        "pair",
        "problem",
        "reason",
        "refusal",
        "state",
        "verb",
        "verdicts",
        "wanted",
        "what",
        "whose",
        "words",
        "wrong",
    }
)
#: Codes that stand in a sentence, by the sets that they are from.
_CODES: Final[Mapping[str, object]] = {
    "DEADLINE": lazy_gettext("its deadline has passed"),
    **{state.value: look for state, look in words.TASK.items()},
    **{state.value: look for state, look in words.NODE_HEALTH.items()},
    **{state.value: look for state, look in words.NODE_OWNER.items()},
    **{state.value: look for state, look in words.NODE_ADMIN.items()},
}


def catalogue() -> dict[str, str]:
    """Return each template of the services with what it is in Chinese."""
    with _FILE.open("rb") as stream:
        # Babel reads a context back as bytes.
        ours = [each for each in read_mo(stream) if each.context in (CONTEXT, CONTEXT.encode())]
    return {str(message.id): str(message.string) for message in ours}


class _Template:
    """One template, and whether a sentence is from it.

    What fills it comes from anybody, so it is found by searching once from the left: a pattern would try all ways
    to divide a hostile sentence, and hold the whole master meanwhile.
    """

    def __init__(self, text: str) -> None:
        parts = _HOLE.split(text)
        self.text = text
        self._words, self._names = [part.replace("%%", "%") for part in parts[::2]], parts[1::2]
        # The same hole twice: how the sentence is divided follows from both. Few, and only for short sentences.
        self._pattern = None if len(set(self._names)) == len(self._names) else _pattern(self._words, self._names)

    def holes(self, sentence: str) -> Mapping[str, str] | None:
        """Return what was filled in, each hole as short as it can be; None for another sentence."""
        first, last = self._words[0], self._words[-1]
        if not self._names:
            return {} if sentence == first else None
        if not (sentence.startswith(first) and sentence.endswith(last)):
            return None
        if self._pattern is not None:
            match = self._pattern.fullmatch(sentence) if len(sentence) <= _SHORT else None
            return None if match is None else match.groupdict()
        place, end = len(first), len(sentence) - len(last)
        found = {}
        for name, between in zip(self._names[:-1], self._words[1:-1], strict=True):
            at = sentence.find(between, place + 1, end)
            if at < 0:
                return None
            found[name], place = sentence[place:at], at + len(between)
        if place >= end:
            return None
        found[self._names[-1]] = sentence[place:end]
        return found


def _pattern(words_: Sequence[str], names: Sequence[str]) -> re.Pattern[str]:
    pattern, named = re.escape(words_[0]), set[str]()
    for name, word in zip(names, words_[1:], strict=True):
        pattern += (f"(?P={name})" if name in named else f"(?P<{name}>.+?)") + re.escape(word)
        named.add(name)
    return re.compile(pattern, re.S)


@cache
def _templates() -> tuple[_Template, ...]:
    """Return each template; those that say most come first."""
    return tuple(sorted(map(_Template, catalogue()), key=lambda each: -_letters(each.text)))


def _letters(template: str) -> int:
    return sum(letter.isalpha() for letter in _HOLE.sub("", template))


@lru_cache(4096)
def _found(sentence: str) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """Return the templates that a sentence may be from, each with what was filled in."""
    matches = ((each.text, each.holes(sentence)) for each in _templates())
    return tuple((text, holes) for text, holes in matches if holes is not None)


def said(sentence: str) -> str:
    """Return a service's sentence in the reader's language; what no service says comes back as it is."""
    return _said(sentence, _DEEPEST)


def _said(sentence: str, deepest: int) -> str:
    if not sentence:
        return ""
    if sentence in _CODES:
        return str(_CODES[sentence])
    for template, holes in _found(sentence) if deepest else ():
        filled = {name: _in_a_hole(name, value, deepest - 1) for name, value in holes.items()}
        # Nothing but holes: `%(path)s %(reason)s.` speaks only where one of them does.
        if _letters(template) or filled != holes:
            return str(pgettext(CONTEXT, template) % filled)
    return sentence


def _in_a_hole(name: str, value: str, deepest: int) -> str:
    if name in ("rule", "what") and value in words.RULES:
        return words.rule(value)
    if value in _CODES:
        return str(_CODES[value])
    return _said(value, deepest) if name in _NESTED else value


def said_all(*sentences: str) -> str:
    """Return several sentences one after the other; Chinese puts nothing between them."""
    return between().join(found for found in (said(each) for each in sentences) if found)


def between() -> str:
    """Return what stands between two sentences."""
    return "" if language() == CHINESE else " "


def task_reason(state: TaskState, held: HeldCode | None, reason: str) -> str:
    """Return why a task is as it is, short."""
    if state is TaskState.HELD and held is not None:
        return str(words.HELD[held])
    return said(reason)
