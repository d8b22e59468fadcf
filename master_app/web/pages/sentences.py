"""The sentences of services in the reader's language.

Services speak English, and what they said long ago stands in the database. The catalogue of the pages holds the
template of every sentence that they can say (context `service`, collected from their sources); a sentence is known
again by its words, what was filled in is taken out, and the reader's template is filled with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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


@cache
def _templates() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return each template with its pattern; those that say most come first."""
    known = []
    for template in catalogue():
        parts = _HOLE.split(template)
        pattern, named = "", set()
        for number, part in enumerate(parts):
            if number % 2 == 0:
                pattern += re.escape(part.replace("%%", "%"))
            else:
                pattern += f"(?P={part})" if part in named else f"(?P<{part}>.+?)"
                named.add(part)
        known.append((re.compile(pattern, re.S), template))
    return tuple(sorted(known, key=lambda each: -_letters(each[1])))


def _letters(template: str) -> int:
    return sum(letter.isalpha() for letter in _HOLE.sub("", template))


@lru_cache(4096)
def _found(sentence: str) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """Return the templates that a sentence may be from, each with what was filled in."""
    matches = ((template, pattern.fullmatch(sentence)) for pattern, template in _templates())
    return tuple((template, match.groupdict()) for template, match in matches if match is not None)


def said(sentence: str) -> str:
    """Return a service's sentence in the reader's language; what no service says comes back as it is."""
    if not sentence:
        return ""
    if sentence in _CODES:
        return str(_CODES[sentence])
    for template, holes in _found(sentence):
        filled = {name: _in_a_hole(name, value) for name, value in holes.items()}
        # Nothing but holes: `%(path)s %(reason)s.` speaks only where one of them does.
        if _letters(template) or filled != holes:
            return str(pgettext(CONTEXT, template) % filled)
    return sentence


def _in_a_hole(name: str, value: str) -> str:
    if name in ("rule", "what") and value in words.RULES:
        return words.rule(value)
    if value in _CODES:
        return str(_CODES[value])
    return said(value) if name in _NESTED else value


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
