"""Phone numbers of the population. No message may be sent to any of them.

Most are numbers of the USA and Canada with the exchange 555.
"""

from dataclasses import dataclass
from typing import Any

from legacy_population.roles import BLOCK, Role

# Area codes of the USA and Canada.
_AREA_CODES = [hundred + rest for hundred in range(200, 1000, 100) for rest in (*range(1, 9), *range(12, 20))]
_LINES = 10_000
_STEP = 7_919  # has no factor in common with the number of lines, so no number comes twice
MAX_NUMBERS = len(_AREA_CODES) * _LINES
_ABROAD = (("44", "7400", 6), ("49", "151", 8), ("33", "61", 7), ("91", "98", 8))
_FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}

UNREADABLE = ("12345", "unknown", "+", "555-FLOWERS", "+1 200 555 0100", "()", "٣٤", "0000000000")
"""Texts that old applications store in place of a phone number."""


@dataclass(frozen=True)
class Phone:
    """A phone number.

    Attributes:
        country_code: The country code without a plus sign.
        national: The national number without punctuation.
    """

    country_code: str
    national: str

    @property
    def e164(self) -> str:
        """The number in the form of E.164."""
        return f"+{self.country_code}{self.national}"

    def spell(self, variant: int) -> str:
        """Return the number as a person could have typed it."""
        national = self.national
        return (
            f"({national[:3]}) {national[3:6]}-{national[6:]}",
            f"00{self.country_code}{national}",
            national.translate(_FULL_WIDTH),
            f" +{self.country_code} {national[:3]}.{national[3:6]}.{national[6:]} ",
            f"\u202a{national}\u202c",
        )[variant % 5]


def phone_of(index: int, seed: int) -> Phone:
    """Return the number of a user; each index has another one."""
    area, line = index % len(_AREA_CODES), index // len(_AREA_CODES)
    return Phone("1", f"{_AREA_CODES[area]}555{(line * _STEP + seed) % _LINES:04d}")


def phone_abroad(index: int) -> Phone:
    """Return a mobile number of another country; each index has another one."""
    code, prefix, digits = _ABROAD[index % len(_ABROAD)]
    return Phone(code, f"{prefix}{index:0{digits}d}")


def unusable_fields(role: Role, index: int) -> dict[str, Any]:
    """Return the phone fields of a user whose number can't get a code."""
    line = index % 1000
    if role is Role.UNREADABLE_PHONE:
        return {"phone_number": UNREADABLE[index // BLOCK % len(UNREADABLE)], "country_code": 1}
    if role is Role.FIXED_LINE:
        return {"phone_number": f"2071234{line:03d}", "country_code": 44}
    if role in {Role.PREMIUM_RATE, Role.TOLL_FREE}:
        area = 900 if role is Role.PREMIUM_RATE else 800
        return {"phone_number": f"{area}5550{line:03d}", "country_code": "1"}
    return {"phone_number": None} if index % 2 else {}
