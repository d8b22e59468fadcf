"""The sentences of services in the reader's language.

A service speaks English. Its sentence is known again by its words: a catalogue holds the template of each
(`The disk with %(folder)s is full: %(free)s are left.`), what was filled in is taken out, and the template of the
reader's language is filled with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Final

_HOLE: Final = re.compile(r"%\((\w+)\)s")
_DEEPEST: Final = 4
#: A pattern of more holes is tried on short sentences alone.
_FEW: Final = 3
_SHORT: Final = 200


class Sentences:
    """`nested` names holes that hold a sentence; `code` says a code that stands in a hole, or nothing."""

    def __init__(
        self,
        catalogue: Mapping[str, str],
        nested: Collection[str] = (),
        code: Callable[[str], str] = lambda _code: "",
    ) -> None:
        self._catalogue, self._nested, self._code = dict(catalogue), frozenset(nested), code
        known = [(_pattern(template), template) for template in self._catalogue if self._catalogue[template]]
        #: Those that say most come first.
        self._templates = sorted(known, key=lambda each: -_letters(each[1]))
        self._found = lru_cache(4096)(self._search)

    def said(self, sentence: str, depth: int = 0) -> str:
        """Return a service's sentence in the reader's language; what no service says comes back as it is."""
        if not sentence:
            return ""
        by_code = self._code(sentence)
        if by_code or depth > _DEEPEST:
            return by_code or sentence
        for template, holes in self._found(sentence):
            filled = {name: self._in_a_hole(name, value, depth) for name, value in holes.items()}
            # Nothing but holes speaks only where one of them does.
            if _letters(template) or filled != holes:
                return self._catalogue[template] % filled
        return sentence

    def _in_a_hole(self, name: str, value: str, depth: int) -> str:
        by_code = self._code(value)
        if by_code:
            return by_code
        return self.said(value, depth + 1) if name in self._nested else value

    def _search(self, sentence: str) -> tuple[tuple[str, Mapping[str, str]], ...]:
        # What fills it comes from anybody: a pattern of many holes would try all ways to divide a long sentence.
        known = [each for each in self._templates if each[0].groups <= _FEW or len(sentence) <= _SHORT]
        matches = ((template, pattern.fullmatch(sentence)) for pattern, template in known)
        return tuple((template, match.groupdict()) for template, match in matches if match is not None)


def _pattern(template: str) -> re.Pattern[str]:
    pattern, named = "", set()
    for number, part in enumerate(_HOLE.split(template)):
        if number % 2 == 0:
            pattern += re.escape(part.replace("%%", "%"))
        else:
            pattern += f"(?P={part})" if part in named else f"(?P<{part}>.+?)"
            named.add(part)
    return re.compile(pattern, re.S)


def _letters(template: str) -> int:
    return sum(letter.isalpha() for letter in _HOLE.sub("", template))
