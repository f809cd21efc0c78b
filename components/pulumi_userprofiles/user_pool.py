"""The user pool, its app client and groups, and who may be called by its triggers."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles import policies
from pulumi_userprofiles.component import Component, Transforms
from pulumi_userprofiles.user_pool_settings import CustomAttribute, EmailFrom, MfaMode, Settings, UserPoolTier


class UserPoolArgs(TypedDict):
    """Arguments of `UserPool`; all can be left out."""

    username_attributes: NotRequired[list[str]]
    """What users sign in with: `email`, `phone_number` or both. For the pool's life: a change replaces the
    pool, and every user is gone. Default: both."""

    case_sensitive_usernames: NotRequired[bool]
    """Whether `A@b.co` and `a@b.co` are two users. For the pool's life. Default: false."""

    tier: NotRequired[UserPoolTier]
    """The pool's feature plan. Default: ESSENTIALS."""

    self_sign_up: NotRequired[bool]
    """Whether people can sign up by themselves. Default: true."""

    password_minimum_length: NotRequired[int]
    """Characters of the shortest password, 8 to 99. Default: 14."""

    password_all_classes: NotRequired[bool]
    """Whether a password needs a small letter, a capital, a digit and a symbol. Default: true."""

    temporary_password_days: NotRequired[int]
    """Days that a password set by an administrator is good for. Default: 1."""

    mfa: NotRequired[MfaMode]
    """Whether users sign in with a second factor (an authenticator app). Default: OPTIONAL."""

    account_recovery: NotRequired[list[str]]
    """Ways back in for who forgot the password, in order: `verified_email`, `verified_phone_number`.
    Default: both, e-mail first."""

    verify_changes: NotRequired[bool]
    """Whether a changed e-mail or phone counts only once it is verified. Default: true."""

    access_token_minutes: NotRequired[int]
    """Minutes that an access token is good for, 5 to 1,440. Default: 15."""

    id_token_minutes: NotRequired[int]
    """Minutes that an ID token is good for, 5 to 1,440. Default: 15."""

    refresh_token_days: NotRequired[int]
    """Days that a refresh token is good for, 1 to 3,650. Default: 30."""

    refresh_token_rotation: NotRequired[bool]
    """Whether each refresh token counts once; refuses client libraries that use the REFRESH_TOKEN_AUTH
    flow. Default: false."""

    rotation_grace_seconds: NotRequired[int]
    """Seconds that a used refresh token still counts with rotation, 0 to 60. Default: 10."""

    token_revocation: NotRequired[bool]
    """Whether signing out revokes the tokens that came from a refresh token. Default: true."""

    hide_user_existence: NotRequired[bool]
    """Whether sign-in and recovery answer alike for known and unknown users. Default: true."""

    auth_flows: NotRequired[list[str]]
    """Ways to sign in beside refreshing: `ALLOW_USER_SRP_AUTH`, `ALLOW_USER_AUTH`, `ALLOW_CUSTOM_AUTH`.
    Default: SRP, by which no password leaves the client."""

    read_attributes: NotRequired[list[str]]
    """Standard attributes that users can read. Default: the writable ones and whether e-mail and phone are
    verified."""

    write_attributes: NotRequired[list[str]]
    """Standard attributes that users can write. Default: email, family_name, given_name, locale, name,
    phone_number, preferred_username, zoneinfo."""

    role_attribute: NotRequired[bool]
    """Whether users say at sign-up which role they ask for, in `custom:role`: writable, immutable, not
    readable. It can't be removed from a pool. Default: true."""

    custom_attributes: NotRequired[list[CustomAttribute]]
    """Further custom attributes. Default: none."""

    groups: NotRequired[list[str]]
    """Groups to make in the pool. Default: none."""

    email_from: NotRequired[EmailFrom]
    """SES identity and address that mails come from. Default: Cognito's own sender, good for a few mails a
    day, with a warning."""

    pre_sign_up_alias_arn: NotRequired[pulumi.Input[str]]
    """ARN of the function's alias that may refuse a sign-up. Default: none."""

    post_confirmation_alias_arn: NotRequired[pulumi.Input[str]]
    """ARN of the function's alias that is told of a confirmed sign-up. Default: none."""

    web_acl_arn: NotRequired[pulumi.Input[str]]
    """ARN of a regional web ACL of AWS WAF that stands before the pool, against sign-ups by machines.
    Default: none, with a warning where a sign-up sends a text message."""

    protect: NotRequired[bool]
    """Whether the pool is guarded against deletion: deletion protection in AWS, and Pulumi's own
    `protect`. To delete it, set false, deploy, then destroy. Default: true."""


