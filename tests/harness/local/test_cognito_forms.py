"""Client IDs, message templates and filters in AWS's form; the password history."""

import re
from typing import Any

import pytest
from ministack.services import cognito
from pulumi_localaws.local.cognito_forms import (
    complete_pool,
    filter_by_status,
    find_policy_errors,
    generate_client_id,
    read_attributes,
)
from pulumi_localaws.local.password_history import last_passwords

CODE = {"DefaultEmailOption": "CONFIRM_WITH_CODE"}


def test_client_id_has_only_lower_case_letters_and_digits() -> None:
    assert re.fullmatch("[a-z0-9]{26}", generate_client_id())


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ({"SmsVerificationMessage": "", "AccountRecoverySetting": {}}, {"VerificationMessageTemplate": CODE}),
        (
            {"EmailVerificationMessage": "a {####}"},
            {
                "EmailVerificationMessage": "a {####}",
                "VerificationMessageTemplate": {**CODE, "EmailMessage": "a {####}"},
            },
        ),
        (
            {
                "EmailVerificationMessage": "a {####}",
                "VerificationMessageTemplate": {"EmailMessage": "b {####}"},
            },
            {
                "EmailVerificationMessage": "b {####}",
                "VerificationMessageTemplate": {**CODE, "EmailMessage": "b {####}"},
            },
        ),
        (
            {"LambdaConfig": {}, "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_LINK"}},
            {"LambdaConfig": {}, "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_LINK"}},
        ),
    ],
    ids=["empty", "text of the pool", "text of the template", "option"],
)
def test_texts_of_pool_and_template(pool: dict[str, Any], expected: dict[str, Any]) -> None:
    assert complete_pool(pool) == {"SchemaAttributes": [], **expected}


def test_limits_of_another_type() -> None:
    text_limits = {"StringAttributeConstraints": {"MaxLength": "9"}}
    attribute = {"Name": "name", "AttributeDataType": "String", **text_limits}
    pool = {"SchemaAttributes": [{**attribute, "NumberAttributeConstraints": {"MinValue": "1"}}]}

    assert complete_pool(pool)["SchemaAttributes"] == [attribute]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [('cognito:user_status = "confirmed"', [1]), ('"cognito:user_status"^="UNCONF"', [0])],
)
def test_filter_by_status(expression: str, expected: list[int]) -> None:
    users = [{"UserStatus": "UNCONFIRMED"}, {"UserStatus": "CONFIRMED"}]

    assert filter_by_status(users, expression) == [users[index] for index in expected]


@pytest.mark.parametrize(("size", "expected"), [(0, []), (1, ["c"]), (2, ["b", "c"]), (9, ["a", "b", "c"])])
def test_last_passwords(size: int, expected: list[str]) -> None:
    pool = {"Policies": {"PasswordPolicy": {"PasswordHistorySize": size}}}

    assert last_passwords(pool, {"_password": "c", "_previous_passwords": ["a", "b"]}) == expected


@pytest.mark.parametrize(("password", "is_valid"), [("Two words 2", True), ("Twowords2", False)])
def test_space_is_a_symbol(password: str, *, is_valid: bool) -> None:
    assert (find_policy_errors(cognito._password_policy_errors, {}, password) == []) is is_valid


def test_attribute_without_a_value() -> None:
    attributes = [
        {"Name": "email", "Value": "a@example.com"},
        {"Name": "name"},
        {"Name": "gender", "Value": None},
    ]

    assert read_attributes(attributes) == {"email": "a@example.com", "name": "", "gender": ""}
