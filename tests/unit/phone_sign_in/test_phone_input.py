"""All forms of a phone number are one number, and numbers that can't receive codes are refused."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from userprofiles.phone_sign_in.phone_input import PhoneNumberError, PhoneNumberProblem, normalize

ONE_NUMBER = [
    "+14155550123",
    "4155550123",
    "14155550123",
    "(415) 555-0123",
    "+1 (415) 555-0123",
    "415.555.0123",
    "415\u2013555\u20130123",
    "0014155550123",
    "00 1 415 555 0123",
    "01114155550123",
    "\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff12\uff13",  # full-width digits
    "\uff0b1415\uff15550123",
    "٤١٥٥٥٥٠١٢٣",
    "\u202a+1 415 555 0123\u202c",
    " 415\u00a0555\u00a00123 ",
    "415\u200b5550123",
]


def problem_of(*arguments, **keywords):
    with pytest.raises(PhoneNumberError) as error:
        normalize(*arguments, **keywords)
    assert str(error.value) == error.value.message
    return error.value.reason


@pytest.mark.parametrize("text", ONE_NUMBER)
def test_all_forms_of_a_number_are_one_number(text):
    assert normalize(text) == "+14155550123"


@pytest.mark.parametrize("country_code", ["44", "+44", 44, " 44 "])
def test_national_number_of_another_country(country_code):
    assert normalize("07911 123456", country_code) == "+447911123456"
    assert normalize("7911123456", country_code) == "+447911123456"


def test_number_with_a_plus_sign_needs_no_country_code():
    assert normalize("+44 (0)7911 123456", "1") == "+447911123456"


@pytest.mark.parametrize("country_code", [None, ""])
def test_default_country_code_is_used_without_another(country_code):
    assert normalize("07911 123456", country_code, default_country_code="44") == "+447911123456"
    assert normalize("4155550123", country_code) == "+14155550123"


@pytest.mark.parametrize("text", [None, "", "  ", "\u200b"])
def test_missing_number(text):
    assert problem_of(text) == PhoneNumberProblem.MISSING


@pytest.mark.parametrize("country_code", ["0", "x", "1234", "999", "-1", "800", "1.0", True, [], 0, "٤٤"])
def test_unknown_country_code(country_code):
    assert problem_of("4155550123", country_code) == PhoneNumberProblem.COUNTRY_CODE


@pytest.mark.parametrize(
    "text",
    [
        *("12", "+", "+1", "911", "+15555550123", "+999123456789", "415555012", "41555501234567"),
        *("1-800-FLOWERS", "415 555 CATS", "tel:+14155550123", "+14155550123;ext=5", "415 555 0123 x5"),
        *("4155550123\n4155550124", "4155550123\x00", "1" * 65, "{}", "💬"),
        *(4155550123, ["4155550123"], {}, True),
    ],
)
def test_invalid_number(text):
    assert problem_of(text) == PhoneNumberProblem.INVALID


@pytest.mark.parametrize("text", ["+19005550123", "+449098790000", "+448431234567", "+33892123456"])
def test_premium_number(text):
    assert problem_of(text) == PhoneNumberProblem.PREMIUM


@pytest.mark.parametrize(
    "text",
    ["+442083661177", "+18005550123", "+447012345678", "+443001234567", "+445512345678", "+447640123456"],
    ids=["fixed line", "toll free", "personal", "company", "VoIP", "pager"],
)
def test_number_that_cannot_receive_text_messages(text):
    assert problem_of(text) == PhoneNumberProblem.NOT_MOBILE


def test_number_of_a_country_outside_the_allow_list():
    assert normalize("+447400123456", allowed_countries=["US", "GB"]) == "+447400123456"
    assert problem_of("+447400123456", allowed_countries=["US"]) == PhoneNumberProblem.COUNTRY_NOT_ALLOWED


def test_countries_that_share_a_calling_code_are_different_countries():
    assert problem_of("+18765550123", allowed_countries=["US"]) == PhoneNumberProblem.COUNTRY_NOT_ALLOWED
    assert normalize("+18765550123", allowed_countries=["JM"]) == "+18765550123"


@given(st.text(max_size=70), st.one_of(st.none(), st.text(max_size=4)))
def test_any_text_is_refused_or_a_number_in_its_only_form(text, country_code):
    try:
        number = normalize(text, country_code)
    except PhoneNumberError:
        return
    assert normalize(number) == number


def test_libphonenumber_is_imported_for_the_first_number_only():
    program = (
        "import sys; from userprofiles.phone_sign_in.phone_input import normalize; "
        "before = 'phonenumbers' in sys.modules; normalize('4155550123'); "
        "print(before, 'phonenumbers' in sys.modules)"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout.split() == ["False", "True"]
