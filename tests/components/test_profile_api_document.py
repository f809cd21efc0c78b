"""The OpenAPI document of a stack has the routes of phone sign-in only if the stack has them."""

import pytest
from component_recording import Recording


def find_switch(recording: Recording, function: str) -> str | None:
    environment = recording.resource(f"app-api-{function}-function").inputs["environment"]
    value: str | None = environment["variables"].get("PHONE_SIGN_IN")
    return value


def test_stack_with_phone_sign_in(phone_stack: Recording) -> None:
    assert find_switch(phone_stack, "handler") == "true"
    assert find_switch(phone_stack, "admin") is None


@pytest.mark.parametrize("function", ["handler", "admin"])
def test_stack_without_phone_sign_in(stack: Recording, function: str) -> None:
    assert find_switch(stack, function) is None
