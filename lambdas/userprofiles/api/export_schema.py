"""JSON Schema of the bundle that `GET /me/export` returns. The OpenAPI document contains it too."""

from typing import Any

from userprofiles.table import record

Schema = dict[str, Any]

FORMAT = 1

PARTS = ("account", "profile", "items", "cognito", "files")
"""The parts of a bundle, in the order of the manifest."""

BOOKKEEPING = frozenset(
    {
        *("PK", "SK", "entityType", "createdBy", "auditHead", "version", "deletion", "importing"),
        *("listPK", "listSK", "statusListPK"),
    }
)
"""Attributes of account and profile that are not exported: an import creates those that the user needs."""

_ATTRIBUTE = {"$ref": "#/$defs/attribute"}


def create_schema() -> Schema:
    """Return the complete JSON Schema, as docs/export.schema.json has it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Export of a user",
        **bundle_schema(_ATTRIBUTE),
        "$defs": {"attribute": _attribute()},
    }


def bundle_schema(attribute: Schema) -> Schema:
    """Return the schema of a bundle.

    Args:
        attribute: The schema of an attribute of an item, in DynamoDB's typed JSON.
    """
    return _object(
        {
            "manifest": _manifest(),
            "parts": _parts(attribute),
            "links": {
                "type": "object",
                "description": "Signed URLs of the files, by key. They are valid for an hour at most.",
                "additionalProperties": {"type": "string"},
            },
        }
    )


def _object(properties: Schema, *, optional: tuple[str, ...] = (), description: str = "") -> Schema:
    return {
        "type": "object",
        **({"description": description} if description else {}),
        "additionalProperties": False,
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def _manifest() -> Schema:
    number = {"type": "integer", "minimum": 0}
    part = _object(
        {
            "name": {"type": "string", "enum": list(PARTS)},
            "bytes": {**number, "description": "Size of the part's canonical JSON."},
            "sha256": {
                "type": "string",
                "pattern": "^[0-9a-f]{64}$",
                "description": "SHA-256 of the part's canonical JSON, in hexadecimal.",
            },
            "items": {**number, "description": "Number of entries of a list, or of fields of an object."},
        }
    )
    text = {"type": "string"}
    return _object(
        {
            "format": {"const": FORMAT},
            "userId": {"type": "string", "pattern": f"^{record.SUB_PATTERN}$", "description": "The sub."},
            "createdAt": {**text, "description": "When the export was created, in UTC."},
            "template": {**text, "description": "Name of the template."},
            "templateVersion": {**text, "description": "Version of the template that wrote the items."},
            "createdBy": {"type": "string", "enum": list(record.CREATED_BY)},
            "parts": {"type": "array", "items": part, "minItems": len(PARTS), "maxItems": len(PARTS)},
        },
        optional=("createdBy",),
        description="What the bundle contains, with the hash of each part.",
    )


def _parts(attribute: Schema) -> Schema:
    file = _object({"key": {"type": "string"}, "bytes": {"type": "integer", "minimum": 0}})
    item = {
        "type": "object",
        "properties": {"SK": _object({"S": {"type": "string", "minLength": 1}}), "PK": False},
        "required": ["SK"],
        "additionalProperties": attribute,
    }
    return _object(
        {
            "account": _fields("Fields of the account."),
            "profile": _fields("Fields of the profile."),
            "items": {
                "type": "array",
                "items": item,
                "description": "The other items of the user, in DynamoDB's typed JSON, without PK.",
            },
            "cognito": _cognito(),
            "files": {"type": "array", "items": file, "description": "Uploads, claimed pictures and media."},
        }
    )


def _fields(description: str) -> Schema:
    names = {"not": {"enum": sorted(BOOKKEEPING)}}
    return {"type": "object", "description": description, "propertyNames": names}


def _cognito() -> Schema:
    text = {"type": "string"}
    properties = {
        "userName": text,
        "status": text,
        "enabled": {"type": "boolean"},
        "createdAt": text,
        "updatedAt": text,
        "attributes": {"type": "object", "additionalProperties": text},
        "secondFactors": {"type": "array", "items": text},
    }
    return _object(
        properties,
        optional=tuple(properties),
        description="The user in Cognito; empty if the pool has no such user.",
    )


def _attribute() -> Schema:
    text = {"type": "string"}
    texts = {"type": "array", "items": text, "minItems": 1, "uniqueItems": True}
    return {
        "type": "object",
        "description": "A value in DynamoDB's typed JSON; binary values are Base64.",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": {
            **dict.fromkeys(("S", "N", "B"), text),
            "BOOL": {"type": "boolean"},
            "NULL": {"const": True},
            "L": {"type": "array", "items": _ATTRIBUTE},
            "M": {"type": "object", "additionalProperties": _ATTRIBUTE},
            **dict.fromkeys(("SS", "NS", "BS"), texts),
        },
    }
