"""Languages, dates and numbers, through Babel. Nothing else knows that library.

A person's language is the cookie of the switch, else what the browser asks for. Times are shown in the browser's
zone (a cookie that the page's script sets), else in UTC, which is then said.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask, g, request
from flask_babel import Babel, get_locale, gettext, lazy_gettext

from core.domain.ledger import format_cpt

ENGLISH: Final = "en"
CHINESE: Final = "zh_Hant_TW"
LANGUAGE_COOKIE: Final = "hm_language"
ZONE_COOKIE: Final = "hm_zone"
_WANTED: Final = ("en", "zh-TW", "zh-Hant-TW", "zh-Hant", "zh-HK", "zh")
#: For `lang`, by locale.
TAGS: Final = {ENGLISH: "en", CHINESE: "zh-Hant-TW"}
__all__ = ["CHINESE", "ENGLISH", "TAGS", "lazy_gettext"]


def _(text: str, **holes: object) -> str:
    return str(gettext(text, **holes))


def begin_languages(app: Flask) -> None:
    """Set Babel up for this app."""
    app.config["BABEL_DEFAULT_LOCALE"] = ENGLISH
    Babel(app, locale_selector=_choose)


def _choose() -> str:
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in TAGS:
        return chosen
    best = request.accept_languages.best_match(_WANTED, "en")
    return CHINESE if best.startswith("zh") else ENGLISH


def locale() -> Locale:
    return get_locale() or Locale.parse(ENGLISH)


def language() -> str:
    """Return the locale of this request: ENGLISH or CHINESE."""
    return CHINESE if locale().language == "zh" else ENGLISH


def zone() -> tzinfo:
    """Return the zone of the browser, UTC where it is not known."""
    found: tzinfo | None = g.get("zone")
    if found is None:
        name = request.cookies.get(ZONE_COOKIE, "")
        try:
            found = ZoneInfo(name) if name and len(name) < 64 else UTC
        except (ZoneInfoNotFoundError, ValueError, OSError):
            found = UTC
        g.zone = found
    return found


def zone_offset_ms(now_ms: int) -> int:
    """Return how far the browser's days are from UTC's."""
    offset = moment(now_ms).utcoffset() or timedelta()
    return int(offset.total_seconds() * 1000)


def moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone())


def stamp(at_ms: int) -> str:
    """A time in a table: 2026-11-23 14:05."""
    return moment(at_ms).strftime("%Y-%m-%d %H:%M") if at_ms > 0 else _("not known yet")


def exact(at_ms: int) -> str:
    """A time with seconds, in UTC: what hovering shows."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def machine(at_ms: int) -> str:
    """A time for `<time datetime>`."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(at_ms: int) -> str:
    return moment(at_ms).strftime("%H:%M:%S")


def hour(at_ms: int) -> str:
    return moment(at_ms).strftime("%H:%M")


def day(at_ms: int) -> str:
    """A day in a sentence: 23 Nov, 11月23日."""
    return format_date(moment(at_ms).date(), "d MMM" if language() == ENGLISH else "M 月 d 日", locale())


def weekday(at_ms: int) -> str:
    pattern = "EEE d MMM HH:mm:ss" if language() == ENGLISH else "yyyy-MM-dd HH:mm:ss"
    return format_datetime(moment(at_ms), pattern, locale=locale())


def near(at_ms: int, now_ms: int) -> str:
    """A time as people say it: at 14:02, yesterday 22:31, 23 Nov 14:05."""
    then, now = moment(at_ms), moment(now_ms)
    if then.date() == now.date():
        return then.strftime("%H:%M")
    if then.date() == now.date() - timedelta(days=1):
        return _("yesterday %(time)s", time=then.strftime("%H:%M"))
    return f"{day(at_ms)} {then.strftime('%H:%M')}"


def ago(at_ms: int, now_ms: int) -> str:
    """How long since: 3 minutes ago; the time itself after a day."""
    seconds = max(0, now_ms - at_ms) // 1000
    if seconds < 5:
        return _("just now")
    if seconds < 60:
        return _("%(count)s s ago", count=seconds)
    if seconds < 3600:
        return _("%(count)s min ago", count=seconds // 60)
    if seconds < 86_400:
        return _("%(count)s h ago", count=seconds // 3600)
    return stamp(at_ms)


def span(milliseconds: float) -> str:
    """A length of time: 48 s, 3 min 41 s, 2 h 5 min, 3 d 4 h."""
    seconds = int(milliseconds // 1000)
    if milliseconds < 10_000 and milliseconds % 1000:
        return _("%(count)s s", count=f"{milliseconds / 1000:.1f}")
    if seconds < 60:
        return _("%(count)s s", count=seconds)
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return (
            _("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)
            if rest and minutes < 10
            else (_("%(minutes)s min", minutes=minutes))
        )
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return (
            _("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
            if minutes
            else (_("%(hours)s h", hours=hours))
        )
    return _("%(days)s d", days=hours // 24)


def number(value: float) -> str:
    """1,204; at most two decimals that mean something."""
    return str(format_decimal(value, "#,##0.##", locale=locale()))


def cpt(amount_ucpt: int) -> str:
    """An amount in CPT, exact, with thousands commas."""
    text = format_cpt(abs(amount_ucpt))
    whole, dot, fraction = text.partition(".")
    sign = "\N{MINUS SIGN}" if amount_ucpt < 0 else ""
    return f"{sign}{int(whole):,}{dot}{fraction}"


def about(amount_ucpt: int) -> str:
    """An estimate in CPT, to three digits: 48.7, 2,300. What was paid is never rounded, what may come is."""
    value = amount_ucpt / 1_000_000
    if value <= 0:
        return "0"
    digits = max(0, min(6, 2 - math.floor(math.log10(value))))
    text = f"{round(value, digits) if value < 1000 else round(value / 10) * 10:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def about_range(low_ucpt: int, high_ucpt: int) -> str:
    """From about this to about that; one amount where both read alike."""
    low, high = about(low_ucpt), about(high_ucpt)
    return low if low == high else f"{low}–{high}"


def floored(amount_ucpt: int) -> str:
    """An amount of CPT that there is at least: whole ones, a small one to three digits."""
    whole = amount_ucpt // 1_000_000
    return f"{whole:,}" if whole >= 100 else about(amount_ucpt)


def percent(value: float) -> str:
    """How far something is: whole percents; a start is not 0 and an end that is near is not 100."""
    if 0 < value < 1:
        return "< 0.1" if value < 0.1 else f"{value:.1f}"
    return str(math.floor(value))


def offset(milliseconds: int) -> str:
    """A place in a run: 1:30; 1:05:00."""
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def listed(items: Iterable[object]) -> str:
    """Things one after the other, as the language writes a list."""
    return ("\N{IDEOGRAPHIC COMMA}" if language() == CHINESE else ", ").join(str(item) for item in items)


def size(count: float) -> str:
    """4.2 MB; powers of 1024 under the names people know."""
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if abs(count) < 1024 or unit == "TB":
            digits = 0 if unit == "B" or count >= 100 or float(count).is_integer() else 1
            return f"{count:,.{digits}f} {unit}"
        count /= 1024
    return ""


def gigabytes(count: float) -> str:
    """2.71 GB; always in GB, as limits are."""
    return f"{number(round(count / (1 << 30), 2))} GB"


FILTERS: Final[dict[str, Any]] = {
    "stamp": stamp,
    "exact": exact,
    "machine": machine,
    "clock": clock,
    "hour": hour,
    "day": day,
    "span": span,
    "number": number,
    "cpt": cpt,
    "about": about,
    "floored": floored,
    "percent": percent,
    "offset": offset,
    "listed": listed,
    "size": size,
    "gigabytes": gigabytes,
}
