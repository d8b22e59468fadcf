"""The labels of nodes: `key=value` pairs that tasks may ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QDialog, QFormLayout, QLineEdit, QWidget

from core.desktop.look import Look
from core.desktop.translations import plural, tr
from core.desktop.widgets import button, column, label, row, section, set_tone
from core.domain.console_near import LabelChange


class LabelDialog(QDialog):
    """Of one node its labels are edited as they are; several get some, and lose some."""

    def __init__(
        self, look: Look, parent: QWidget, node_ids: Sequence[str], name: str, labels: Mapping[str, str] | None
    ) -> None:
        super().__init__(parent)
        self._ids, self._before = tuple(node_ids), labels
        heading = (
            tr("Labels of {name}", name=name)
            if len(node_ids) == 1
            else plural(len(node_ids), "Labels of {n} node", "Labels of {n} nodes")
        )
        self.setWindowTitle(heading)
        self.setMinimumWidth(460)
        self.put = QLineEdit(", ".join(f"{key}={value}" for key, value in (labels or {}).items()))
        self.put.setPlaceholderText("site=lab-2, gpu=a100")
        self.remove = QLineEdit()
        self.remove.setPlaceholderText("site")
        form = QFormLayout()
        lines = [(tr("Labels") if labels is not None else tr("Add or change"), self.put)]
        if labels is None:
            lines.append((tr("Remove"), self.remove))
        for text, field in lines:
            field.setAccessibleName(text)
            form.addRow(label(look, text, quiet=True), field)
            field.textChanged.connect(self._check)
        self._problem = label(look, wrap=True)
        set_tone(self._problem, "bad")
        self.act = button(look, lambda: tr("Save"), kind="primary", on_click=self.accept)
        self.act.setDefault(True)
        back = button(look, lambda: tr("Back"), on_click=self.reject)
        back.setAutoDefault(False)
        words = tr("Tasks may ask for them in [requires] or prefer them. What an agent calls itself stays below.")
        parts = column(section(look, lambda: heading), margins=(20, 20, 20, 20))
        parts.addWidget(label(look, words, quiet=True, wrap=True))
        parts.addLayout(form)
        parts.addWidget(self._problem)
        parts.addLayout(row(None, back, self.act))
        self.setLayout(parts)
        self._check()

    def change(self) -> LabelChange:
        """Return what is different now."""
        put, _ = parsed(self.put.text())
        before = dict(self._before or {})
        remove = [key for key in before if key not in put]
        remove += [key.strip() for key in self.remove.text().split(",") if key.strip()]
        changed = {key: value for key, value in put.items() if before.get(key) != value}
        return LabelChange(node_ids=self._ids, put=changed, remove=tuple(remove))

    def _check(self) -> None:
        _, wrong = parsed(self.put.text())
        self._problem.setText(tr("{text} is not key=value.", text=wrong) if wrong else "")
        self._problem.setVisible(bool(wrong))
        change = self.change()
        self.act.setEnabled(not wrong and bool(change.put or change.remove))


def parsed(text: str) -> tuple[dict[str, str], str]:
    """Return the labels of a line `a=b, c=d`, and the first part that is none."""
    found: dict[str, str] = {}
    for part in text.split(","):
        key, sign, value = (each.strip() for each in part.partition("="))
        if not part.strip():
            continue
        if not sign or not key or not value:
            return found, part.strip()
        found[key] = value
    return found, ""
