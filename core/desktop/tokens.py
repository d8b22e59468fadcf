"""The colours of the product by name, for light and dark grounds and for people who need more contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Tint(StrEnum):
    """What a state's colour means; its shape is in `core.desktop.states`."""

    WAITING = "waiting"
    RUNNING = "running"
    GOOD = "good"
    BAD = "bad"
    NEEDS = "needs"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """One scheme. Values are `#RRGGBB`; the same names stand in the style sheets of the web pages."""

    dark: bool
    bg: str
    surface: str
    surface_2: str
    border: str
    text: str
    text_2: str
    text_3: str
    accent: str
    on_accent: str
    honey: str
    waiting: str
    running: str
    good: str
    bad: str
    needs: str
    paused: str
    cancelled: str
    lost: str

    def tint(self, tint: Tint) -> str:
        return str(getattr(self, tint.value))


LIGHT: Final = Tokens(
    dark=False,
    bg="#F5F6F8",
    surface="#FFFFFF",
    surface_2="#ECEFF3",
    border="#D3D9E0",
    text="#16202B",
    text_2="#52606F",
    text_3="#7C8896",
    accent="#2A5BD7",
    on_accent="#FFFFFF",
    honey="#F2A900",
    waiting="#6B7785",
    running="#0072B2",
    good="#00825F",
    bad="#C44500",
    needs="#9A6700",
    paused="#8A4F7D",
    cancelled="#6B7785",
    lost="#52606F",
)
DARK: Final = Tokens(
    dark=True,
    bg="#11151A",
    surface="#191F26",
    surface_2="#222A33",
    border="#323C48",
    text="#E8EDF2",
    text_2="#A3AFBC",
    text_3="#74808D",
    accent="#7FA6FF",
    on_accent="#0C1424",
    honey="#F7BC3A",
    waiting="#98A4B1",
    running="#56B4E9",
    good="#2BBF94",
    bad="#FF8A4C",
    needs="#F0B429",
    paused="#D69BC9",
    cancelled="#98A4B1",
    lost="#A3AFBC",
)
#: Text and lines as far from their ground as they can be; no grey carries meaning.
CONTRAST_LIGHT: Final = replace(
    LIGHT,
    bg="#FFFFFF",
    surface_2="#F0F0F0",
    border="#000000",
    text="#000000",
    text_2="#1A1A1A",
    text_3="#404040",
    accent="#0036B3",
    waiting="#303B47",
    running="#004F7D",
    good="#00583F",
    bad="#8F2F00",
    needs="#6B4700",
    paused="#63325A",
    cancelled="#303B47",
    lost="#303B47",
)
CONTRAST_DARK: Final = replace(
    DARK,
    bg="#000000",
    surface="#000000",
    surface_2="#1A1A1A",
    border="#FFFFFF",
    text="#FFFFFF",
    text_2="#F0F0F0",
    text_3="#C8C8C8",
    accent="#A9C4FF",
    on_accent="#000000",
    waiting="#D5DDE6",
    running="#8FD0FF",
    good="#5BE3BC",
    bad="#FFB085",
    needs="#FFD36B",
    paused="#F2C3E7",
    cancelled="#D5DDE6",
    lost="#D5DDE6",
)

_CIVIDIS: Final[Sequence[str]] = (
    "#00224E",
    "#123570",
    "#3B496C",
    "#575D6D",
    "#707173",
    "#8A8678",
    "#A59C74",
    "#C3B369",
    "#E1CC55",
    "#FEE838",
)


def load_rgb(load: float) -> tuple[int, int, int]:
    """Return the colour of a load of 0..1: cividis, which reads the same to people who see fewer colours."""
    place = min(max(load, 0.0), 1.0) * (len(_CIVIDIS) - 1)
    low = min(int(place), len(_CIVIDIS) - 2)
    share = place - low
    first, second = _parts(_CIVIDIS[low]), _parts(_CIVIDIS[low + 1])
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def blend(front: str, back: str, share: float) -> str:
    """Return `front` laid over `back` at this opacity, as one opaque colour."""
    one, two = _parts(front), _parts(back)
    red, green, blue = (round(a * share + b * (1 - share)) for a, b in zip(one, two, strict=True))
    return f"#{red:02X}{green:02X}{blue:02X}"


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast(front: str, back: str) -> float:
    """Return the contrast ratio of two colours by WCAG 2: 1 (none) to 21."""

    def luminance(colour: str) -> float:
        parts = []
        for value in _parts(colour):
            channel = value / 255
            parts.append(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    bright, dim = sorted((luminance(front), luminance(back)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)
