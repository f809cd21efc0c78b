"""Attributes and changed addresses on a running local AWS."""

import uuid

import pytest
from botocore.exceptions import ClientError
from conformance_aws import AwsResources, name_value_pairs, unique_email
from conformance_pool import PoolUnderTest, error_of


def test_changed_address_is_verified_by_code(aws: AwsResources) -> None:
    """Line 21 (doc): the old address stays until the user enters the code sent to the new one."""
    settings = {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    pool, email, new_email = (
        PoolUnderTest(aws, UserAttributeUpdateSettings=settings),
        unique_email(),
        unique_email(),
    )
    pool.sign_up_and_confirm(email)
    token = pool.sign_in(email)["AccessToken"]

    aws.cognito.update_user_attributes(AccessToken=token, UserAttributes=name_value_pairs(email=new_email))
    before = pool.describe_user(email)
    code = next(m["BodyText"][-6:] for m in aws.read_inbox() if m["To"] == [new_email])
    aws.cognito.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)

    after = pool.describe_user(new_email)
    assert (before["email"], after["email"]) == (email, new_email)
    assert (before["email_verified"], after["email_verified"]) == ("true", "true")


def test_first_number_is_stored_after_its_code_and_a_blank_value_deletes_it(aws: AwsResources) -> None:
    """Line 21 (doc): for the user and for an administrator, who can also declare it verified."""
    settings = {"AttributesRequireVerificationBeforeUpdate": ["phone_number"]}
    pool, email = PoolUnderTest(aws, UserAttributeUpdateSettings=settings), unique_email()
    number = f"+4917{uuid.uuid4().int % 10**8:08d}"
    pool.sign_up_and_confirm(email)
    token = pool.sign_in(email)["AccessToken"]
    key = {"UserPoolId": pool.id, "Username": email}

    def change(**values: str) -> str | None:
        aws.cognito.admin_update_user_attributes(**key, UserAttributes=name_value_pairs(**values))
        return pool.describe_user(email).get("phone_number")

    aws.cognito.update_user_attributes(
        AccessToken=token, UserAttributes=name_value_pairs(phone_number=number)
    )
    by_user = pool.describe_user(email).get("phone_number")
    by_administrator = change(phone_number=number)
    messages = aws.get("/_ministack/sns/sms-messages")[1]["sms_messages"][number]
    aws.cognito.verify_user_attribute(
        AccessToken=token, AttributeName="phone_number", Code=messages[-1]["Message"][-6:]
    )
    verified = pool.describe_user(email)
    deleted, declared = change(phone_number=""), change(phone_number=number, phone_number_verified="true")

    assert (by_user, by_administrator, len(messages)) == (None, None, 2)
    assert (verified["phone_number"], verified["phone_number_verified"]) == (number, "true")
    assert (deleted, declared) == (None, number)


def test_code_for_both_addresses_is_sent_only_by_sms(aws: AwsResources) -> None:
    """Line 32 (doc): the SMS inbox contains the code, the e-mail inbox does not."""
    pool, email = PoolUnderTest(aws), unique_email()
    number = f"+4917{uuid.uuid4().int % 10**8:08d}"

    response = pool.sign_up(email, attributes={"phone_number": number})
    pool.confirm(email)

    sms = aws.get("/_ministack/sns/sms-messages")[1]["sms_messages"]
    assert response["CodeDeliveryDetails"]["DeliveryMedium"] == "SMS"
    assert [m["Message"] for m in sms[number]] == ["Your verification code is 123456"]
    assert [m for m in aws.read_inbox() if m["To"] == [email]] == []
    assert (
        pool.describe_user(email)["phone_number_verified"],
        pool.describe_user(email).get("email_verified"),
    ) == ("true", None)


def test_groups_and_lists_of_users(aws: AwsResources) -> None:
    """Line 51 (doc): pages of groups, chosen attributes, a changed group; other actions are named."""
    pool, email = PoolUnderTest(aws), unique_email()
    pool.sign_up(email, attributes={"name": "Ada"})
    cognito, key = aws.cognito, {"UserPoolId": pool.id, "Username": email}
    for name in ("a", "b", "c"):
        cognito.create_group(UserPoolId=pool.id, GroupName=name, Description="old", Precedence=7)
        cognito.admin_add_user_to_group(**key, GroupName=name)

    changed = cognito.update_group(UserPoolId=pool.id, GroupName="a", Description="new")["Group"]
    first = cognito.admin_list_groups_for_user(**key, Limit=2)
    second = cognito.admin_list_groups_for_user(**key, Limit=2, NextToken=first["NextToken"])
    [user] = cognito.list_users(UserPoolId=pool.id, AttributesToGet=["name"])["Users"]

    assert (changed["Description"], changed["Precedence"]) == ("new", 7)
    assert [len(page["Groups"]) for page in (first, second)] == [2, 1]
    assert "NextToken" not in second
    assert user["Attributes"] == [{"Name": "name", "Value": "Ada"}]
    with pytest.raises(ClientError, match="does not have Cognito's action GetUserAuthFactors"):
        cognito.get_user_auth_factors(AccessToken="x")
    with pytest.raises(ClientError) as exc_info:
        cognito.update_group(UserPoolId=pool.id, GroupName="unknown")
    assert error_of(exc_info)[0] == "ResourceNotFoundException"
