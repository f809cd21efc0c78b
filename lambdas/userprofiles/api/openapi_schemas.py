"""JSON Schemas of the OpenAPI document: bodies of requests and responses, from the template."""

import copy
from collections.abc import Mapping
from typing import Any

from userprofiles.api.avatars import CONTENT_TYPES
from userprofiles.api.bulk_change import MAX_USERS
from userprofiles.api.export_schema import bundle_schema
from userprofiles.api.user_list import all_roles
from userprofiles.table import record
from userprofiles.template import Template
from userprofiles.template_check import ADMIN_ROLE, APPROVAL_STATES

Schema = dict[str, Any]


def reference(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_schema(properties: Mapping[str, Any], required: list[str], **keywords: Any) -> Schema:
    """Return the schema of an object without other properties."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": dict(properties),
        "required": required,
        **keywords,
    }


def schemas(template: Template) -> dict[str, Schema]:
    """Return all schemas by name."""
    return {
        "Account": _account(template),
        "Profile": _stored_fields(template.schema("profile", template.default_role)),
        "User": object_schema(
            {"account": reference("Account"), "profile": reference("Profile")}, ["account", "profile"]
        ),
        "UserPatch": object_schema(
            {"account": _account_patch(template), "profile": _profile_patch(template)}, []
        ),
        "Completion": _completion(),
        **_upload_schemas(),
        **_deletion_schemas(),
        **_export_schemas(),
        **_administrator_schemas(template),
        "Problem": _problem(),
        "GatewayMessage": {
            "type": "object",
            "description": "API Gateway answers some requests itself.",
            "properties": {"message": {"type": ["string", "null"]}},
        },
    }


def _administrator_schemas(template: Template) -> dict[str, Schema]:
    sub = {"type": "string", "description": "The user's sub in Cognito."}
    entry = object_schema({"userId": sub, "account": {"type": "object"}}, ["userId", "account"])
    result = object_schema(
        {
            "userId": sub,
            "status": {"type": "integer", "description": "The HTTP status of this user's part."},
            "result": {"type": "string", "enum": ["created", "updated", "unchanged", "failed"]},
            "code": {"type": "string", "description": "Why it failed."},
        },
        ["userId", "status", "result"],
    )
    user_id = {**sub, "pattern": f"^{record.SUB_PATTERN}$"}
    user = object_schema({"userId": user_id, "patch": reference("UserPatch")}, ["userId"])
    texts = {
        "email": {"type": "string", "format": "email"},
        "phoneNumber": {"type": "string", "pattern": "^\\+[1-9][0-9]{1,14}$"},
        "role": {"type": "string", "enum": list(template.roles)},
    }
    return {
        "UserList": object_schema(
            {
                "users": {"type": "array", "items": entry},
                "cursor": {"type": "string", "description": "Of the next page; missing on the last page."},
            },
            ["users"],
        ),
        "Role": object_schema({"role": {"type": "string", "enum": list(all_roles(template))}}, ["role"]),
        "Status": object_schema({"status": _status(template)}, ["status"]),
        "VendorStatus": object_schema(
            {"vendorStatus": {"type": "string", "enum": list(APPROVAL_STATES)}}, ["vendorStatus"]
        ),
        "Invitation": object_schema(
            texts, [], anyOf=[{"required": ["email"]}, {"required": ["phoneNumber"]}]
        ),
        "Invited": object_schema({"userId": sub, "status": {"const": "invited"}}, ["userId", "status"]),
        "BulkRequest": object_schema(
            {"users": {"type": "array", "items": user, "minItems": 1, "maxItems": MAX_USERS}}, ["users"]
        ),
        "BulkResults": object_schema({"results": {"type": "array", "items": result}}, ["results"]),
    }


def _status(template: Template) -> Schema:
    """Return the schema of an account's status: the values that the template allows."""
    field = template.schema("account", template.default_role)["properties"].get("status", {})
    return {"type": "string", **({"enum": field["enum"]} if "enum" in field else {})}


def _completion() -> Schema:
    properties = {
        "is_complete": {"type": "boolean", "description": "Whether no field is missing."},
        "completion_percentage": {"type": "integer", "minimum": 0, "maximum": 100},
        "missing_fields": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The completion fields of the template that nobody has set.",
        },
    }
    return object_schema(properties, list(properties))


