"""The OpenAPI 3.1 document of the API, from the routes and the template."""

from http import HTTPStatus
from typing import Any

from userprofiles.api import routes
from userprofiles.api.openapi_operations import COMMON_ERRORS, OPERATIONS, TOKEN_ERRORS, USER, Operation
from userprofiles.api.openapi_phone_schemas import phone_schemas
from userprofiles.api.openapi_schemas import Schema, reference, schemas
from userprofiles.api.openapi_social import SOCIAL_OPERATIONS, social_schemas
from userprofiles.api.routes import PHONE_ROUTES, ROUTES, SOCIAL_ROUTES, Route
from userprofiles.api.user_list import DEFAULT_LIMIT, MAX_LIMIT, all_roles
from userprofiles.template import Template

_JSON = "application/json"
_PROBLEM = "application/problem+json"
_RETRIED = {429, 503}
_OURS = {400, 404, 409, 410, 412, 415, 422, 501}
"""Statuses that only the functions answer on these routes."""
_TAGS = {
    routes.USERS: "users",
    routes.ADMINISTRATORS: "administrators",
    routes.PHONE_SIGN_IN: "phone sign-in",
    routes.SOCIAL: "content and links",
}

_REDIRECT: dict[str, Any] = {
    "description": "The client must read the URL of the header Location.",
    "headers": {"Location": {"schema": {"type": "string"}, "description": "A signed URL."}},
}


def build_document(
    template: Template, *, has_phone_sign_in: bool = False, has_social: bool = False
) -> dict[str, Any]:
    """Build the OpenAPI document for a template.

    Args:
        template: Defines the fields of account and profile.
        has_phone_sign_in: Whether the stack has the routes of phone sign-in.
        has_social: Whether the stack has the routes of `social`.
    """
    paths: dict[str, dict[str, Any]] = {}
    phone_routes = PHONE_ROUTES if has_phone_sign_in else ()
    social_routes = SOCIAL_ROUTES if has_social else ()
    for route in (*ROUTES, *phone_routes, *social_routes):
        paths.setdefault(route.document_path, {})[route.method.lower()] = _operation(route, template)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Profile API",
            "version": "1",
            "description": "Users read and change their profiles, and administrators those of all users.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "accessToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token of the user pool, not an ID token.",
                }
            },
            "schemas": {
                **schemas(template),
                **(phone_schemas() if has_phone_sign_in else {}),
                **(social_schemas() if has_social else {}),
            },
        },
    }


def _operation(route: Route, template: Template) -> dict[str, Any]:
    details = SOCIAL_OPERATIONS[route] if route in SOCIAL_ROUTES else OPERATIONS[route]
    document: dict[str, Any] = {
        "operationId": details.name,
        "summary": details.summary,
        "tags": [_TAGS[route.handler]],
        "security": [{"accessToken": []}] if route.needs_token else [],
        "responses": _responses(route, details),
    }
    parameters = _parameters(route, details, template)
    if parameters:
        document["parameters"] = parameters
    if details.request is not None:
        is_patch = details.request == "UserPatch"
        types = ("application/merge-patch+json", _JSON) if is_patch else (_JSON,)
        schema = reference(details.request)
        document["requestBody"] = {"required": True, "content": {name: {"schema": schema} for name in types}}
    return document


def _responses(route: Route, details: Operation) -> dict[str, Any]:
    success = _REDIRECT if details.response is None else _success(details.response)
    answers: dict[str, Any] = {str(details.status): success}
    for other_status, schema in details.other_responses.items():
        answers[str(other_status)] = _success(schema)
    if details.response == USER:
        success["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "Strong tag."}}
    if "If-None-Match" in details.headers:
        answers["304"] = {"description": "The document still has this ETag."}
    errors = {**COMMON_ERRORS, **(TOKEN_ERRORS if route.needs_token else {}), **details.errors}
    if route == routes.LIST_USERS:
        errors[400] = "The query or the cursor is not accepted."
    for status in sorted(errors):
        answers[str(status)] = {"description": errors[status], "content": _error_content(route, status)}
        if route in PHONE_ROUTES and status in _RETRIED:
            answers[str(status)]["headers"] = {
                "Retry-After": {"schema": {"type": "string"}, "description": "Seconds; not from API Gateway."}
            }
    return answers


def _success(schema: Schema) -> dict[str, Any]:
    return {"description": "Success.", "content": {_JSON: {"schema": schema}}}


def _error_content(route: Route, status: int) -> dict[str, Any]:
    problem = {_PROBLEM: {"schema": reference("Problem")}}
    gateway = {_JSON: {"schema": reference("GatewayMessage")}}
    if route in PHONE_ROUTES and status == HTTPStatus.BAD_REQUEST:
        return {_JSON: {"schema": reference("FieldErrors")}}
    if status in _OURS:
        return problem
    has_own_limit = route in PHONE_ROUTES
    return gateway if status == HTTPStatus.TOO_MANY_REQUESTS and not has_own_limit else problem | gateway


def _parameters(route: Route, details: Operation, template: Template) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [*details.parameters]
    if "{id}" in route.path and route not in SOCIAL_ROUTES:
        schema = {"type": "string", "minLength": 1, "maxLength": 128}
        parameters.append(
            {"name": "id", "in": "path", "required": True, "description": "The user's sub.", "schema": schema}
        )
    if route == routes.LIST_USERS:
        limits = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        parameters += [
            _query(
                "role", {"type": "string", "enum": list(all_roles(template))}, "Their role.", required=True
            ),
            _query("status", {"type": "string"}, "Their status. Default: every status."),
            _query("limit", limits, "The largest number of users on the page."),
            _query("cursor", {"type": "string"}, "The `cursor` of the page before."),
        ]
    parameters += [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in details.headers.items()
    ]
    return parameters


def _query(name: str, schema: Schema, description: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}
