"""The address with which a user signs in."""

import pytest
from userprofiles import template
from userprofiles.login_field import get_login_field


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ({"email": "ana@example.com", "phone_number": "4155550100"}, "ana@example.com"),
        ({"email": None, "country_code": "44", "phone_number": "7400123456"}, "+447400123456"),
        ({"phone_number": "4155550100"}, "+14155550100"),
        ({"email": "", "phone_number": None}, ""),
    ],
    ids=["e-mail first", "phone", "default country code", "neither"],
)
def test_the_email_comes_before_the_phone_number(account, expected):
    assert get_login_field(account) == expected


def test_the_fields_are_those_of_the_template_social():
    fields = template.load("social").schema("account", "user")["properties"]

    assert {"email", "country_code", "phone_number"} <= set(fields)
