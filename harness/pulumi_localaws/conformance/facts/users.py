"""User names, pools, groups, and the permissions of callers."""

import json

from pulumi_localaws.conformance.fact import fact
from pulumi_localaws.conformance.kit import Kit, create_address, expect, expect_error
from pulumi_localaws.conformance.pool import PASSWORD


@fact(23, "User names are case-insensitive", 'Developer Guide, "User pool case sensitivity"')
def user_names(kit: Kit) -> str:
    """Find a user in another case, and sign up a second one."""
    pool, name = kit.create_pool(), create_address()
    pool.add_user(name)
    pool.sign_in(name.lower())
    pool.read_user(name.upper())
    code, other_case = "UsernameExistsException", name.swapcase()
    key = {"ClientId": pool.client_id, "Username": other_case}
    expect_error(code, pool.device.sign_up, **key, Password=PASSWORD)
    key = {"UserPoolId": pool.id, "Username": other_case}
    return expect_error(code, pool.admin.admin_create_user, **key, MessageAction="SUPPRESS")


@fact(
    24, "A pool with deletion protection can't be deleted", 'Developer Guide, "User pool deletion protection"'
)
def deletion_protection(kit: Kit) -> str:
    """Delete a protected pool."""
    pool = kit.create_pool(DeletionProtection="ACTIVE")
    return expect_error("InvalidParameterException", pool.admin.delete_user_pool, UserPoolId=pool.id)


@fact(
    28,
    "A caller needs an IAM permission for an administrator's call",
    'Service Authorization Reference, "Amazon Cognito User Pools"',
)
def permissions(kit: Kit) -> str:
    """Call two actions as an IAM user who may call one of them."""
    pool, name = kit.create_pool(), create_address()
    pool.add_user(name)
    statement = {
        "Effect": "Allow",
        "Action": "cognito-idp:ListUsers",
        "Resource": pool.document["Arn"],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    access_key, secret_key = kit.resources.create_user(document)
    user = kit.backend.client("cognito-idp", aws_access_key_id=access_key, aws_secret_access_key=secret_key)
    new_key_errors = ("UnrecognizedClientException", "AccessDeniedException")
    kit.resources.retry(lambda: user.list_users(UserPoolId=pool.id), *new_key_errors)
    key = {"UserPoolId": pool.id, "Username": name}
    return expect_error("AccessDeniedException", user.admin_get_user, **key)


@fact(
    51,
    "Groups have pages, and ListUsers returns only the attributes in AttributesToGet",
    'API reference, "AdminListGroupsForUser", "ListUsers" and "UpdateGroup"',
)
def groups_and_attributes(kit: Kit) -> str:
    """List two groups in pages of one, and users with one attribute."""
    pool, name = kit.create_pool(), create_address()
    pool.add_user(name, name="Ann")
    key = {"UserPoolId": pool.id, "Username": name}
    for group in ("admin", "vendor"):
        pool.admin.create_group(UserPoolId=pool.id, GroupName=group, Description="first", Precedence=1)
        pool.admin.admin_add_user_to_group(**key, GroupName=group)
    page = pool.admin.admin_list_groups_for_user(**key, Limit=1)
    expect("groups of a page", len(page["Groups"]), 1)
    rest = pool.admin.admin_list_groups_for_user(**key, Limit=1, NextToken=page["NextToken"])
    expect("groups of the second page", len(rest["Groups"]), 1)
    update, unknown_group = pool.admin.update_group, {"UserPoolId": pool.id, "GroupName": "unknown"}
    expect_error("ResourceNotFoundException", update, **unknown_group)
    group = update(UserPoolId=pool.id, GroupName="admin", Precedence=2)["Group"]
    expect("changed group", (group["Description"], group["Precedence"]), ("first", 2))
    [user] = pool.admin.list_users(UserPoolId=pool.id, AttributesToGet=["name"])["Users"]
    return expect("attributes", [entry["Name"] for entry in user["Attributes"]], ["name"])
