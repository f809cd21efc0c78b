"""Cases of Cognito's users, identity providers and identity pools."""

from resource_cases.case import ROLE, USER_POOL, Case

COGNITO_USER = "aws:cognito/user:User"
GROUP = "aws:cognito/userGroup:UserGroup"
IDENTITY_POOL = "aws:cognito/identityPool:IdentityPool"

CASES: dict[str, Case] = {
    COGNITO_USER: Case(
        dependencies=(USER_POOL,),
        inputs=lambda created: {
            "userPoolId": created[USER_POOL]["id"],
            "username": "ada@example.com",
            "attributes": {"email": "ada@example.com", "email_verified": "true"},
            "messageAction": "SUPPRESS",
            "password": "Correct-Horse-1815!",
        },
        probe=lambda client, _, outputs: (
            client("cognito-idp").admin_get_user(
                UserPoolId=outputs["userPoolId"], Username=outputs["username"]
            )["UserStatus"]
            == "CONFIRMED"
        ),
        outputs=("creationDate", "lastModifiedDate", "status", "sub"),
    ),
    "aws:cognito/userInGroup:UserInGroup": Case(
        dependencies=(USER_POOL, COGNITO_USER, GROUP),
        inputs=lambda created: {
            "userPoolId": created[USER_POOL]["id"],
            "username": "ada@example.com",
            "groupName": created[GROUP]["name"],
        },
        probe=lambda client, _, outputs: client("cognito-idp").list_users_in_group(
            UserPoolId=outputs["userPoolId"], GroupName=outputs["groupName"]
        )["Users"],
        outputs=(),
    ),
    "aws:cognito/identityProvider:IdentityProvider": Case(
        dependencies=(USER_POOL,),
        inputs=lambda created: {
            "userPoolId": created[USER_POOL]["id"],
            "providerName": "Google",
            "providerType": "Google",
            "providerDetails": {"client_id": "a", "client_secret": "b", "authorize_scopes": "email"},
            "attributeMapping": {"email": "email"},
        },
        probe=lambda client, _, outputs: client("cognito-idp").describe_identity_provider(
            UserPoolId=outputs["userPoolId"], ProviderName="Google"
        ),
        outputs=(),
    ),
    IDENTITY_POOL: Case(
        inputs=lambda _: {"identityPoolName": "guests", "allowUnauthenticatedIdentities": True},
        probe=lambda client, resource_id, _: client("cognito-identity").describe_identity_pool(
            IdentityPoolId=resource_id
        ),
        outputs=("arn",),
    ),
    "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment": Case(
        dependencies=(IDENTITY_POOL, ROLE),
        inputs=lambda created: {
            "identityPoolId": created[IDENTITY_POOL]["id"],
            "roles": {"authenticated": created[ROLE]["arn"]},
        },
        probe=lambda client, resource_id, _: client("cognito-identity").get_identity_pool_roles(
            IdentityPoolId=resource_id
        )["Roles"],
        outputs=(),
    ),
}
