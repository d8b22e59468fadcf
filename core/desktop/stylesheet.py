"""The style sheet of both faces, from the tokens. What needs more than QSS can do paints itself."""

from __future__ import annotations

from string import Template
from typing import Final

from core.desktop.tokens import Tokens, blend

_SHEET: Final = Template("""
QWidget { color: $text; }
QMainWindow, QDialog, QWidget[ground="true"] { background: $bg; }
QToolTip { background: $surface; color: $text; border: 1px solid $border; padding: 4px 6px; }
QFrame[card="true"] { background: $surface; border: 1px solid $border; border-radius: 8px; }
QFrame[card="chosen"] { background: $surface; border: 1px solid $accent; border-radius: 8px; }
QFrame[well="true"] { background: $surface2; border: none; border-radius: 6px; }
QFrame[line="true"] { background: $border; border: none; max-height: 1px; min-height: 1px; }
QFrame[upright="true"] { background: $border; border: none; max-width: 1px; min-width: 1px; }
QFrame[bar="true"] { background: $surface; border: none; border-bottom: 1px solid $border; }
QFrame[status="true"] { background: $surface2; border: none; border-top: 1px solid $border; }
QFrame[side="true"] { background: $surface; border: none; border-right: 1px solid $border; }
QLabel { background: transparent; }
QLabel[quiet="true"] { color: $text2; }
QLabel[faint="true"] { color: $text3; }
QLabel[tone="bad"] { color: $bad; }
QLabel[tone="good"] { color: $good; }
QLabel[tone="needs"] { color: $needs; }
QLabel[tone="honey"] { color: $honeytext; }
QPushButton { background: $surface; border: 1px solid $border; border-radius: 6px; padding: 4px 12px;
  min-height: 18px; }
QPushButton:hover { background: $surface2; }
QPushButton:pressed { background: $border; }
QPushButton:focus { border: 2px solid $accent; padding: 3px 11px; }
QPushButton:disabled { color: $text3; background: $surface2; }
QPushButton[kind="primary"] { background: $accent; color: $onaccent; border-color: $accent; font-weight: 600; }
QPushButton[kind="primary"]:hover { background: $accenthover; }
QPushButton[kind="primary"]:focus { border: 2px solid $text; }
QPushButton[kind="primary"]:disabled { background: $accentpale; border-color: $accentpale; color: $onaccent; }
QPushButton[kind="danger"] { color: $bad; border-color: $badline; }
QPushButton[kind="danger"]:disabled { color: $text3; border-color: $border; }
QPushButton[kind="link"] { background: transparent; border: none; color: $accent; padding: 2px 2px; }
QPushButton[kind="link"]:hover { text-decoration: underline; }
QPushButton[kind="link"]:focus { border: 2px solid $accent; border-radius: 4px; padding: 0px; }
QPushButton[kind="icon"] { padding: 4px 6px; min-width: 16px; }
QPushButton[kind="bare"] { background: transparent; border: none; padding: 4px; }
QPushButton[kind="bare"]:hover { background: $surface2; }
QPushButton[kind="bare"]:focus { border: 2px solid $accent; padding: 2px; }
QPushButton[segment] { border-radius: 0px; margin: 0px; padding: 4px 10px; }
QPushButton[segment]:checked { background: $chosen; color: $accent; font-weight: 600; }
QPushButton[segment="first"] { border-top-left-radius: 6px; border-bottom-left-radius: 6px; }
QPushButton[segment="middle"], QPushButton[segment="last"] { border-left: none; }
QPushButton[segment="last"] { border-top-right-radius: 6px; border-bottom-right-radius: 6px; }
QPushButton[segment="only"] { border-radius: 6px; }
QPushButton[segment]:focus { border: 2px solid $accent; padding: 3px 9px; }
QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QComboBox {
  background: $surface; color: $text; border: 1px solid $border; border-radius: 6px; padding: 4px 8px;
  min-height: 18px; selection-background-color: $accent; selection-color: $onaccent; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QComboBox:focus {
  border: 2px solid $accent; padding: 3px 7px; }
QLineEdit:disabled, QComboBox:disabled, QSpinBox:disabled { color: $text3; background: $surface2; }
QLineEdit[problem="true"] { border: 1px solid $bad; }
QLineEdit[code="true"] { background: $surface2; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url("$chevron"); width: 14px; height: 14px; }
QSpinBox::up-button, QSpinBox::down-button { background: transparent; border: none; width: 16px; }
QSpinBox::up-arrow { image: url("$chevronup"); width: 10px; height: 10px; }
QSpinBox::down-arrow { image: url("$chevron"); width: 10px; height: 10px; }
QComboBox QAbstractItemView { background: $surface; color: $text; border: 1px solid $border;
  selection-background-color: $chosen; selection-color: $text; outline: none; }
QTableView, QListView, QTreeView, QAbstractScrollArea[table="true"] { background: $surface; border: none;
  gridline-color: $border; selection-background-color: $chosen; selection-color: $text; outline: none; }
QTableView::item { border-bottom: 1px solid $border; padding: 0 4px; }
QHeaderView { background: $surface2; border: none; }
QHeaderView::section { background: $surface2; color: $text2; border: none; border-right: 1px solid $border;
  border-bottom: 1px solid $border; padding: 4px 8px; font-size: 11px; font-weight: 600; }
QHeaderView::section:hover { color: $text; }
QTableCornerButton::section { background: $surface2; border: none; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $border; }
QTabBar { background: transparent; }
QTabBar::tab { background: transparent; color: $text2; padding: 7px 10px; border: none;
  border-bottom: 2px solid transparent; margin-right: 4px; }
QTabBar::tab:selected { color: $accent; border-bottom: 2px solid $accent; font-weight: 600; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:focus { border-bottom: 2px solid $accent; }
QTabWidget::pane { border: none; }
QScrollArea { border: none; background: transparent; }
QScrollArea > QWidget > QWidget[clear="true"] { background: transparent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $border; border-radius: 4px; min-height: 24px; min-width: 24px; margin: 1px; }
QScrollBar::handle:hover { background: $text3; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
  background: transparent; border: none; width: 0; height: 0; }
QMenu { background: $surface; border: 1px solid $border; border-radius: 6px; padding: 4px; }
QMenu::item { padding: 5px 22px 5px 10px; border-radius: 4px; }
QMenu::item:selected { background: $chosen; }
QMenu::item:disabled { color: $text3; }
QMenu::separator { height: 1px; background: $border; margin: 4px 6px; }
QProgressBar { background: $surface2; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QCheckBox, QRadioButton { spacing: 8px; }
QCheckBox:focus, QRadioButton:focus { color: $accent; }
QRadioButton::indicator { width: 14px; height: 14px; border-radius: 8px; border: 1px solid $text3;
  background: $surface; }
QRadioButton::indicator:checked { width: 6px; height: 6px; border: 5px solid $accent; background: $surface; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid $text3; border-radius: 3px; }
QCheckBox::indicator { background: $surface; }
QCheckBox::indicator:focus, QCheckBox::indicator:hover { border-color: $accent; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url("$check"); }
QCheckBox::indicator:disabled { border-color: $border; }
""")


def stylesheet(tokens: Tokens, chevron: str) -> str:
    """Return the sheet for these tokens. `chevron` is the file of the arrow that combo boxes show."""
    return _SHEET.substitute(
        bg=tokens.bg,
        surface=tokens.surface,
        surface2=tokens.surface_2,
        border=tokens.border,
        text=tokens.text,
        text2=tokens.text_2,
        text3=tokens.text_3,
        accent=tokens.accent,
        onaccent=tokens.on_accent,
        accenthover=blend(tokens.accent, tokens.text, 0.88),
        accentpale=blend(tokens.accent, tokens.surface, 0.5),
        chosen=blend(tokens.accent, tokens.surface, 0.14 if not tokens.dark else 0.2),
        bad=tokens.bad,
        badline=blend(tokens.bad, tokens.surface, 0.45),
        good=tokens.good,
        needs=tokens.needs,
        # Honey on white is too pale to read; there the state colour of the same family stands in.
        honeytext=tokens.honey if tokens.dark else tokens.needs,
        chevron=chevron,
        check=chevron.replace("chevron-down", "check"),
        chevronup=chevron.replace("chevron-down", "chevron-up"),
    )
