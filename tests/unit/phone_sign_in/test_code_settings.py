"""Settings of the functions that create and check codes."""

import pytest
from userprofiles.phone_sign_in.code_settings import CodeLimits, CodeSettings
from userprofiles.settings import SettingsError

REQUIRED = {"CODES_TABLE": "codes", "CODE_KEY_ID": "key"}


def test_defaults():
    assert CodeSettings.from_environment(REQUIRED) == CodeSettings("codes", "key", "1", (), CodeLimits())
    assert CodeLimits().valid_seconds == 180


def test_all_settings():
    environment = {
        "DEFAULT_COUNTRY_CODE": "44",
        "ALLOWED_COUNTRIES": "GB, US",
        "CODE_DIGITS": "8",
        "RESEND_SECONDS": "60",
        "CODES_PER_HOUR": "3",
        "CODES_PER_DAY": "9",
    }

    settings = CodeSettings.from_environment(REQUIRED | environment)

    assert (settings.default_country_code, settings.allowed_countries) == ("44", ("GB", "US"))
    assert settings.limits == CodeLimits(digits=8, resend_seconds=60, codes_per_hour=3, codes_per_day=9)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("CODE_DIGITS", "5", "CODE_DIGITS must be a whole number from 6 to 8, got '5'."),
        ("RESEND_SECONDS", "x", "RESEND_SECONDS must be a whole number from 30 to 120, got 'x'."),
        ("CODES_PER_HOUR", "0", "CODES_PER_HOUR must be a whole number from 1 to 20, got '0'."),
        ("CODES_PER_DAY", "-1", "CODES_PER_DAY must be a whole number from 1 to 100, got '-1'."),
        (
            "DEFAULT_COUNTRY_CODE",
            "+1",
            "DEFAULT_COUNTRY_CODE must have 1 to 3 digits, such as 1 or 44, got '+1'.",
        ),
        (
            "ALLOWED_COUNTRIES",
            "US,gb",
            "ALLOWED_COUNTRIES must be ISO codes of two capital letters, such as US,GB, got 'gb'.",
        ),
        ("CODES_TABLE", "", "The environment variable CODES_TABLE is not set. The function requires it."),
    ],
)
def test_wrong_setting(name, value, message):
    with pytest.raises(SettingsError) as error:
        CodeSettings.from_environment({**REQUIRED, name: value})
    assert str(error.value) == message
