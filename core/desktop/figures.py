"""Numbers, amounts, times and durations as people read them, in the language in use."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final

from PySide6.QtCore import QLocale

from core.desktop.translations import plural, tr

_STEPS: Final = ("B", "KB", "MB", "GB", "TB", "PB")
MICRO: Final = 1_000_000


def unknown() -> str:
    """Say that a value is not there; never 0, never a dash alone."""
    return tr("not known yet")


def number(value: float, digits: int = 0) -> str:
    """Return a number with the separators of thousands of the language."""
    if isinstance(value, int) or digits == 0:
        return QLocale().toString(round(value))
    text = str(QLocale().toString(float(value), ord("f"), digits))
    point = str(QLocale().decimalPoint())
    return text.rstrip("0").removesuffix(point) if point in text else text


def percent(share: float) -> str:
    """Return a share of 0..1 in percent: `55 %` in English, `55%` in Chinese."""
    value = round(share * 100)
    return tr("{n} %", n=99 if value == 100 and share < 1 else value)


def size(count: float) -> str:
    """Return an amount of bytes in the unit that leaves one to four digits (1 KB = 1,024 bytes)."""
    step = 0
    while abs(count) >= 1000 and step < len(_STEPS) - 1:
        count /= 1024
        step += 1
    return f"{number(count, 0 if step == 0 or abs(count) >= 100 else 1)} {_STEPS[step]}"


def cpt(ucpt: int, *, sign: bool = False) -> str:
    """Return micro-credits as credits, exactly: at most six decimals, zeros at the end dropped."""
    whole, rest = divmod(abs(ucpt), MICRO)
    text = QLocale().toString(whole)
    if rest:
        text += QLocale().decimalPoint() + f"{rest:06d}".rstrip("0")
    before = "−" if ucpt < 0 else ("+" if sign and ucpt > 0 else "")
    return before + text


def duration(ms: float) -> str:
    """Return a length of time in its two largest units."""
    seconds = max(0, round(ms / 1000))
    if seconds < 60:
        return tr("{n} s", n=seconds)
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return tr("{m} min {s} s", m=minutes, s=seconds) if minutes < 10 and seconds else tr("{n} min", n=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return tr("{h} h {m} min", h=hours, m=f"{minutes:02d}")
    days, hours = divmod(hours, 24)
    return tr("{d} d {h} h", d=days, h=hours)


def local(at_ms: int, zone: tzinfo | None = None) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)


def clock(at_ms: int, *, seconds: bool = False) -> str:
    """Return the local time of day."""
    return local(at_ms).strftime("%H:%M:%S" if seconds else "%H:%M")


def moment(at_ms: int, now_ms: int) -> str:
    """Return a local time for a table: the time of day for today, else the date with it."""
    if at_ms <= 0:
        return ""
    at = local(at_ms)
    return at.strftime("%H:%M") if at.date() == local(now_ms).date() else at.strftime("%Y-%m-%d %H:%M")


def stamp(at_ms: int) -> str:
    """Return the full local time with UTC behind it, for a tooltip."""
    at = local(at_ms)
    utc = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S} · {utc:%Y-%m-%d %H:%M:%S} UTC"


def ago(at_ms: int, now_ms: int) -> str:
    """Return how long ago something was, up to a day; then its date."""
    seconds = max(0, (now_ms - at_ms) // 1000)
    if seconds < 60:
        return plural(seconds, "{n} second ago", "{n} seconds ago")
    if seconds < 3600:
        return plural(seconds // 60, "{n} minute ago", "{n} minutes ago")
    if seconds < 86_400:
        return plural(seconds // 3600, "{n} hour ago", "{n} hours ago")
    return moment(at_ms, now_ms)


def cores(millis: int) -> str:
    """Return thousandths of a core as cores."""
    return number(millis / 1000, 3)
