"""Cognito: user pools."""

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, STRS, ListOf, Obj, Shape, to_aws
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type

_IDP = "cognito-idp"
_SENDER = Obj({"lambdaArn": STR, "lambdaVersion": STR})
_TRIGGERS = (
    "createAuthChallenge", "customMessage", "defineAuthChallenge", "kmsKeyId", "postAuthentication",
    "postConfirmation", "preAuthentication", "preSignUp", "preTokenGeneration", "userMigration",
    "verifyAuthChallengeResponse",
)  # fmt: skip
_MFA_ONLY: dict[str, None] = {
    "mfaConfiguration": None,
    "softwareTokenMfaConfiguration": None,
    "emailMfaConfiguration": None,
    "webAuthnConfiguration": None,
}


def _check_pool(args: Args) -> None:
    if args.get("aliasAttributes") and args.get("usernameAttributes"):
        raise ValueError("aliasAttributes and usernameAttributes exclude each other")
    factors = (
        "softwareTokenMfaConfiguration",
        "smsConfiguration",
        "emailMfaConfiguration",
        "webAuthnConfiguration",
    )
    wanted = args.get("mfaConfiguration", "OFF")
    if wanted not in {"OFF", "ON", "OPTIONAL"}:
        raise ValueError(f"mfaConfiguration is {wanted!r}; allowed: OFF, ON, OPTIONAL")
    if wanted != "OFF" and not any(args.get(factor) for factor in factors):
        raise ValueError(
            f"mfaConfiguration is {wanted}, and no factor is configured; give one of {', '.join(factors)}"
        )


def _read_pool(ctx: Context, pool: str) -> Made:
    return _pool_outputs(ctx, ctx.call(_IDP, "describe_user_pool", UserPoolId=pool)["UserPool"])


def _pool_outputs(ctx: Context, pool: Args) -> Made:
    return Made(
        pool["Id"],
        {
            "name": pool["Name"],
            "arn": pool.get("Arn") or ctx.arn(_IDP, f"userpool/{pool['Id']}"),
            "endpoint": f"cognito-idp.{ctx.region}.amazonaws.com/{pool['Id']}",
            "creationDate": pool["CreationDate"].isoformat(),
            "lastModifiedDate": pool["LastModifiedDate"].isoformat(),
            "estimatedNumberOfUsers": pool.get("EstimatedNumberOfUsers", 0),
            "deletionProtection": pool.get("DeletionProtection", "INACTIVE"),
            "mfaConfiguration": pool.get("MfaConfiguration", "OFF"),
        },
    )


def _create_user_pool(ctx: Context, args: Args) -> Made:
    policies: Args = {}
    if args.get("passwordPolicy"):
        policies["PasswordPolicy"] = to_aws(args["passwordPolicy"], ctx.inputs.fields["passwordPolicy"])
    if args.get("signInPolicy"):
        policies["SignInPolicy"] = to_aws(args["signInPolicy"], ctx.inputs.fields["signInPolicy"])
    pool = ctx.call(
        _IDP,
        "create_user_pool",
        **ctx.aws(args),
        Policies=policies or None,
        UserPoolTags=dict(ctx.tags) or None,
    )["UserPool"]
    ctx.undo(_IDP, "delete_user_pool", UserPoolId=pool["Id"])
    if args.get("deletionProtection") == "ACTIVE":
        ctx.undo(_IDP, "update_user_pool", UserPoolId=pool["Id"], DeletionProtection="INACTIVE")
    _set_mfa(ctx, pool["Id"], args)
    return _pool_outputs(ctx, pool)


def _set_mfa(ctx: Context, pool: str, args: Args) -> None:
    if not any(args.get(name) for name in _MFA_ONLY):
        return
    software = args.get("softwareTokenMfaConfiguration")
    email = args.get("emailMfaConfiguration")
    sms = args.get("smsConfiguration") if args.get("mfaConfiguration", "OFF") != "OFF" else None
    web = args.get("webAuthnConfiguration")
    fields = ctx.inputs.fields
    ctx.call(
        _IDP,
        "set_user_pool_mfa_config",
        UserPoolId=pool,
        MfaConfiguration=args.get("mfaConfiguration", "OFF"),
        SoftwareTokenMfaConfiguration={"Enabled": software["enabled"]} if software else None,
        EmailMfaConfiguration=to_aws(email, fields["emailMfaConfiguration"]) if email else None,
        SmsMfaConfiguration={"SmsConfiguration": to_aws(sms, fields["smsConfiguration"])} if sms else None,
        WebAuthnConfiguration=to_aws(web, fields["webAuthnConfiguration"]) if web else None,
    )


