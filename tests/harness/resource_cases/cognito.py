"""Cases of Cognito."""

from resource_cases.case import USER_POOL, Case

CASES: dict[str, Case] = {
    USER_POOL: Case(
        inputs=lambda _: {
            "accountRecoverySetting": {"recoveryMechanisms": [{"name": "verified_email", "priority": 1.0}]},
            "adminCreateUserConfig": {"allowAdminCreateUserOnly": False},
            "autoVerifiedAttributes": ["email"],
            "deletionProtection": "ACTIVE",
            "mfaConfiguration": "OPTIONAL",
            "softwareTokenMfaConfiguration": {"enabled": True},
            "passwordPolicy": {
                "minimumLength": 14.0,
                "requireLowercase": True,
                "temporaryPasswordValidityDays": 1.0,
            },
            "schemas": [
                {
                    "name": "role",
                    "attributeDataType": "String",
                    "mutable": False,
                    "stringAttributeConstraints": {"minLength": "1", "maxLength": "32"},
                }
            ],
            "userAttributeUpdateSettings": {"attributesRequireVerificationBeforeUpdates": ["email"]},
            "usernameAttributes": ["email", "phone_number"],
            "usernameConfiguration": {"caseSensitive": False},
            "userPoolTier": "ESSENTIALS",
            "verificationMessageTemplate": {
                "defaultEmailOption": "CONFIRM_WITH_CODE",
                "smsMessage": "code {####}",
            },
        },
        probe=lambda client, resource_id, outputs: (
            client("cognito-idp").describe_user_pool(UserPoolId=resource_id)["UserPool"]["MfaConfiguration"]
            == outputs["mfaConfiguration"]
            == "OPTIONAL"
        ),
        outputs=("arn", "name", "endpoint", "creationDate"),
    ),
    "aws:cognito/userPoolClient:UserPoolClient": Case(
        dependencies=(USER_POOL,),
        inputs=lambda created: {
            "userPoolId": created[USER_POOL]["id"],
            "accessTokenValidity": 15.0,
            "tokenValidityUnits": {"accessToken": "minutes", "idToken": "minutes", "refreshToken": "days"},
            "explicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            "generateSecret": True,
            "preventUserExistenceErrors": "ENABLED",
            "readAttributes": ["email"],
            "writeAttributes": ["email"],
        },
        probe=lambda client, resource_id, outputs: client("cognito-idp").describe_user_pool_client(
            UserPoolId=outputs["userPoolId"], ClientId=resource_id
        ),
        outputs=("clientSecret", "name"),
    ),
    "aws:cognito/userGroup:UserGroup": Case(
        dependencies=(USER_POOL,),
        inputs=lambda created: {"userPoolId": created[USER_POOL]["id"], "name": "admins", "precedence": 1.0},
        probe=lambda client, resource_id, outputs: client("cognito-idp").get_group(
            UserPoolId=outputs["userPoolId"], GroupName="admins"
        ),
        outputs=(),
    ),
    "aws:cognito/userPoolDomain:UserPoolDomain": Case(
        dependencies=(USER_POOL,),
        inputs=lambda created: {
            "userPoolId": created[USER_POOL]["id"],
            "domain": created[USER_POOL]["id"].lower().replace("_", "-"),
        },
        probe=lambda client, resource_id, _: (
            client("cognito-idp")
            .describe_user_pool_domain(Domain=resource_id)["DomainDescription"]
            .get("UserPoolId")
        ),
        outputs=("awsAccountId",),
    ),
    "aws:cognito/resourceServer:ResourceServer": Case(
        dependencies=(USER_POOL,),
        inputs=lambda created: {
            "userPoolId": created[USER_POOL]["id"],
            "identifier": "api",
            "scopes": [{"scopeName": "read", "scopeDescription": "reads"}],
        },
        probe=lambda client, resource_id, outputs: client("cognito-idp").describe_resource_server(
            UserPoolId=outputs["userPoolId"], Identifier="api"
        ),
        outputs=("scopeIdentifiers",),
    ),
}
