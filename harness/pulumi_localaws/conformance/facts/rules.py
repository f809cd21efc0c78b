"""What Cognito rejects: parameters, schemas, values, names, filters and passwords."""

import re

from pulumi_localaws.conformance.fact import fact
from pulumi_localaws.conformance.kit import Kit, create_address, expect, expect_error
from pulumi_localaws.conformance.pool import PASSWORD

_INVALID = "InvalidParameterException"


@fact(
    52,
    "Parameters outside the limits of the API reference are rejected",
    'API reference, "SignUp" and "ListUsers"',
)
def parameter_limits(kit: Kit) -> str:
    """Use a user name of 129 characters and a page of 61 users."""
    pool = kit.create_pool()
    key = {"ClientId": pool.client_id, "Username": "a" * 129}
    expect_error(_INVALID, pool.device.sign_up, **key, Password=PASSWORD)
    return expect_error(_INVALID, pool.admin.list_users, UserPoolId=pool.id, Limit=61)


@fact(
    53,
    "A pool with an impossible schema, or with both aliases and user name attributes, is rejected",
    'API reference, "CreateUserPool"; Developer Guide, "Working with user attributes"',
)
def impossible_pools(kit: Kit) -> str:
    """Create a pool with a required custom attribute, one with a minimum above the maximum, one with both."""
    create, text = kit.resources.create_pool, {"Name": "code", "AttributeDataType": "String"}
    limits = {"MinLength": "5", "MaxLength": "4"}
    expect_error(_INVALID, create, Schema=[{**text, "Required": True}])
    expect_error(_INVALID, create, Schema=[{**text, "StringAttributeConstraints": limits}])
    return expect_error(_INVALID, create, AliasAttributes=["email"], UsernameAttributes=["email"])


@fact(
    54,
    "A sign-up has each required attribute, and values conform to the schema",
    'API reference, "SchemaAttributeType"',
)
def attribute_values(kit: Kit) -> str:
    """Sign up without a required attribute, then with a value that is too long."""
    limits = {"MinLength": "2", "MaxLength": "4"}
    text = {"Name": "code", "AttributeDataType": "String", "StringAttributeConstraints": limits}
    schema = [{**text, "Mutable": True}, {"Name": "name", "Required": True, "Mutable": True}]
    pool = kit.create_pool(Schema=schema)
    pool.client_id = pool.create_client(WriteAttributes=["custom:code", "email", "name"])
    pool.sign_up(create_address(), {"name": "Ann", "custom:code": "abcd"})
    expect_error(_INVALID, pool.sign_up, name=create_address(), attributes={"custom:code": "abcd"})
    attributes = {"name": "Ann", "custom:code": "abcde"}
    return expect_error(_INVALID, pool.sign_up, name=create_address(), attributes=attributes)


@fact(55, "A user name must not have the form of an address that is an alias", "amplify-js#8800 and #5313")
def names_like_addresses(kit: Kit) -> str:
    """Sign up with an address as user name, and with an address without domain."""
    pool = kit.create_pool(UsernameAttributes=None, AliasAttributes=["email"])
    attributes = {"email": create_address()}
    error = expect_error(_INVALID, pool.sign_up, name=create_address(), attributes=attributes)
    expect_error(_INVALID, pool.sign_up, name="ann", attributes={"email": "ann"})
    return error


@fact(56, "CodeDeliveryDetails show a masked address", 'API reference, "CodeDeliveryDetailsType"')
def masked_address(kit: Kit) -> str:
    """Sign up in a pool that verifies e-mail addresses."""
    pool = kit.create_pool(AutoVerifiedAttributes=["email"])
    details = pool.sign_up(create_address())["CodeDeliveryDetails"]
    return expect("destination", details["Destination"], "s***@s***")


@fact(
    57,
    "ForgotPassword needs a verified address",
    "amazon-cognito-identity-js#678",
)
def unverified_address(kit: Kit) -> str:
    """Call it for a user without a verified address, through a client that does not hide users."""
    pool, name = kit.create_pool(), create_address()
    pool.client_id = pool.create_client(PreventUserExistenceErrors="LEGACY")
    pool.add_user(name)
    return expect_error(_INVALID, pool.device.forgot_password, ClientId=pool.client_id, Username=name)


@fact(58, "The filter of ListUsers names a searchable attribute", 'API reference, "ListUsers" (Filter)')
def filters(kit: Kit) -> str:
    """Search by a prefix and by a status, then by a custom attribute and without an operator."""
    pool, name = kit.create_pool(), create_address()
    pool.add_user(name)
    users = pool.admin.list_users
    for text in (f'email ^= "{name[:16]}"', 'cognito:user_status = "CONFIRMED"'):
        expect(f"users with {text[:20]}", len(users(UserPoolId=pool.id, Filter=text)["Users"]), 1)
    expect_error(_INVALID, users, UserPoolId=pool.id, Filter="email")
    return expect_error(_INVALID, users, UserPoolId=pool.id, Filter='custom:role = "x"')


@fact(
    59,
    "Client IDs are lower-case letters and digits; a password of the history can't be set again",
    'API reference, "PasswordPolicyType" (PasswordHistorySize)',
)
def client_ids_and_password_history(kit: Kit) -> str:
    """Set the current password again."""
    policy = {"PasswordPolicy": {"MinimumLength": 8, "PasswordHistorySize": 2}}
    pool, name = kit.create_pool(Policies=policy), create_address()
    form = bool(re.fullmatch("[a-z0-9]+", pool.client_id))
    expect("client ID of lower-case letters and digits", form, expected=True)
    pool.add_user(name)
    key = {"UserPoolId": pool.id, "Username": name}
    call = pool.admin.admin_set_user_password
    code = "PasswordHistoryPolicyViolationException"
    return expect_error(code, call, **key, Password=PASSWORD, Permanent=True)
