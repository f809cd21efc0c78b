"""Cognito: user pools."""

from pulumi_localaws.resources.input_schema import (
    BOOL,
    INT,
    STR,
    STR_LIST,
    InputSchema,
    ListOf,
    ObjectOf,
    to_aws,
)
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)

_IDP = "cognito-idp"
_VERSIONED_TRIGGER = ObjectOf({"lambdaArn": STR, "lambdaVersion": STR})
_LAMBDA_CONFIG_ARNS = (
    "createAuthChallenge", "customMessage", "defineAuthChallenge", "kmsKeyId", "postAuthentication",
    "postConfirmation", "preAuthentication", "preSignUp", "preTokenGeneration", "userMigration",
    "verifyAuthChallengeResponse",
)  # fmt: skip
_MFA_INPUTS: dict[str, None] = {
    "mfaConfiguration": None,
    "softwareTokenMfaConfiguration": None,
    "emailMfaConfiguration": None,
    "webAuthnConfiguration": None,
}


def _check_user_pool(inputs: Properties) -> None:
    if inputs.get("aliasAttributes") and inputs.get("usernameAttributes"):
        raise ValueError("aliasAttributes and usernameAttributes are both set. Set only one of them")
    factors = (
        "softwareTokenMfaConfiguration",
        "smsConfiguration",
        "emailMfaConfiguration",
        "webAuthnConfiguration",
    )
    mfa = inputs.get("mfaConfiguration", "OFF")
    if mfa not in {"OFF", "ON", "OPTIONAL"}:
        raise ValueError(f"mfaConfiguration is {mfa!r}; allowed: OFF, ON, OPTIONAL")
    if mfa != "OFF" and not any(inputs.get(factor) for factor in factors):
        raise ValueError(
            f"mfaConfiguration is {mfa!r}, but no factor is configured. Set one of {', '.join(factors)}"
        )


def _read_user_pool(ctx: ResourceContext, pool: str) -> ResourceResult:
    return _build_user_pool_result(ctx, ctx.call(_IDP, "describe_user_pool", UserPoolId=pool)["UserPool"])


def _build_user_pool_result(ctx: ResourceContext, pool: Properties) -> ResourceResult:
    return ResourceResult(
        pool["Id"],
        {
            "name": pool["Name"],
            "arn": pool.get("Arn") or ctx.build_arn(_IDP, f"userpool/{pool['Id']}"),
            "endpoint": f"cognito-idp.{ctx.region}.amazonaws.com/{pool['Id']}",
            "creationDate": pool["CreationDate"].isoformat(),
            "lastModifiedDate": pool["LastModifiedDate"].isoformat(),
            "estimatedNumberOfUsers": pool.get("EstimatedNumberOfUsers", 0),
            "deletionProtection": pool.get("DeletionProtection", "INACTIVE"),
            "mfaConfiguration": pool.get("MfaConfiguration", "OFF"),
        },
    )


