"""Services that are down: 503 with Retry-After, nothing personal in the log, and the user can start again."""

import json

import pytest
from botocore.exceptions import ReadTimeoutError
from phone_pool import cognito_error

TIMEOUT = ReadTimeoutError(endpoint_url="https://CANARY")


@pytest.mark.parametrize("error", [cognito_error("InternalError"), TIMEOUT], ids=["error", "time-out"])
def test_queue_is_down(service, read_log, error):
    service.world.sqs.errors["send_message"] = error

    response = service.register()

    assert (response.status, response.body["code"]) == (503, "code_not_sent")
    assert response.headers["retry-after"] == "30"
    assert "CANARY" not in json.dumps(read_log())
    service.world.sqs.errors.clear()
    service.world.clock.wait(30)
    assert service.register().status == 200
    assert service.verify().status == 200


@pytest.mark.parametrize(
    ("client", "operation"), [("kms", "generate_mac"), ("dynamodb", "get_item"), ("dynamodb", "update_item")]
)
@pytest.mark.parametrize("request_name", ["register", "verify"])
def test_kms_or_the_table_of_codes_is_down(service, read_metrics, client, operation, request_name):
    service.register()
    service.world.clock.wait(31)
    service.register()
    failing_client = getattr(service.world, client)
    failing_client.errors[operation] = cognito_error("ThrottlingException")

    response = getattr(service, request_name)()

    assert (response.status, response.body["code"]) == (503, "unavailable")
    assert response.headers["retry-after"] == "2"
    assert response.headers["content-type"] == "application/problem+json"
    assert "ApiUnavailable" in read_metrics()
    failing_client.errors.clear()
    assert service.verify().status == 200


@pytest.mark.parametrize(
    "operation",
    ["admin_get_user", "admin_create_user", "admin_initiate_auth", "admin_respond_to_auth_challenge"],
)
def test_cognito_is_throttled(service, operation):
    service.register()
    service.cognito.errors[operation] = cognito_error("TooManyRequestsException")

    response = service.verify()

    assert (response.status, response.headers["retry-after"]) == (503, "2")
    service.cognito.errors.clear()
    assert service.verify().status == 200


def test_trigger_fails(service):
    service.register()
    message = "CreateAuthChallenge failed with error CANARY."
    service.cognito.errors["admin_initiate_auth"] = cognito_error("UserLambdaValidationException", message)

    response = service.verify()

    assert response.status == 503
    assert "CANARY" not in json.dumps(response.body)


def test_users_table_is_down(service):
    """No tokens without an account: they would have no role, and the answer no user."""
    service.register()
    service.dynamodb.errors["batch_get_item"] = cognito_error("InternalServerError")

    assert service.verify().status == 503
    assert "admin_initiate_auth" not in service.world.operations
    service.dynamodb.errors.clear()
    assert service.verify().status == 200


def test_account_that_is_still_missing_after_the_registration(service, monkeypatch):
    service.register()
    monkeypatch.setattr(type(service.endpoints.registrar), "register", lambda *_: None)

    assert service.verify().status == 503
    assert "admin_initiate_auth" not in service.world.operations


def test_lost_answer_of_the_last_call(service):
    """The code may be used up, so the user requests another one."""
    service.register()
    service.cognito.errors["admin_respond_to_auth_challenge"] = TIMEOUT
    service.cognito.is_applied = True
    assert service.verify().status == 503
    service.cognito.errors.clear()

    assert service.verify().body.keys() == {"otp"}
    service.world.clock.wait(31)
    service.register()
    assert service.verify().status == 200


def test_lost_answer_of_admin_create_user(service):
    """The client repeats the call, and Cognito answers that the user exists."""
    service.register()
    service.cognito.errors["admin_create_user"] = cognito_error("UsernameExistsException")
    service.cognito.is_applied = True

    assert service.verify().status == 200
    assert len(service.pool.users) == 1


def test_unexpected_error(service, read_log, monkeypatch):
    monkeypatch.setattr(type(service.world.requests), "request_code", lambda *_: 1 / 0)

    response = service.register()

    assert (response.status, response.body["code"]) == (500, "internal")
    assert [line["error"] for line in read_log() if line["level"] == "ERROR"] == ["ZeroDivisionError"]
