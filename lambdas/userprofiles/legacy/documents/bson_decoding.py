"""Decodes documents of MongoDB with the package `bson` of pymongo. No message contains a value.

Dates have a time zone. A date that Python can't express (before year 1, after 9999) stays a `DatetimeMS`, so
it damages its field only.
"""

import json
from typing import Any

import bson
from bson import json_util
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError

from userprofiles.legacy.documents.page_building import UnreadableDocumentError

_UNKNOWN_TYPE = "unknown BSON type"

CODEC_OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True,
    uuid_representation=UuidRepresentation.STANDARD,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)
_JSON_OPTIONS = json_util.JSONOptions(
    json_mode=json_util.JSONMode.CANONICAL,  # for writing; reading accepts every form
    tz_aware=True,
    uuid_representation=UuidRepresentation.STANDARD,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)


def decode_bson(data: bytes) -> dict[str, Any]:
    """Decode a document of BSON.

    Args:
        data: The whole document, with its length.

    Raises:
        UnreadableDocumentError: The document is not valid.
    """
    try:
        return bson.decode(data, CODEC_OPTIONS)
    except BSONError as error:
        text = str(error)
    if _UNKNOWN_TYPE in text:
        reason = "it has a value of an unknown BSON type"
    elif "codec can't decode" in text:
        reason = "it has a text that is not UTF-8"
    elif "recursion depth" in text:
        reason = "its values are nested too deeply"
    else:
        reason = "it is not valid BSON"
    raise UnreadableDocumentError(reason)


def decode_extended_json(data: bytes) -> dict[str, Any]:
    """Decode a document of Extended JSON, canonical or relaxed.

    Args:
        data: The document in UTF-8.

    Raises:
        UnreadableDocumentError: The document is not valid.
    """
    try:
        document = json_util.loads(data.decode(), json_options=_JSON_OPTIONS)
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except RecursionError:
        reason = "its values are nested too deeply"
    # json_util raises whatever the conversion of a wrong value raises.
    except (BSONError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        reason = "it is not valid Extended JSON"
    else:
        if isinstance(document, dict):
            return document
        reason = "it must be a JSON object"
    raise UnreadableDocumentError(reason)


def to_extended_json(value: Any) -> Any:
    """Return a value of BSON as a JSON document, without loss."""
    return json.loads(json_util.dumps(value, json_options=_JSON_OPTIONS))


def from_extended_json(document: Any) -> Any:
    """Return the value that `to_extended_json` was called with."""
    return json_util.loads(json.dumps(document), json_options=_JSON_OPTIONS)
