"""Error responses of the profile API, and its log lines."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.table.store import Store, UserItems
from userprofiles.table.store_errors import InvalidRequestError, StoreBusyError, StoreError


class FailingStore:
    """A store whose read fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, _: str) -> UserItems:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreBusyError("ThrottlingException"), 503),
        (StoreError("AccessDeniedException"), 503),
        (InvalidRequestError("ValidationException"), 500),
        (ZeroDivisionError("CANARY"), 500),
    ],
)
def test_internal_error_is_returned_without_its_cause(
    call: Callable[..., Any],
    replace_registrar_part: Callable[..., None],
    log: io.StringIO,
    error: Exception,
    status: int,
) -> None:
    replace_registrar_part(store=FailingStore(error))

    response = call()

    assert response.status == status
    assert "CANARY" not in response.text + log.getvalue()
    assert type(error).__name__ in log.getvalue() or str(error) in log.getvalue()


def test_failed_call_to_cognito_is_503(
    call: Callable[..., Any],
    cognito: Any,
    aws_error: Callable[..., Exception],
    tables: Any,
) -> None:
    cognito.error = aws_error("TooManyRequestsException")

    assert call().status == 503
    assert tables.items() == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/me/profile/x"), ("DELETE", "/me/profile"), ("GET", "/")]
)
def test_unknown_path_or_method_is_404(
    handle: Callable[[Any], Any], load_event: Callable[[str], Any], method: str, path: str
) -> None:
    event = load_event("http_api_get_profile")
    event["rawPath"] = path
    event["requestContext"]["http"] |= {"method": method, "path": path}

    response = handle(event)

    assert (response.status, response.body["code"]) == (404, "not_found")


@pytest.mark.usefixtures("confirmed_user")
def test_no_log_line_repeats_user_input(
    call: Callable[..., Any],
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call("PATCH", {"profile": {"firstName": "CANARY", "CANARY": "x"}}, headers={"x-canary": "CANARY"})
    call("PATCH", {"profile": {"firstName": "CANARY"}}, claims={"scope": "CANARY"})

    assert len(log.getvalue().splitlines()) == 2
    assert "CANARY" not in log.getvalue() + capsys.readouterr().out
    assert "eyJ" not in log.getvalue()


class RejectingStore:
    """A store whose change DynamoDB rejects as invalid."""

    def __init__(self, store: Store) -> None:
        self.read, self.create = store.read, store.create

    def change(self, *_: Any) -> bool:
        raise InvalidRequestError("ValidationException")


@pytest.mark.usefixtures("confirmed_user")
def test_change_that_dynamodb_rejects_as_invalid_is_400(
    call: Callable[..., Any], replace_registrar_part: Callable[..., None], store: Store, log: io.StringIO
) -> None:
    call()
    replace_registrar_part(store=RejectingStore(store))

    response = call("PATCH", {"account": {"name": "Bo"}})

    assert (response.status, response.body["code"]) == (400, "invalid_patch")
    assert "ApiUnavailable" not in log.getvalue()


@pytest.mark.usefixtures("confirmed_user")
@pytest.mark.parametrize("number", ["1e126", "-1e126", "1e-131"])
def test_number_out_of_the_range_of_dynamodb_is_400_with_its_field(
    call: Callable[..., Any], number: str
) -> None:
    response = call("PATCH", {"account": {"cart": [{"price": float(number)}]}})

    assert response.status == 400
    assert [entry["pointer"] for entry in response.body["errors"]] == ["/account/cart/0/price"]
