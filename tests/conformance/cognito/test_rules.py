"""What Cognito refuses: attributes, phones, deletion, states, codes."""

from typing import Any

import pytest
from conformance_fake import Clock, Fake, Gateway, error_of
from pulumi_localaws.gateway.wire.http_messages import Request

UNAUTHORIZED = ("NotAuthorizedException", "A client attempted to write unauthorized attribute")


def written(**values: str) -> list[dict[str, str]]:
    return [{"Name": name.replace("__", ":"), "Value": value} for name, value in values.items()]


def confirm(gateway: Gateway, code: str = "123456") -> Any:
    return gateway.call("ConfirmSignUp", Username="ann@example.com", ConfirmationCode=code)


@pytest.mark.parametrize("name", ["address", "custom:other", "email_verified"])
def test_sign_up_with_an_attribute_outside_the_write_attributes(gateway: Gateway, name: str) -> None:
    """Lines 15 and 21 (doc): checked at sign-up as well."""
    assert UNAUTHORIZED == error_of(gateway.sign_up(attributes={name: "x"}))


def test_sign_up_with_the_attributes_it_may_write(gateway: Gateway) -> None:
    """Line 21 (doc): custom:role is in the write attributes."""
    assert 200 == gateway.sign_up(attributes={"custom:role": "vendor", "name": "Ann"}).status


def test_update_with_an_attribute_outside_the_write_attributes(gateway: Gateway, fake: Fake) -> None:
    """Line 21 (doc): UpdateUserAttributes."""
    fake.user("ann@example.com")
    token = gateway.token("ann@example.com")

    response = gateway.call("UpdateUserAttributes", AccessToken=token, UserAttributes=written(address="x"))

    assert (UNAUTHORIZED, None) == (error_of(response), fake.users["sub-0"]["attributes"].get("address"))


def test_a_client_without_write_attributes(gateway: Gateway, fake: Fake) -> None:
    """Line 15 (doc): may write the standard attributes and no custom one."""
    fake.client["WriteAttributes"] = []

    standard = gateway.sign_up("a@example.com", attributes={"name": "Ann", "locale": "de"})
    custom = gateway.sign_up("b@example.com", attributes={"custom:role": "vendor"})

    assert (200, UNAUTHORIZED) == (standard.status, error_of(custom))


@pytest.mark.parametrize("name", ["email_verified", "phone_number_verified"])
@pytest.mark.parametrize("write_attributes", [[], ["email", "email_verified", "phone_number_verified"]])
def test_no_client_verifies_an_address_itself(
    gateway: Gateway, fake: Fake, name: str, write_attributes: list[str]
) -> None:
    """Line 21 (doc): ``*_verified`` from a client, whatever its write attributes say."""
    fake.client["WriteAttributes"] = write_attributes

    assert UNAUTHORIZED == error_of(gateway.sign_up(attributes={name: "true"}))


def test_a_changed_address_is_unverified(gateway: Gateway, fake: Fake) -> None:
    """Line 21 (doc): a changed e-mail has to be verified anew; the same one stays as it is."""
    fake.user(
        "ann@example.com", email_verified="true", phone_number="+4917012345", phone_number_verified="true"
    )
    token = gateway.token("ann@example.com")

    attributes = written(email="new@example.com", phone_number="+4917012345")
    gateway.call("UpdateUserAttributes", AccessToken=token, UserAttributes=attributes)

    stored = fake.users["sub-0"]["attributes"]
    assert ("false", "true") == (stored["email_verified"], stored["phone_number_verified"])


@pytest.mark.parametrize(
    ("read_attributes", "expected"),
    [
        ([], ["email", "email_verified", "name", "sub"]),
        (["email"], ["email", "sub"]),
        (["email", "custom:role"], ["custom:role", "email", "sub"]),
    ],
)
def test_a_user_reads_what_the_client_may_read(
    gateway: Gateway, fake: Fake, read_attributes: list[str], expected: list[str]
) -> None:
    """Line 37 (doc): GetUser; without read attributes no custom one. An administrator sees all."""
    fake.client["ReadAttributes"] = read_attributes
    fake.user("ann@example.com", email_verified="true", name="Ann", **{"custom:role": "customer"})

    own = gateway.call("GetUser", AccessToken=gateway.token("ann@example.com")).json()
    admins = gateway.call("AdminGetUser", Username="ann@example.com").json()

    assert expected == sorted(a["Name"] for a in own["UserAttributes"])
    assert "custom:role" in {a["Name"] for a in admins["UserAttributes"]}