_USER_POOL_INPUTS: dict[str, Shape] = {
    "name": STR,
    "accountRecoverySetting": Obj({"recoveryMechanisms": ListOf(Obj({"name": STR, "priority": INT}))}),
    "adminCreateUserConfig": Obj(
        {
            "allowAdminCreateUserOnly": BOOL,
            "inviteMessageTemplate": Obj(
                {"emailMessage": STR, "emailSubject": STR, "smsMessage": STR}, {"smsMessage": "SMSMessage"}
            ),
        }
    ),
    "aliasAttributes": STRS,
    "autoVerifiedAttributes": STRS,
    "deletionProtection": STR,
    "deviceConfiguration": Obj(
        dict.fromkeys(("challengeRequiredOnNewDevice", "deviceOnlyRememberedOnUserPrompt"), BOOL)
    ),
    "emailConfiguration": Obj(
        {
            "configurationSet": STR,
            "emailSendingAccount": STR,
            "fromEmailAddress": STR,
            "replyToEmailAddress": STR,
            "sourceArn": STR,
        },
        {"fromEmailAddress": "From"},
    ),
    "emailMfaConfiguration": Obj({"message": STR, "subject": STR}),
    "emailVerificationMessage": STR,
    "emailVerificationSubject": STR,
    "lambdaConfig": Obj(
        {
            **dict.fromkeys(_TRIGGERS, STR),
            "customEmailSender": _SENDER,
            "customSmsSender": _SENDER,
            "preTokenGenerationConfig": _SENDER,
        },
        {"kmsKeyId": "KMSKeyID", "customSmsSender": "CustomSMSSender"},
    ),
    "mfaConfiguration": STR,
    "passwordPolicy": Obj(
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
        Obj(
            {
                "attributeDataType": STR,
                "name": STR,
                "developerOnlyAttribute": BOOL,
                "mutable": BOOL,
                "required": BOOL,
                "numberAttributeConstraints": Obj({"maxValue": STR, "minValue": STR}),
                "stringAttributeConstraints": Obj({"maxLength": STR, "minLength": STR}),
            }
        )
    ),
    "signInPolicy": Obj({"allowedFirstAuthFactors": STRS}),
    "smsAuthenticationMessage": STR,
    "smsConfiguration": Obj({"externalId": STR, "snsCallerArn": STR, "snsRegion": STR}),
    "smsVerificationMessage": STR,
    "softwareTokenMfaConfiguration": Obj({"enabled": BOOL}),
    "userAttributeUpdateSettings": Obj(
        {"attributesRequireVerificationBeforeUpdates": STRS},
        {"attributesRequireVerificationBeforeUpdates": "AttributesRequireVerificationBeforeUpdate"},
    ),
    "userPoolAddOns": Obj(
        {
            "advancedSecurityMode": STR,
            "advancedSecurityAdditionalFlows": Obj({"customAuthMode": STR}),
        }
    ),
    "userPoolTier": STR,
    "usernameAttributes": STRS,
    "usernameConfiguration": Obj({"caseSensitive": BOOL}),
    "verificationMessageTemplate": Obj(
        {
            "defaultEmailOption": STR,
            "emailMessage": STR,
            "emailMessageByLink": STR,
            "emailSubject": STR,
            "emailSubjectByLink": STR,
            "smsMessage": STR,
        }
    ),
    "webAuthnConfiguration": Obj({"relyingPartyId": STR, "userVerification": STR}),
}

RESOURCE_TYPES = (
    resource_type(
        "aws:cognito/userPool:UserPool",
        _USER_POOL_INPUTS,
        create=_create_user_pool,
        aws={
            "name": "PoolName",
            "schemas": "Schema",
            "passwordPolicy": None,
            "signInPolicy": None,
            **_MFA_ONLY,
        },
        outputs=("arn", "endpoint", "creationDate", "lastModifiedDate", "estimatedNumberOfUsers"),
        naming=Naming("name", 128),
        tags=True,
        check=_check_pool,
        read=_read_pool,
    ),
)