class UserPool(Component):
    """A Cognito user pool with one public app client, its groups, and its triggers' permissions."""

    _CHILDREN = ("pool", "client", "sms-role", "sms-policy", "web-acl")
    _NAME_LIMIT = 47

    user_pool_id: pulumi.Output[str]
    """Id of the pool."""

    user_pool_arn: pulumi.Output[str]
    """ARN of the pool."""

    client_id: pulumi.Output[str]
    """Id of the app client, known only when the triggers may be called."""

    issuer: pulumi.Output[str]
    """Issuer of the pool's tokens, a URL."""

    def __init__(
        self,
        name: str,
        args: UserPoolArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
    ) -> None:
        """Make the pool and what belongs to it.

        Args:
            name: Name that the resources' names begin with.
            args: Arguments.
            opts: Pulumi's options.
            transforms: Changes to `pool`, `client`, `sms-role`, `sms-policy` and `web-acl`.

        Raises:
            InvalidArgumentError: An argument can't be used.
        """
        settings = Settings(self.place(name), args)
        super().__init__(name, args, opts, transforms)

        sms = self._make_sms_role() if settings.sends_text_messages else None
        self.pool = self._make_pool(args, settings, sms)
        self._guard(args, settings)
        permissions = self._permit_triggers(args)
        self.client = self._make_client(settings, permissions)
        self.groups = [
            self._make(aws.cognito.UserGroup, f"group-{group}", name=group, user_pool_id=self.pool.id)
            for group in settings.groups
        ]

        self.user_pool_id = self.pool.id
        self.user_pool_arn = self.pool.arn
        self.client_id = self.client.id
        self.issuer = pulumi.Output.concat("https://", self.pool.endpoint)
        self._register_outputs()

    def _make_sms_role(self) -> dict[str, Any]:
        """Make the role that Cognito sends text messages with, and return the pool's SMS configuration."""
        # Says which pool's calls the role is for, beside the account. It is no secret.
        external_id = f"{pulumi.get_project()}-{pulumi.get_stack()}-{self._prefix}"
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        self.sms_role = self._make(
            aws.iam.Role,
            "sms-role",
            description="Lets Cognito send text messages",
            assume_role_policy=policies.trust(
                "cognito-idp.amazonaws.com",
                {"StringEquals": {"sts:ExternalId": external_id, "aws:SourceAccount": account}},
            ),
        )
        policy = self._make(
            aws.iam.RolePolicy,
            "sms-policy",
            role=self.sms_role.name,
            policy=policies.document(
                [{"sid": "SendTextMessages", "actions": ["sns:Publish"], "resources": ["*"]}]
            ),
        )
        role_arn = policies.once(self.sms_role.arn, policy.id)
        return {"external_id": external_id, "sns_caller_arn": role_arn}

    def _make_pool(
        self, args: UserPoolArgs, settings: Settings, sms: dict[str, Any] | None
    ) -> aws.cognito.UserPool:
        triggers = {
            "pre_sign_up": args.get("pre_sign_up_alias_arn"),
            "post_confirmation": args.get("post_confirmation_alias_arn"),
        }
        return self._make(
            aws.cognito.UserPool,
            "pool",
            opts=pulumi.ResourceOptions(protect=settings.protect),
            username_attributes=settings.username_attributes,
            username_configuration={"case_sensitive": settings.case_sensitive},
            user_pool_tier=settings.tier.value,
            user_pool_add_ons={"advanced_security_mode": "ENFORCED"}
            if settings.tier.value == "PLUS"
            else None,
            admin_create_user_config={"allow_admin_create_user_only": not settings.self_sign_up},
            password_policy={
                "minimum_length": settings.password_length,
                "require_lowercase": settings.password_classes,
                "require_numbers": settings.password_classes,
                "require_symbols": settings.password_classes,
                "require_uppercase": settings.password_classes,
                "temporary_password_validity_days": settings.temporary_password_days,
            },
            mfa_configuration=settings.mfa.value,
            software_token_mfa_configuration=None if settings.mfa.value == "OFF" else {"enabled": True},
            account_recovery_setting={
                "recovery_mechanisms": [
                    {"name": way, "priority": place} for place, way in enumerate(settings.recovery, start=1)
                ]
            },
            auto_verified_attributes=settings.username_attributes,
            user_attribute_update_settings=(
                {"attributes_require_verification_before_updates": settings.username_attributes}
                if settings.verify_changes
                else None
            ),
            schemas=[item.schema for item in settings.custom] or None,
            email_configuration=self._email(args),
            sms_configuration=sms,
            lambda_config={key: arn for key, arn in triggers.items() if arn is not None} or None,
            deletion_protection="ACTIVE" if settings.protect else "INACTIVE",
        )

    def _email(self, args: UserPoolArgs) -> dict[str, Any]:
        sender = args.get("email_from")
        if sender is None:
            pulumi.log.warn(
                "Mails come from Cognito's own sender, which sends about 50 a day for an account: enough to "
                "try, not to run. Give 'email_from', an identity in Amazon SES, before people sign up.",
                self,
            )
            return {"email_sending_account": "COGNITO_DEFAULT"}
        return {
            "email_sending_account": "DEVELOPER",
            "source_arn": sender["identity_arn"],
            "from_email_address": sender["address"],
        }

    def _guard(self, args: UserPoolArgs, settings: Settings) -> None:
        web_acl_arn = args.get("web_acl_arn")
        if web_acl_arn is not None:
            self._make(
                aws.wafv2.WebAclAssociation, "web-acl", resource_arn=self.pool.arn, web_acl_arn=web_acl_arn
            )
        elif settings.sends_text_messages and settings.protect:
            pulumi.log.warn(
                "Whoever signs up by phone has a text message sent at your cost, as often as they like: "
                "give 'web_acl_arn'.",
                self,
            )

    def _permit_triggers(self, args: UserPoolArgs) -> list[aws.lambda_.Permission]:
        """Let the pool, and no other, call each trigger through the alias that it names."""
        return [
            self._permit(trigger, alias_arn)
            for trigger, alias_arn in (
                ("pre-sign-up", args.get("pre_sign_up_alias_arn")),
                ("post-confirmation", args.get("post_confirmation_alias_arn")),
            )
            if alias_arn is not None
        ]

    def _permit(self, trigger: str, alias_arn: pulumi.Input[str]) -> aws.lambda_.Permission:
        parts = pulumi.Output.from_input(alias_arn).apply(lambda arn: arn.rpartition(":"))
        return self._make(
            aws.lambda_.Permission,
            f"{trigger}-permission",
            action="lambda:InvokeFunction",
            function=parts.apply(lambda known: known[0]),
            qualifier=parts.apply(lambda known: known[2]),
            principal="cognito-idp.amazonaws.com",
            source_arn=self.pool.arn,
            source_account=policies.account_of(self.pool.arn),
        )

    def _make_client(
        self, settings: Settings, permissions: list[aws.lambda_.Permission]
    ) -> aws.cognito.UserPoolClient:
        return self._make(
            aws.cognito.UserPoolClient,
            "client",
            # Nobody can sign up before the triggers may be called: a sign-up in between would fail.
            opts=pulumi.ResourceOptions(depends_on=permissions),
            user_pool_id=self.pool.id,
            generate_secret=False,
            explicit_auth_flows=settings.auth_flows,
            supported_identity_providers=["COGNITO"],
            access_token_validity=settings.access_minutes,
            id_token_validity=settings.id_minutes,
            refresh_token_validity=settings.refresh_days,
            token_validity_units={"access_token": "minutes", "id_token": "minutes", "refresh_token": "days"},
            enable_token_revocation=settings.revocation,
            refresh_token_rotation=(
                {"feature": "ENABLED", "retry_grace_period_seconds": settings.rotation_grace}
                if settings.rotation
                else None
            ),
            prevent_user_existence_errors="ENABLED" if settings.existence_hidden else "LEGACY",
            read_attributes=settings.read_attributes,
            write_attributes=settings.write_attributes,
        )
