"""Codes as users type them, and new codes."""

import pytest
from userprofiles.phone_sign_in.claim import Identity
from userprofiles.phone_sign_in.typed_code import create_code, normalize_code

IDENTITY = Identity.of_phone("+14155550123")


@pytest.mark.parametrize(
    "typed", ["{}", " {} ", "{:.3}-{}", "{:.3} {}", "{:.3}\u2013{}", "\u202a{}\u202c", "{}\n", "full width"]
)
def test_code_is_right_in_every_form(world, typed):
    claim = world.requests.request_code(IDENTITY)
    code = world.messages[0]["code"]
    text = typed.format(code, code[3:]) if "{:" in typed else typed.format(code)
    if typed == "full width":
        text = "".join(chr(0xFF10 + int(digit)) for digit in code)

    assert world.checks.check_code(claim, text)


@pytest.mark.parametrize(
    "typed", [None, "", " ", "x", "{}x", "{}1", "{}.0", "1" * 65, 123456, ["{}"], "-", "\U0001f600"]
)
def test_anything_else_is_wrong_and_counts(world, typed):
    claim = world.requests.request_code(IDENTITY)
    text = typed.format(world.messages[0]["code"]) if isinstance(typed, str) else typed

    assert not world.checks.check_code(claim, text)
    assert world.item["failures"] == 1


def test_codes_of_any_number_of_digits():
    assert {len(create_code(8)) for _ in range(50)} == {8}
    assert len({create_code(6) for _ in range(50)}) > 40
    assert normalize_code("\u0661\u0662\u0663") == "123"


def test_codes_come_from_a_secure_generator(monkeypatch, world):
    monkeypatch.setattr("secrets.randbelow", lambda limit: limit - 999_958)
    world.requests.request_code(IDENTITY)

    assert world.messages[0]["code"] == "000042"
