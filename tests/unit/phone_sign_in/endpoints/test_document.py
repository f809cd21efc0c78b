"""The answers of the two endpoints match the OpenAPI document."""

import fastjsonschema
import pytest
from phone_pool import cognito_error
from userprofiles import template
from userprofiles.api import openapi
from userprofiles.api.routes import REGISTER_PHONE, VERIFY_PHONE


@pytest.fixture(scope="module")
def document():
    return openapi.build_document(template.load("marketplace"), has_phone_sign_in=True)


@pytest.fixture
def check(document):
    """Return a function that checks a response of a route."""

    def check_response(route, response, status):
        assert response.status == status
        content = document["paths"][route.path]["post"]["responses"][str(status)]["content"]
        schema = content[response.headers["content-type"]]["schema"]
        fastjsonschema.compile({**schema, "components": document["components"]})(response.body)

    return check_response


def test_success(service, check):
    check(REGISTER_PHONE, service.register(), 200)
    check(VERIFY_PHONE, service.verify(), 200)


@pytest.mark.parametrize(
    "body", [{}, [], "{", {"phone_number": "4155550123", "country_code": "x", "otp": "1"}]
)
def test_bad_input(service, check, body):
    check(VERIFY_PHONE, service.send(VERIFY_PHONE, body), 400)


def test_errors_of_requests(service, check):
    check(REGISTER_PHONE, service.register(content_type="text/plain"), 415)
    check(REGISTER_PHONE, service.register({"phone_number": "1" * 5000}), 413)
    for _ in range(20):
        service.register()
    check(REGISTER_PHONE, service.register(), 429)


def test_outages(service, check):
    service.register()
    service.cognito.errors["admin_get_user"] = cognito_error("TooManyRequestsException")
    check(VERIFY_PHONE, service.verify(), 503)
    service.cognito.errors["admin_get_user"] = KeyError("CANARY")
    check(VERIFY_PHONE, service.verify(), 500)


def test_erased_user(service, add_user, check):
    sub = add_user()
    for sort_key in ("ACCOUNT#MAIN", "PROFILE#MAIN"):
        service.tables.put({"PK": f"USER#{sub}", "SK": sort_key, "entityType": "TOMBSTONE"})
    service.register()

    check(VERIFY_PHONE, service.verify(), 410)


def test_request_bodies_are_those_of_the_tests(document):
    schemas = document["components"]["schemas"]

    for name, body in [
        ("PhoneNumber", {"phone_number": "(415) 555-0123"}),
        ("PhoneNumber", {"phone_number": "4155550123", "country_code": "1", "username": "ada"}),
        ("PhoneCode", {"phone_number": "+14155550123", "otp": "123456"}),
    ]:
        fastjsonschema.compile(schemas[name])(body)
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        fastjsonschema.compile(schemas["PhoneCode"])({"phone_number": "+14155550123"})
