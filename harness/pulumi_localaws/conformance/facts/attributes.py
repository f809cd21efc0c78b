"""Which attributes can be written, read and deleted, and by whom."""

from pulumi_localaws.conformance.fact import fact
from pulumi_localaws.conformance.kit import Kit, create_address, expect, expect_error, name_value_pairs

_PERMISSIONS = 'Developer Guide, "Attribute permissions and scopes"'
_ROLE = "custom:role"


@fact(
    15, "A client without write attributes can write the standard attributes and no custom one", _PERMISSIONS
)
def default_write_attributes(kit: Kit) -> str:
    """Sign up with a standard attribute, then with a custom one."""
    pool = kit.create_pool()
    pool.sign_up(create_address(), {"name": "Ann"})
    return expect_error(
        "NotAuthorizedException",
        pool.device.sign_up,
        ClientId=pool.client_id,
        Username=create_address(),
        Password="Correct-horse-1!",  # noqa: S106 of a generated user
        UserAttributes=name_value_pairs(**{_ROLE: "admin"}),
    )


@fact(21, "A client can't write an attribute outside its write attributes, nor email_verified", _PERMISSIONS)
def write_attributes(kit: Kit) -> str:
    """Change attributes that the client may not write."""
    pool = kit.create_pool()
    pool.client_id = pool.create_client(WriteAttributes=["email", "name"])
    name = create_address()
    pool.add_user(name)
    token = pool.sign_in(name)["AccessToken"]
    update = pool.device.update_user_attributes
    update(AccessToken=token, UserAttributes=name_value_pairs(name="Ann"))
    error = ""
    for values in ({"locale": "de"}, {"email_verified": "true"}):
        pairs = name_value_pairs(**values)
        error = expect_error("NotAuthorizedException", update, AccessToken=token, UserAttributes=pairs)
    return error


@fact(
    22,
    "An immutable attribute can't be changed, by an administrator either",
    'API reference, "SchemaAttributeType" (Mutable)',
)
def immutable_attributes(kit: Kit) -> str:
    """Change the role as user and as administrator."""
    pool, name = kit.create_pool(), create_address()
    pool.client_id = pool.create_client(WriteAttributes=["email", _ROLE], ReadAttributes=["email", _ROLE])
    pool.add_user(name, **{_ROLE: "customer"})
    token = pool.sign_in(name)["AccessToken"]
    pairs = name_value_pairs(**{_ROLE: "admin"})
    code = "InvalidParameterException"
    expect_error(code, pool.device.update_user_attributes, AccessToken=token, UserAttributes=pairs)
    key = {"UserPoolId": pool.id, "Username": name}
    return expect_error(code, pool.admin.admin_update_user_attributes, **key, UserAttributes=pairs)


@fact(33, "A phone number must be in E.164 format", 'Developer Guide, "Working with user attributes"')
def phone_numbers(kit: Kit) -> str:
    """Sign up with a national number."""
    pool = kit.create_pool()
    return expect_error(
        "InvalidParameterException",
        pool.device.sign_up,
        ClientId=pool.client_id,
        Username=create_address(),
        Password="Correct-horse-1!",  # noqa: S106 of a generated user
        UserAttributes=name_value_pairs(phone_number="0170 1234567"),
    )


@fact(37, "GetUser returns only the client's read attributes", _PERMISSIONS)
def read_attributes(kit: Kit) -> str:
    """Read a user through two clients."""
    pool, name = kit.create_pool(), create_address()
    pool.add_user(name, **{_ROLE: "customer", "name": "Ann"})
    observation = {}
    for readable in ("email", _ROLE):
        pool.client_id = pool.create_client(ReadAttributes=[readable])
        user = pool.device.get_user(AccessToken=pool.sign_in(name)["AccessToken"])
        observation[readable] = sorted(entry["Name"] for entry in user["UserAttributes"])
    return expect("attributes by client", observation, {"email": ["email", "sub"], _ROLE: [_ROLE, "sub"]})


@fact(
    50,
    "Attributes can be deleted, but by no client that can't write them, and never an immutable one",
    'API reference, "DeleteUserAttributes" and "AdminDeleteUserAttributes"',
)
def deleted_attributes(kit: Kit) -> str:
    """Delete attributes as user and as administrator."""
    pool, name = kit.create_pool(), create_address()
    pool.client_id = pool.create_client(WriteAttributes=["email", "name"])
    pool.add_user(name, name="Ann", nickname="A", **{_ROLE: "customer"})
    token = pool.sign_in(name)["AccessToken"]
    delete, delete_by_admin = pool.device.delete_user_attributes, pool.admin.admin_delete_user_attributes
    key = {"UserPoolId": pool.id, "Username": name}
    delete(AccessToken=token, UserAttributeNames=["name"])
    delete_by_admin(**key, UserAttributeNames=["nickname"])
    remaining_names = {"name", "nickname"} & {
        entry["Name"] for entry in pool.admin.admin_get_user(**key)["UserAttributes"]
    }
    expect("attributes that are left", sorted(remaining_names), [])
    expect_error("NotAuthorizedException", delete, AccessToken=token, UserAttributeNames=["locale"])
    code = "InvalidParameterException"
    return expect_error(code, delete_by_admin, **key, UserAttributeNames=[_ROLE])
