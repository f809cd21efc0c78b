"""A user's own change of address, and what fires no trigger."""

from typing import Any

import pytest
from conformance_fake import Clock, Fake, Gateway, error_of
from pulumi_localaws.gateway.wire.http_messages import Request


def change(gateway: Gateway, **values: str) -> Any:
    attributes = [{"Name": k, "Value": v} for k, v in values.items()]
    token = gateway.token("ann@example.com")
    return gateway.call("UpdateUserAttributes", AccessToken=token, UserAttributes=attributes)


def verify(gateway: Gateway, code: str, attribute: str = "email") -> Any:
    token = gateway.token("ann@example.com")
    return gateway.call("VerifyUserAttribute", AccessToken=token, AttributeName=attribute, Code=code)


def code_from_inbox(gateway: Gateway, address: str) -> str:
    answer = gateway.request(Request("GET", "/_ministack/ses/messages"))
    sent = [m for ms in answer.json()["messages"].values() for m in ms if m["To"] == [address]]
    return str(sent[-1]["BodyText"][-6:])


@pytest.fixture
def held(fake: Fake) -> dict[str, str]:
    fake.pool["UserAttributeUpdateSettings"] = {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    attributes: dict[str, str] = fake.user("ann@example.com", email_verified="true")["attributes"]
    return attributes


def test_the_old_address_stays_until_the_new_is_verified(gateway: Gateway, held: dict[str, str]) -> None:
    """Line 21 (doc): AttributesRequireVerificationBeforeUpdate."""
    answer = change(gateway, email="new@example.com", name="Ann")

    delivery = {"Destination": "n***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    assert [delivery] == answer.json()["CodeDeliveryDetailsList"]
    assert ("ann@example.com", "true", "Ann") == (held["email"], held["email_verified"], held["name"])


def test_the_code_makes_the_new_address_count(gateway: Gateway, held: dict[str, str]) -> None:
    """Line 21 (doc): VerifyUserAttribute; the code is good once."""
    change(gateway, email="new@example.com")
    code = code_from_inbox(gateway, "new@example.com")
    token = gateway.token("ann@example.com")
    data = {"AccessToken": token, "AttributeName": "email", "Code": code}

    first, second = gateway.call("VerifyUserAttribute", **data), gateway.call("VerifyUserAttribute", **data)

    assert (200, "ExpiredCodeException") == (first.status, error_of(second)[0])
    assert ("new@example.com", "true") == (held["email"], held["email_verified"])


def test_a_wrong_or_old_code_changes_nothing(gateway: Gateway, held: dict[str, str], clock: Clock) -> None:
    """Line 26 (doc): CodeMismatchException, and after a day ExpiredCodeException."""
    change(gateway, email="new@example.com")
    code = code_from_inbox(gateway, "new@example.com")

    wrong = error_of(verify(gateway, "nope"))[0]
    clock.now += 25 * 3600
    old = error_of(verify(gateway, code))[0]

    assert ("CodeMismatchException", "ExpiredCodeException") == (wrong, old)
    assert "ann@example.com" == held["email"]


def test_another_code_may_be_asked_for(gateway: Gateway, held: dict[str, str]) -> None:
    """Line 21 (doc): GetUserAttributeVerificationCode sends a new one to the new address."""
    change(gateway, email="new@example.com")
    token = gateway.token("ann@example.com")

    gateway.call("GetUserAttributeVerificationCode", AccessToken=token, AttributeName="email")
    verify(gateway, code_from_inbox(gateway, "new@example.com"))

    assert "new@example.com" == held["email"]


def test_a_new_phone_is_verified_by_sms(gateway: Gateway, fake: Fake) -> None:
    """Lines 21 and 32 (doc): without the setting the new number is there at once, unverified."""
    stored = fake.user("ann@example.com")["attributes"]
    change(gateway, phone_number="+491701234567")
    before = dict(stored)

    verify(gateway, fake.sms[0][1][-6:], "phone_number")

    assert ("+491701234567", "false") == (before["phone_number"], before["phone_number_verified"])
    assert "true" == stored["phone_number_verified"]


@pytest.mark.parametrize("action", ["UpdateUserAttributes", "AdminUpdateUserAttributes"])
def test_an_address_of_another_user_is_refused(gateway: Gateway, fake: Fake, action: str) -> None:
    """Line 23 (doc): in any case, for administrators too; one's own in another case is one's own."""
    fake.user("ann@example.com")
    fake.user("Bob@Example.com")
    who = {"Username": "ann@example.com", "AccessToken": gateway.token("ann@example.com")}

    def write(address: str) -> Any:
        return gateway.call(action, UserAttributes=[{"Name": "email", "Value": address}], **who)

    expected = ("AliasExistsException", "An account with the given email already exists.")
    assert expected == error_of(write("bob@example.com"))
    assert 200 == write("Ann@example.com").status


def test_a_forged_token_verifies_nothing(gateway: Gateway, fake: Fake) -> None:
    """Line 29 (doc): the backend's word on the token comes first."""
    fake.user("ann@example.com")
    change(gateway, phone_number="+491701234567")
    fake.refusals = {"GetUser": "NotAuthorizedException"}

    response = verify(gateway, fake.sms[0][1][-6:], "phone_number")

    assert "NotAuthorizedException" == error_of(response)[0]


def test_neither_deletion_nor_a_changed_attribute_fires_anything(gateway: Gateway, fake: Fake) -> None:
    """Line 16 (doc): there is no trigger for either."""
    fake.user("ann@example.com")
    token = gateway.token("ann@example.com")
    fake.trigger("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "UserMigration")
    attributes = [{"Name": "name", "Value": "Ann"}]

    gateway.call("UpdateUserAttributes", AccessToken=token, UserAttributes=attributes)
    gateway.call("AdminUpdateUserAttributes", Username="ann@example.com", UserAttributes=attributes)
    gateway.call("AdminDeleteUser", Username="ann@example.com")

    assert [] == fake.events


def test_triggers_that_never_fire_are_told(gateway: Gateway) -> None:
    """Our own rule: nothing is silently dropped."""
    config = {"CustomSMSSender": {"LambdaArn": "x"}, "PostConfirmation": "x"}

    response = gateway.call("UpdateUserPool", LambdaConfig=config)

    assert ("x-localaws-warning", "never fired here: CustomSMSSender") in response.headers
    assert "triggers that never fire here: CustomSMSSender" in gateway.router.journal[-1].notes


def test_twins_at_once(gateway: Gateway, fake: Fake) -> None:
    """Line 23 (doc): of two that come together one signs up."""
    names = ["ann@example.com", "Ann@example.com", "ANN@example.com"]
    requests = [gateway.make("SignUp", Username=n, Password="x", UserAttributes=[]) for n in names]

    statuses = sorted(r.status for r in gateway.gather(*requests))

    assert ([200, 400, 400], 1) == (statuses, len(fake.users))