@pytest.mark.parametrize("action", ["UpdateUserAttributes", "AdminUpdateUserAttributes"])
def test_an_immutable_attribute_stays(gateway: Gateway, fake: Fake, action: str) -> None:
    """Line 22 (doc): nobody changes it, the administrator neither."""
    fake.user("ann@example.com", **{"custom:role": "customer"})
    who = {"Username": "ann@example.com", "AccessToken": gateway.token("ann@example.com")}

    response = gateway.call(action, UserAttributes=written(custom__role="admin"), **who)

    expected = ("InvalidParameterException", "user.custom:role: Attribute cannot be updated.")
    assert (expected, "customer") == (error_of(response), fake.users["sub-0"]["attributes"]["custom:role"])


def test_a_mutable_attribute_is_the_administrators(gateway: Gateway, fake: Fake) -> None:
    """Line 22 (doc): what is mutable passes, ``email_verified`` by an administrator too."""
    fake.user("ann@example.com")
    attributes = written(email="new@example.com", email_verified="true")

    response = gateway.call(
        "AdminUpdateUserAttributes", Username="ann@example.com", UserAttributes=attributes
    )

    assert (200, "true") == (response.status, fake.users["sub-0"]["attributes"]["email_verified"])


def test_a_protected_pool_is_not_deleted(gateway: Gateway, fake: Fake) -> None:
    """Line 24 (doc; text seen in localstack#11947)."""
    fake.pool["DeletionProtection"] = "ACTIVE"

    response = gateway.call("DeleteUserPool")

    text = (
        "The user pool cannot be deleted because deletion protection is activated. "
        "Deletion protection must be inactivated first."
    )
    assert ("InvalidParameterException", text) == error_of(response)
    assert "DeleteUserPool" not in fake.calls


def test_a_pool_without_protection_is_deleted(gateway: Gateway, fake: Fake) -> None:
    """Line 24 (doc): after UpdateUserPool has turned it off."""
    fake.pool["DeletionProtection"] = "ACTIVE"
    gateway.call("UpdateUserPool", DeletionProtection="INACTIVE")

    assert 200 == gateway.call("DeleteUserPool").status


@pytest.mark.parametrize("number", ["0170123456", "+0170123456", "+49 170 123456", "+4917012345678901", "+1"])
@pytest.mark.parametrize(
    "action", ["SignUp", "AdminCreateUser", "AdminUpdateUserAttributes", "UpdateUserAttributes"]
)
def test_a_phone_number_that_is_not_e164(gateway: Gateway, fake: Fake, action: str, number: str) -> None:
    """Line 33 (doc): wherever it is written."""
    fake.user("ann@example.com")
    who = {"AccessToken": gateway.token("ann@example.com"), "Password": "x"}
    name = "bob@example.com" if action in {"SignUp", "AdminCreateUser"} else "ann@example.com"

    response = gateway.call(action, Username=name, UserAttributes=written(phone_number=number), **who)

    assert ("InvalidParameterException", "Invalid phone number format.") == error_of(response)


def test_a_phone_number_as_user_name_that_is_not_e164(gateway: Gateway) -> None:
    """Line 33 (doc): as user name."""
    assert "InvalidParameterException" == error_of(gateway.sign_up("+0170123456"))[0]