def _create_user_pool(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    policies: Properties = {}
    if inputs.get("passwordPolicy"):
        policies["PasswordPolicy"] = to_aws(
            inputs["passwordPolicy"], ctx.input_schema.fields["passwordPolicy"]
        )
    if inputs.get("signInPolicy"):
        policies["SignInPolicy"] = to_aws(inputs["signInPolicy"], ctx.input_schema.fields["signInPolicy"])
    pool = ctx.call(
        _IDP,
        "create_user_pool",
        **ctx.to_aws(inputs),
        Policies=policies or None,
        UserPoolTags=dict(ctx.tags) or None,
    )["UserPool"]
    ctx.record_undo(_IDP, "delete_user_pool", UserPoolId=pool["Id"])
    if inputs.get("deletionProtection") == "ACTIVE":
        ctx.record_undo(_IDP, "update_user_pool", UserPoolId=pool["Id"], DeletionProtection="INACTIVE")
    _set_mfa(ctx, pool["Id"], inputs)
    return _build_user_pool_result(ctx, {**pool, "MfaConfiguration": inputs.get("mfaConfiguration", "OFF")})


def _set_mfa(ctx: ResourceContext, pool: str, inputs: Properties) -> None:
    if not any(inputs.get(name) for name in _MFA_INPUTS):
        return
    software = inputs.get("softwareTokenMfaConfiguration")
    email = inputs.get("emailMfaConfiguration")
    sms = inputs.get("smsConfiguration") if inputs.get("mfaConfiguration", "OFF") != "OFF" else None
    web = inputs.get("webAuthnConfiguration")
    fields = ctx.input_schema.fields
    ctx.call(
        _IDP,
        "set_user_pool_mfa_config",
        UserPoolId=pool,
        MfaConfiguration=inputs.get("mfaConfiguration", "OFF"),
        SoftwareTokenMfaConfiguration={"Enabled": software["enabled"]} if software else None,
        EmailMfaConfiguration=to_aws(email, fields["emailMfaConfiguration"]) if email else None,
        SmsMfaConfiguration={"SmsConfiguration": to_aws(sms, fields["smsConfiguration"])} if sms else None,
        WebAuthnConfiguration=to_aws(web, fields["webAuthnConfiguration"]) if web else None,
    )


_USER_POOL_INPUTS: dict[str, InputSchema] = {
    "name": STR,
    "accountRecoverySetting": ObjectOf(
        {"recoveryMechanisms": ListOf(ObjectOf({"name": STR, "priority": INT}))}
    ),
    "adminCreateUserConfig": ObjectOf(
        {
            "allowAdminCreateUserOnly": BOOL,
            "inviteMessageTemplate": ObjectOf(
                {"emailMessage": STR, "emailSubject": STR, "smsMessage": STR}, {"smsMessage": "SMSMessage"}
            ),
        }
    ),
    "aliasAttributes": STR_LIST,
    "autoVerifiedAttributes": STR_LIST,
    "deletionProtection": STR,
    "deviceConfiguration": ObjectOf(
        dict.fromkeys(("challengeRequiredOnNewDevice", "deviceOnlyRememberedOnUserPrompt"), BOOL)
    ),
    "emailConfiguration": ObjectOf(
        {
            "configurationSet": STR,
            "emailSendingAccount": STR,
            "fromEmailAddress": STR,
            "replyToEmailAddress": STR,
            "sourceArn": STR,
        },
        {"fromEmailAddress": "From"},
    ),
    "emailMfaConfiguration": ObjectOf({"message": STR, "subject": STR}),
    "emailVerificationMessage": STR,
    "emailVerificationSubject": STR,
    "lambdaConfig": ObjectOf(
        {
            **dict.fromkeys(_LAMBDA_CONFIG_ARNS, STR),
            "customEmailSender": _VERSIONED_TRIGGER,
            "customSmsSender": _VERSIONED_TRIGGER,
            "preTokenGenerationConfig": _VERSIONED_TRIGGER,
        },
        {"kmsKeyId": "KMSKeyID", "customSmsSender": "CustomSMSSender"},
    ),
    "mfaConfiguration": STR,
    "passwordPolicy": ObjectOf(
        {
            "minimumLength": INT,
            "passwordHistorySize": INT,
            "requireLowercase": BOOL,
            "requireNumbers": BOOL,
            "requireSymbols": BOOL,
            "requireUppercase": BOOL,
            "temporaryPasswordValidityDays": INT,
        }
    ),
    "schemas": ListOf(
        ObjectOf(
            {
                "attributeDataType": STR,
                "name": STR,
                "developerOnlyAttribute": BOOL,
                "mutable": BOOL,
                "required": BOOL,
                "numberAttributeConstraints": ObjectOf({"maxValue": STR, "minValue": STR}),
                "stringAttributeConstraints": ObjectOf({"maxLength": STR, "minLength": STR}),
            }
        )
    ),
    "signInPolicy": ObjectOf({"allowedFirstAuthFactors": STR_LIST}),
    "smsAuthenticationMessage": STR,
    "smsConfiguration": ObjectOf({"externalId": STR, "snsCallerArn": STR, "snsRegion": STR}),
    "smsVerificationMessage": STR,
    "softwareTokenMfaConfiguration": ObjectOf({"enabled": BOOL}),
    "userAttributeUpdateSettings": ObjectOf(
        {"attributesRequireVerificationBeforeUpdates": STR_LIST},
        {"attributesRequireVerificationBeforeUpdates": "AttributesRequireVerificationBeforeUpdate"},
    ),
    "userPoolAddOns": ObjectOf(
        {
            "advancedSecurityMode": STR,
            "advancedSecurityAdditionalFlows": ObjectOf({"customAuthMode": STR}),
        }
    ),
    "userPoolTier": STR,
    "usernameAttributes": STR_LIST,
    "usernameConfiguration": ObjectOf({"caseSensitive": BOOL}),
    "verificationMessageTemplate": ObjectOf(
        {
            "defaultEmailOption": STR,
            "emailMessage": STR,
            "emailMessageByLink": STR,
            "emailSubject": STR,
            "emailSubjectByLink": STR,
            "smsMessage": STR,
        }
    ),
    "webAuthnConfiguration": ObjectOf({"relyingPartyId": STR, "userVerification": STR}),
}

RESOURCE_TYPES = (
    define_resource_type(
        "aws:cognito/userPool:UserPool",
        _USER_POOL_INPUTS,
        create=_create_user_pool,
        aws_names={
            "name": "PoolName",
            "schemas": "Schema",
            "passwordPolicy": None,
            "signInPolicy": None,
            **_MFA_INPUTS,
        },
        outputs=("arn", "endpoint", "creationDate", "lastModifiedDate", "estimatedNumberOfUsers"),
        naming=AutoNaming("name", 128),
        tags=True,
        check=_check_user_pool,
        read=_read_user_pool,
    ),
)
