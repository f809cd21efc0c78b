"""The JSON Schema (draft 7) of a template, as docs/template.schema.json has it.

Editors use it for completion, and `userprofiles template check` validates with it too. It describes the
file, with the short forms `fieldType` and `from`. A JSON Schema can't compare two places of a document: for
example, whether the default role is one of the roles. `template_check` does that.
"""

from typing import Any

from userprofiles import field_types, template_check, template_version
from userprofiles.template_check import ITEM_KINDS

Schema = dict[str, Any]

_TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"]
_COUNTS = ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties")
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_TEXT = {"type": "string", "minLength": 1}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def create_schema() -> Schema:
    """Create the JSON Schema of a template."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Template of pulumi-userprofiles",
        "description": "The fields of an account and a profile. See docs/templates.md.",
        "type": "object",
        "required": list(ITEM_KINDS),
        "additionalProperties": False,
        "properties": {
            "$schema": {"type": "string"},
            "description": {"type": "string"},
            "version": {"type": "string", "pattern": template_version.PATTERN},
            "roles": _ref("roles"),
            "account": _ref("part"),
            "profile": _ref("part"),
            "cognito": _ref("cognito"),
            "completion": _ref("completion"),
            "upgrades": {"type": "array", "items": _ref("upgrade")},
        },
        "allOf": [
            _unless_from("account", {"required": ["roles"]}),
            *(
                _unless_from(kind, {"required": ["cognito"], "properties": {"cognito": {"required": [kind]}}})
                for kind in ITEM_KINDS
            ),
        ],
        "definitions": {
            "part": _part(),
            "fields": _fields(),
            "field": _schema(is_field=True),
            "schema": _schema(is_field=False),
            "keywordValue": _keyword_value(),
            "data": _data(),
            "roles": _roles(),
            "cognito": _map_of_kinds({"type": "object", "additionalProperties": _ref("sources")}),
            "sources": {"type": "array", "minItems": 1, "items": _source()},
            "completion": _completion(),
            "weights": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
            "upgrade": _upgrade(),
        },
    }


def _unless_from(kind: str, consequence: Schema) -> Schema:
    has_from = {"properties": {kind: {"type": "object", "required": ["from"]}}}
    return {"if": has_from, "then": {}, "else": consequence}


def _map_of_kinds(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(ITEM_KINDS, schema)}


def _part() -> Schema:
    own_part = {
        "required": ["type", "additionalProperties", "properties"],
        "properties": {
            "type": {"const": "object"},
            "additionalProperties": {"const": False},
            "properties": {"allOf": [_ref("fields"), {"minProperties": 1}]},
            "$ref": False,
            "readOnly": {"const": False},
            **_data_keywords(),
        },
        **_known_keywords(),
        "additionalProperties": _ref("keywordValue"),
    }
    part_of_another = {
        "properties": {"from": _TEXT, "properties": _ref("fields")},
        "additionalProperties": False,
    }
    return {"type": "object", "if": {"required": ["from"]}, "then": part_of_another, "else": own_part}


def _fields() -> Schema:
    return {
        "type": "object",
        "propertyNames": {
            "pattern": f"^{template_check.FIELD_NAME.pattern}$",
            "not": {"enum": sorted(template_check.RESERVED)},
        },
        "additionalProperties": _ref("field"),
    }


def _schema(*, is_field: bool) -> Schema:
    type_name = {"enum": _TYPES}
    return {
        "type": "object",
        "properties": {
            "$ref": False,
            "readOnly": {"type": "boolean"} if is_field else {"const": False},
            "fieldType": {"enum": sorted(field_types.load())},
            "type": {"anyOf": [type_name, {"type": "array", "items": type_name}]},
            "pattern": {"type": "string", "format": "regex"},
            **{name: {"type": "integer"} for name in _COUNTS},
            **{name: {"type": "number"} for name in _NUMBERS},
            **_data_keywords(),
            "enum": {"allOf": [{"type": "array"}, _ref("data")]},
            **{
                name: {"type": "object", "additionalProperties": _ref("keywordValue")}
                for name in sorted(field_types.SCHEMAS_BY_NAME)
            },
        },
        **_known_keywords("fieldType"),
        "additionalProperties": _ref("keywordValue"),
    }


def _known_keywords(*more: str) -> Schema:
    own_keyword = f"^{field_types.OWN_KEYWORD_PREFIX}"
    names = sorted({*field_types.KEYWORDS, *more})
    return {
        "propertyNames": {"anyOf": [{"enum": names}, {"pattern": own_keyword}]},
        "patternProperties": {own_keyword: _ref("data")},
    }


def _data_keywords() -> Schema:
    return {name: _ref("data") for name in sorted(field_types.DATA)}


def _keyword_value() -> Schema:
    members = {"if": {"type": "array"}, "then": {"items": _ref("keywordValue")}, "else": {}}
    return {"if": {"type": "object"}, "then": _ref("schema"), "else": members}


def _data() -> Schema:
    """Return the schema of data: it must not look like a reference, which the validator would resolve."""
    return {
        "properties": {"$ref": {"not": {"type": "string"}}},
        "additionalProperties": _ref("data"),
        "items": _ref("data"),
    }


def _roles() -> Schema:
    role = {
        "type": "object",
        "required": ["properties"],
        "properties": {"properties": _ref("fields"), "approval": _TEXT},
    }
    return {
        "type": "object",
        "required": ["default", "allowed"],
        "properties": {
            "attribute": {"anyOf": [{"type": "null"}, _TEXT]},
            "default": {"type": "string"},
            "allowed": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {
                    "pattern": f"^{template_check.ROLE_NAME.pattern}$",
                    "not": {"const": template_check.ADMIN_ROLE},
                },
                "additionalProperties": role,
            },
        },
    }


def _source() -> Schema:
    conversion = {"enum": list(template_check.CONVERSIONS)}
    names = {"type": "array", "minItems": 1, "items": {"type": "string"}}
    return {
        "oneOf": [
            _closed_object({"attribute": {"type": "string"}, "as": conversion}, "attribute"),
            _closed_object({"system": {"enum": list(template_check.SYSTEM_VALUES)}}, "system"),
            _closed_object({"join": names}, "join"),
        ]
    }


def _closed_object(properties: Schema, required: str) -> Schema:
    return {
        "type": "object",
        "required": [required],
        "properties": properties,
        "additionalProperties": False,
    }


def _completion() -> Schema:
    schema = _map_of_kinds(_ref("weights"))
    schema["properties"]["roles"] = {
        "type": "object",
        "additionalProperties": _map_of_kinds(_ref("weights")),
    }
    return schema


def _upgrade() -> Schema:
    operations = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "rename": {"type": "object", "additionalProperties": {"type": "string"}},
            "remove": {"type": "array", "items": {"type": "string"}},
            "default": {"type": "object"},
        },
    }
    schema = _map_of_kinds(operations)
    schema["properties"]["to"] = {"type": "string", "pattern": template_version.PATTERN}
    return {**schema, "required": ["to"]}
