"""JSON Schemas of the routes of phone sign-in. Their names are those of installed applications."""

from typing import Any

from userprofiles.api.openapi_schemas import Schema, object_schema, reference

_PHONE: dict[str, Schema] = {
    "phone_number": {
        "type": "string",
        "maxLength": 64,
        "description": "With or without punctuation; in national form, or in international form with +.",
        "examples": ["(415) 555-0123", "+14155550123"],
    },
    "country_code": {
        "type": "string",
        "pattern": "^[1-9][0-9]{0,2}$",
        "description": "Calling code of a number in national form. Default: that of the stack, usually 1.",
    },
}
_CODE: Schema = {
    "type": "string",
    "maxLength": 64,
    "description": "The code of 6 to 8 digits. Spaces and hyphens are ignored.",
}


def phone_schemas() -> dict[str, Schema]:
    """Return the schemas by name."""
    texts: Schema = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    fields = ("phone_number", "country_code", "otp", "non_field_errors")
    return {
        "PhoneNumber": _open_object(_PHONE, ["phone_number"]),
        "PhoneCode": _open_object({**_PHONE, "otp": _CODE}, ["phone_number", "otp"]),
        "CodeSent": object_schema({"message": {"const": "OTP sent to phone"}}, ["message"]),
        "SignedIn": object_schema(
            {"user": reference("PhoneUser"), "tokens": reference("Tokens")}, ["user", "tokens"]
        ),
        "PhoneUser": _phone_user(),
        "Tokens": object_schema(
            {
                "refresh": {"type": "string", "description": "Refresh token of the user pool."},
                "access": {"type": "string", "description": "Access token for the other routes."},
            },
            ["refresh", "access"],
        ),
        "FieldErrors": object_schema(dict.fromkeys(fields, texts), [], minProperties=1),
    }


def _phone_user() -> Schema:
    properties: dict[str, Any] = {
        "phone_number": {"type": "string", "description": "The number without its country code."},
        "country_code": {"type": "string"},
        "is_phone_verified": {"const": True},
        "account": reference("Account"),
        "profile": {
            **reference("Profile"),
            "description": "As in `GET /me/profile`, but without an uploaded picture.",
        },
    }
    return object_schema(properties, list(properties))


def _open_object(properties: dict[str, Schema], required: list[str]) -> Schema:
    """Return the schema of a body. Unknown fields are ignored."""
    return {"type": "object", "properties": properties, "required": required}
