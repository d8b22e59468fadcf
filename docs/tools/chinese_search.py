"""Search in the Chinese site without a dictionary: runs of Han characters are found whole, in part, by pairs."""

from __future__ import annotations

import re

from sphinx.search.en import SearchEnglish

_RUN = re.compile(r"[\u3400-\u9fff]+|[A-Za-z0-9_.-]+")
_HAN = re.compile(r"[\u3400-\u9fff]")


class ChineseSearch(SearchEnglish):
    """The page's script finds a query of three characters and more inside a run; two need a pair of their own."""

    lang = "zh_TW"
    #: Names the stemmer in the page: Latin words are English ones.

    def split(self, input: str) -> list[str]:
        words: list[str] = []
        for run in _RUN.findall(input):
            words.append(run)
            if _HAN.match(run):
                words += [run[at : at + 2] for at in range(len(run) - 1)]
        return words

    def stem(self, word: str) -> str:
        return word if _HAN.match(word) else super().stem(word.lower())

    def word_filter(self, word: str) -> bool:
        return len(word) > 1