def test_confirming_twice_by_an_administrator(gateway: Gateway, fake: Fake) -> None:
    """Line 14 (doc): the second time is refused, and fires nothing."""
    fake.trigger("PostConfirmation")
    fake.user("ann@example.com")

    response = gateway.call("AdminConfirmSignUp", Username="ann@example.com")

    expected = ("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
    assert (expected, []) == (error_of(response), fake.events)


def test_a_temporary_password_is_not_reset_by_its_user(gateway: Gateway, fake: Fake) -> None:
    """Line 35 (seen in amplify-js#1340 and #2955)."""
    fake.user("ann@example.com", status="FORCE_CHANGE_PASSWORD")

    response = gateway.call("ForgotPassword", Username="ann@example.com")

    expected = ("NotAuthorizedException", "User password cannot be reset in the current state.")
    assert (expected, []) == (error_of(response), fake.emails)


def test_too_many_wrong_codes(gateway: Gateway, fake: Fake, clock: Clock) -> None:
    """Line 26 (doc): after five wrong ones even the right one is refused, for a while."""
    gateway.sign_up()
    codes = [error_of(confirm(gateway, f"00000{i}"))[0] for i in range(5)]

    limited = error_of(confirm(gateway))[0]
    clock.now += 3_600

    assert ["CodeMismatchException"] * 5 + ["LimitExceededException"] == [*codes, limited]
    assert 200 == confirm(gateway).status


def test_wrong_codes_of_one_user_do_not_lock_another(gateway: Gateway) -> None:
    """Line 26 (doc): counted for each user."""
    gateway.sign_up("bob@example.com")
    gateway.sign_up()
    for i in range(5):
        gateway.call("ConfirmSignUp", Username="bob@example.com", ConfirmationCode=f"00000{i}")

    assert 200 == confirm(gateway).status


@pytest.mark.parametrize(("seconds", "status"), [(24 * 3600 - 1, 200), (24 * 3600 + 1, 400)])
def test_a_sign_up_code_is_good_for_a_day(gateway: Gateway, clock: Clock, seconds: int, status: int) -> None:
    """Line 26 (doc): 24 hours, then ExpiredCodeException."""
    gateway.sign_up()
    clock.now += seconds

    response = confirm(gateway)

    assert status == response.status
    assert status == 200 or error_of(response)[0] == "ExpiredCodeException"


def test_a_new_code_is_good_again(gateway: Gateway, clock: Clock) -> None:
    """Line 26 (doc): ResendConfirmationCode."""
    gateway.sign_up()
    clock.now += 48 * 3600
    gateway.call("ResendConfirmationCode", Username="ann@example.com")

    assert 200 == confirm(gateway).status


def test_a_reset_code_is_good_for_an_hour(gateway: Gateway, fake: Fake, clock: Clock) -> None:
    """Line 26 (doc): 1 hour for a forgotten password."""
    fake.user("ann@example.com")
    gateway.call("ForgotPassword", Username="ann@example.com")
    clock.now += 3_601

    response = gateway.call(
        "ConfirmForgotPassword", Username="ann@example.com", ConfirmationCode="654321", Password="x"
    )

    assert "ExpiredCodeException" == error_of(response)[0]


def test_both_addresses_get_the_code_by_sms_only(gateway: Gateway, fake: Fake) -> None:
    """Line 32 (doc): and the inbox of e-mails shows none."""
    response = gateway.sign_up(attributes={"phone_number": "+491701234567"})

    delivery = {"Destination": "+*******4567", "DeliveryMedium": "SMS", "AttributeName": "phone_number"}
    assert delivery == response.json()["CodeDeliveryDetails"]
    assert [("+491701234567", "Your verification code is 123456")] == fake.sms
    assert [[]] == list(inbox(gateway).values())


def test_confirming_by_sms_verifies_the_phone_alone(gateway: Gateway, fake: Fake) -> None:
    """Line 32 (doc): only the address that the code went to."""
    gateway.sign_up(attributes={"phone_number": "+491701234567"})

    confirm(gateway)

    stored = fake.users["sub-0"]["attributes"]
    assert ("true", None) == (stored["phone_number_verified"], stored.get("email_verified"))


def test_without_a_phone_the_code_goes_by_e_mail(gateway: Gateway, fake: Fake) -> None:
    """Line 32 (doc): the other way round."""
    gateway.sign_up()

    assert ([], 1) == (fake.sms, len(next(iter(inbox(gateway).values()))))


def test_a_phone_that_is_not_to_be_verified_gets_no_code(gateway: Gateway, fake: Fake) -> None:
    """Line 32 (doc): both given, one to be verified."""
    fake.pool["AutoVerifiedAttributes"] = ["email"]

    gateway.sign_up(attributes={"phone_number": "+491701234567"})

    assert ([], 1) == (fake.sms, len(next(iter(inbox(gateway).values()))))


def test_the_pools_own_text_is_sent(gateway: Gateway, fake: Fake) -> None:
    """Line 32 (doc): SmsVerificationMessage with the code in its place; again at a resend."""
    fake.pool["SmsVerificationMessage"] = "Shop: {####}!"
    gateway.sign_up("+491701234567")

    gateway.call("ResendConfirmationCode", Username="+491701234567")

    assert [("+491701234567", "Shop: 123456!")] * 2 == fake.sms


def test_a_forgotten_password_goes_to_the_verified_phone(gateway: Gateway, fake: Fake) -> None:
    """Line 32 (doc): AccountRecoverySetting decides; without one the verified phone comes first."""
    fake.user(
        "ann@example.com", phone_number="+491701234567", phone_number_verified="true", email_verified="true"
    )

    gateway.call("ForgotPassword", Username="ann@example.com")
    fake.pool["AccountRecoverySetting"] = {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]}
    response = gateway.call("ForgotPassword", Username="ann@example.com")

    assert [("+491701234567", "Your verification code is 654321")] == fake.sms
    assert "EMAIL" == response.json()["CodeDeliveryDetails"]["DeliveryMedium"]


def inbox(gateway: Gateway) -> dict[str, list[dict[str, Any]]]:
    messages: dict[str, list[dict[str, Any]]] = gateway.request(
        Request("GET", "/_ministack/ses/messages")
    ).json()["messages"]
    return messages
