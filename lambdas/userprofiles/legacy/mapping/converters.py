"""Converts values of MongoDB. No message contains a value.

The types of the package `bson` are recognized by their names: the commands import this module, also where
pymongo is not installed.
"""

import datetime as dt
import math
import re
from typing import Any

from userprofiles.legacy.mapping.targets import Precision

UNITS = ("seconds", "milliseconds")
"""Units of a date that is a number."""

_ID = re.compile(r"[^\s/#\x00-\x1f\x7f]([^/#\x00-\x1f\x7f]{0,126}[^\s/#\x00-\x1f\x7f])?")
_TRUE_TEXTS = frozenset({"true", "1", "yes"})
_FALSE_TEXTS = frozenset({"false", "0", "no"})


class UnfitValueError(Exception):
    """A value does not fit its target. The message says what it must be."""


def to_text(value: Any) -> str:
    """Return a text, or a whole number as a text.

    Raises:
        UnfitValueError: The value is something else, or a text that has no form in UTF-8.
    """
    number = _whole_number(value)
    if number is not None:
        return str(number)
    if not isinstance(value, str):
        raise UnfitValueError("must be a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UnfitValueError("must be a text of valid Unicode") from None
    return str(value)


def to_boolean(value: Any) -> bool:
    """Return true or false. Texts and the numbers 0 and 1 are converted.

    Raises:
        UnfitValueError: The value is something else.
    """
    text = str(value).lower() if isinstance(value, (bool, str)) else str(_whole_number(value))
    if text in _TRUE_TEXTS or text in _FALSE_TEXTS:
        return text in _TRUE_TEXTS
    raise UnfitValueError("must be true or false")


def to_id(value: Any) -> str:
    """Return an ID as a text: that of an ObjectId, a UUID, a reference, a whole number or a text.

    Raises:
        UnfitValueError: The value has no such form, or the ID can't be a part of a key.
    """
    if _type_name(value) == "DBRef":
        value = value.id
    if _type_name(value) in {"ObjectId", "UUID"}:
        return str(value)
    text = to_text(value)
    if not _ID.fullmatch(text):
        raise UnfitValueError("must be an ID of 1 to 128 characters, without '/', '#' and control characters")
    return text


def to_date(value: Any, unit: str, precision: Precision) -> str:
    """Return a date in ISO 8601 and UTC. A text without a time zone is in UTC.

    Args:
        value: A date, a timestamp, a text in ISO 8601, or with `unit` a number.
        unit: What a number counts from 1970 on, one of `UNITS`.
        precision: How exact the result is.

    Raises:
        UnfitValueError: The value is something else, or not from year 1 to 9999.
    """
    if _type_name(value) == "Timestamp":
        value = value.as_datetime()
    try:
        moment = _to_moment(value, unit)
        if precision == "next second" and moment.microsecond:
            moment = moment.replace(microsecond=0) + dt.timedelta(seconds=1)
        timespec = "milliseconds" if precision == "millisecond" else "seconds"
        text = moment.astimezone(dt.UTC).isoformat(timespec=timespec)
    except (ValueError, OverflowError, OSError):
        raise UnfitValueError("must be a date from year 1 to 9999") from None
    return text.replace("+00:00", "Z")


def _to_moment(value: Any, unit: str) -> dt.datetime:
    if isinstance(value, dt.datetime):
        moment = value
    elif isinstance(value, str):
        moment = dt.datetime.fromisoformat(value.strip())
    elif unit and _is_number(value):
        moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(**{unit: value})
    elif _is_number(value):
        raise UnfitValueError('must be a date; for a number, set "unit"')
    else:
        raise UnfitValueError("must be a date")
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole_number(value: Any) -> int | None:
    """Return the whole number of a value of any numeric type; None if it is something else."""
    if _type_name(value) == "Decimal128":
        number = value.to_decimal()
        is_whole = number.is_finite() and abs(number.adjusted()) < 30 and number == number.to_integral_value()  # noqa: PLR2004 - digits of the longest number that anybody uses
        return int(number) if is_whole else None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value.is_integer() else None
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _type_name(value: Any) -> str:
    return type(value).__name__
