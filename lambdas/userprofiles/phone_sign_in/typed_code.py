"""Codes: new ones, and those that users type."""

import secrets
import unicodedata

_MAX_INPUT = 64
_IGNORED_CATEGORIES = frozenset({"Cf", "Pd", "Zs"})


def create_code(digits: int) -> str:
    """Return a new random code."""
    return f"{secrets.randbelow(10**digits):0{digits}}"


def normalize_code(text: object) -> str:
    """Return the digits that a user typed, without spaces and hyphens.

    Digits of other scripts are converted, because keyboards differ.

    Returns:
        An empty text, which no code equals, if the input has another character.
    """
    if not isinstance(text, str) or len(text) > _MAX_INPUT:
        return ""
    digits = [c for c in text.strip() if unicodedata.category(c) not in _IGNORED_CATEGORIES]
    if not all(c.isdecimal() for c in digits):
        return ""
    return "".join(str(unicodedata.decimal(c)) for c in digits)