def _upload_schemas() -> dict[str, Schema]:
    content_type = {"type": "string", "enum": list(CONTENT_TYPES)}
    form = {
        "key": {"type": "string", "description": "Value for the profile's picture after the upload."},
        "url": {"type": "string", "description": "Where the form is sent to, by POST."},
        "fields": {"type": "object", "description": "Fields of the form; the file comes last, as `file`."},
        "expiresIn": {"type": "integer", "description": "Seconds until the form expires."},
        "maxBytes": {"type": "integer", "description": "The largest picture."},
    }
    return {
        "Upload": object_schema({"contentType": content_type}, ["contentType"]),
        "UploadForm": object_schema(form, list(form)),
    }


def _deletion_schemas() -> dict[str, Schema]:
    times = {
        "requestedAt": {"type": "string", "format": "date-time", "description": "Time of the request."},
        "eraseAt": {
            "type": "string",
            "format": "date-time",
            "description": "End of the grace period. Then, the user is erased and can't be restored.",
        },
    }
    sub = {"type": "string", "description": "The user's sub in Cognito."}
    return {
        "DeletionAccepted": object_schema({"deletion": object_schema(times, list(times))}, ["deletion"]),
        "ErasureAccepted": object_schema({"userId": sub, "state": {"const": "erasing"}}, ["userId", "state"]),
    }


def _export_schemas() -> dict[str, Schema]:
    link = {
        "url": {"type": "string", "description": "Signed URL of the bundle."},
        "expiresIn": {"type": "integer", "description": "Seconds until the URL expires."},
        "bytes": {"type": "integer", "description": "Size of the bundle."},
        "sha256": {"type": "string", "description": "SHA-256 of the bundle's bytes, in hexadecimal."},
    }
    # docs/export.schema.json has the schema of an attribute, too.
    return {"Export": bundle_schema({"type": "object"}), "ExportLink": object_schema(link, list(link))}


def _problem() -> Schema:
    texts = {name: {"type": "string"} for name in ("pointer", "code", "detail")}
    return {
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "properties": {
            "type": {"const": "about:blank"},
            "title": {"type": "string", "description": "Title of the HTTP status."},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "A sentence for people."},
            "code": {"type": "string", "description": "A fixed code for programs."},
            "eraseAt": {
                "type": "string",
                "format": "date-time",
                "description": "End of the grace period of a user who is marked for deletion.",
            },
            "errors": {
                "type": "array",
                "description": "The fields that are not accepted (the first twenty).",
                "items": object_schema(texts, list(texts)),
            },
        },
        "required": ["type", "title", "status", "detail", "code"],
    }


def _account(template: Template) -> Schema:
    """Return the schema of an account: one for each role, if the account has a field for the role."""
    by_role = []
    for role in all_roles(template):
        base = role if role in template.roles else template.default_role
        schema = _stored_fields(template.schema("account", base))
        if "role" in schema["properties"] or role == ADMIN_ROLE:
            description = schema["properties"].get("role", {}).get("description", "The user's role.")
            schema["properties"]["role"] = {"const": role, "readOnly": True, "description": description}
            schema["required"] = ["role"]
        else:
            schema["properties"]["role"] = False
        by_role.append(schema)
    return {"oneOf": by_role}


def _stored_fields(schema: Mapping[str, Any]) -> Schema:
    """Return the schema of stored fields. An item may lack new fields, and have fields of another version."""
    stored = copy.deepcopy(dict(schema))
    stored.pop("additionalProperties", None)
    stored.pop("required", None)
    return stored


def _account_patch(template: Template) -> Schema:
    return {"anyOf": [_patch(template.schema("account", role)) for role in template.roles]}


def _profile_patch(template: Template) -> Schema:
    return _patch(template.schema("profile", template.default_role))


def _patch(schema: Mapping[str, Any]) -> Schema:
    """Return the schema of a merge patch: no field is required, and null resets a field."""
    fields = {
        name: {"anyOf": [_patch(field) if "properties" in field else dict(field), {"type": "null"}]}
        for name, field in schema["properties"].items()
        if not field.get("readOnly")
    }
    patch = {name: value for name, value in schema.items() if name not in {"required", "default"}}
    return copy.deepcopy({**patch, "properties": fields})
