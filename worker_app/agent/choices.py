"""What the owner of this computer decided, in one owner-only file: the switch, the rules, how far set-up came.

It is kept by the agent, not by its window: a pause ends on time, and a rule holds, whatever becomes of the window.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from core import paths
from core.domain.agent_views import SetupStep
from core.domain.lending import LendingRules, Switch

logger = logging.getLogger(__name__)

FILE_NAME: Final = "owner.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    switch: Switch = field(default_factory=Switch)
    #: None: nobody set any; a computer without a person lends always, within its settings file.
    rules: LendingRules | None = None
    setup: SetupStep = SetupStep.DONE
    #: Names of blocked owners, by id, for people.
    owner_names: dict[str, str] = field(default_factory=dict)


_CHOICES: Final[TypeAdapter[Choices]] = TypeAdapter(Choices)


class OwnerChoices:
    """Reads once, writes at each change. An unreadable file is set aside; then nothing runs until asked again."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME
        self.now = self._read()

    def _read(self) -> Choices:
        try:
            return _CHOICES.validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return Choices()
        except ValidationError:
            logger.error("the owner's choices cannot be read; nothing is lent", extra={"file": str(self._file)})
            self._file.replace(self._file.with_suffix(".broken"))
            return Choices(switch=Switch(is_on=False), rules=LendingRules(), setup=SetupStep.RULES)

    def change(self, **fields: Any) -> Choices:
        """Keep these fields, durably."""
        after = replace(self.now, **fields)
        if after != self.now:
            paths.write_private(self._file, _CHOICES.dump_json(after, indent=1))
            self.now = after
        return after
