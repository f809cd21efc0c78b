"""The Cognito user pool with its app client, groups and permissions for its triggers."""

from collections.abc import Mapping
from typing import Any, Unpack

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles import policies
from pulumi_userprofiles.cognito_triggers import TRIGGERS
from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.message_texts import has_email_texts
from pulumi_userprofiles.other_triggers import OtherTrigger, split_function_arn
from pulumi_userprofiles.outputs import account_of, output_after
from pulumi_userprofiles.user_pool_arguments import UserPoolArgs, UserPoolTier
from pulumi_userprofiles.user_pool_inputs import (
    invitation_texts,
    lambda_config,
    password_policy,
    password_rules,
    refresh_token_rotation,
    sign_in_policy,
    trigger_functions,
    verification_texts,
)
from pulumi_userprofiles.user_pool_settings import SNS_REGIONS, UserPoolSettings


class UserPool(Component):
    """A Cognito user pool with a public app client, groups, and permissions for its triggers."""

    _CHILDREN = (
        *("pool", "client", "client-*", "sms-role", "sms-policy", "web-acl", "group-*"),
        *(trigger.permission_child for trigger in TRIGGERS),
        *("*-permission", "*-alarm"),
    )
    _NAME_LIMIT = 47

    user_pool_id: pulumi.Output[str]
    """ID of the pool."""

    user_pool_arn: pulumi.Output[str]
    """ARN of the pool."""

    client_id: pulumi.Output[str]
    """ID of the app client. It is known only after Cognito is permitted to invoke the triggers."""

    further_client_ids: pulumi.Output[dict[str, str]]
    """IDs of the app clients in `further_clients`, by name."""

    username_attributes: pulumi.Output[list[str]]
    """Attributes that users sign in with."""

    password_policy: pulumi.Output[dict[str, Any]]
    """What a password must have: `minLength`, `requireLowercase`, `requireNumbers`, `requireSymbols` and
    `requireUppercase`."""

    issuer: pulumi.Output[str]
    """Issuer of the pool's tokens, a URL."""

    def __init__(
        self,
        name: str,
        args: UserPoolArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[UserPoolArgs],
    ) -> None:
        """Create the pool, its client, groups and permissions.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children; a group's child is `group-<name>`, a further client's child is
                `client-<name>`; those of a trigger in `triggers` are `<trigger>-permission` and
                `<trigger>-alarm`, with hyphens.
            keywords: Arguments as keywords, such as `groups=["admins"]`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        settings = UserPoolSettings(self.label(name), args)
        super().__init__(
            name,
            args,
            opts,
            transforms,
            chosen_names={
                "group-*": settings.groups,
                "client-*": settings.further_clients,
                "*-permission": [trigger.child for trigger in settings.other_triggers],
                "*-alarm": [trigger.child for trigger in settings.other_triggers],
            },
        )

        functions = trigger_functions(args, settings)
        sms_configuration = self._make_sms_role(settings) if settings.sends_text_messages else None
        self.pool = self._make_pool(args, settings, sms_configuration, functions)
        self._make_web_acl_association(args, settings)
        for warning in settings.mfa.warnings if settings.protect else []:
            pulumi.log.warn(warning, self)
        permissions = [self._make_permission(trigger, arn) for trigger, arn in functions.items()]
        for trigger in settings.other_triggers:
            self._make_trigger_alarm(trigger, args)
        self.client = self._make_client("client", settings, permissions)
        self.further_clients = {
            client: self._make_client(f"client-{client}", settings, permissions)
            for client in settings.further_clients
        }
        self.groups = [
            self._make(aws.cognito.UserGroup, f"group-{group}", name=group, user_pool_id=self.pool.id)
            for group in settings.groups
        ]

        self.user_pool_id = self.pool.id
        self.user_pool_arn = self.pool.arn
        self.client_id = self.client.id
        further_ids = pulumi.Output.all(**{name: client.id for name, client in self.further_clients.items()})
        # Without any keyword, `all` returns an empty list.
        self.further_client_ids = further_ids.apply(dict)
        self.username_attributes = pulumi.Output.from_input(settings.username_attributes)
        self.password_policy = pulumi.Output.from_input(password_rules(settings))
        self.issuer = pulumi.Output.concat("https://", self.pool.endpoint)
        self._register_outputs()

    def _make_sms_role(self, settings: UserPoolSettings) -> dict[str, Any]:
        """Create the role that sends text messages, and return the pool's SMS configuration."""
        # Together with the account it limits the role to this pool. An external ID is not a secret.
        external_id = f"{pulumi.get_project()}-{pulumi.get_stack()}-{self._prefix}"
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        self.sms_role = self._make(
            aws.iam.Role,
            "sms-role",
            description="Allows Cognito to send text messages",
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
        role_arn = output_after(self.sms_role.arn, policy.id)
        return {
            "external_id": external_id,
            "sns_caller_arn": role_arn,
            "sns_region": settings.sns_region or self._default_sns_region(),
        }

    def _default_sns_region(self) -> pulumi.Output[str]:
        """Return the pool's region; without a region Cognito uses a legacy region in some regions.

        A pool in Seoul must use Amazon SNS in Tokyo (Cognito API Reference, "SmsConfigurationType").
        """
        region = aws.get_region_output(opts=pulumi.InvokeOutputOptions(parent=self))
        name: pulumi.Output[str] = region.apply(lambda result: SNS_REGIONS.get(result.region, result.region))
        return name

    def _make_pool(
        self,
        args: UserPoolArgs,
        settings: UserPoolSettings,
        sms_configuration: dict[str, Any] | None,
        functions: Mapping[str, pulumi.Input[str]],
    ) -> aws.cognito.UserPool:
        return self._make(
            aws.cognito.UserPool,
            "pool",
            opts=pulumi.ResourceOptions(protect=settings.protect),
            username_attributes=settings.username_attributes,
            username_configuration={"case_sensitive": settings.case_sensitive_usernames},
            user_pool_tier=settings.tier.value,
            user_pool_add_ons=(
                {"advanced_security_mode": "ENFORCED"} if settings.tier is UserPoolTier.PLUS else None
            ),
            admin_create_user_config={
                "allow_admin_create_user_only": not settings.self_sign_up,
                "invite_message_template": invitation_texts(settings),
            },
            verification_message_template=verification_texts(settings),
            password_policy=password_policy(settings),
            sign_in_policy=sign_in_policy(settings),
            mfa_configuration=settings.mfa.mode.value,
            software_token_mfa_configuration={"enabled": True} if settings.mfa.is_enabled else None,
            account_recovery_setting={
                "recovery_mechanisms": [
                    {"name": method, "priority": priority}
                    for priority, method in enumerate(settings.mfa.recovery_methods, start=1)
                ]
            },
            auto_verified_attributes=settings.username_attributes,
            user_attribute_update_settings=(
                {"attributes_require_verification_before_updates": settings.username_attributes}
                if settings.verify_changes
                else None
            ),
            schemas=[item.schema for item in settings.custom_attributes] or None,
            email_configuration=self._email_configuration(args, settings),
            sms_configuration=sms_configuration,
            lambda_config=lambda_config(settings, functions, args.get("sender_key_arn")),
            deletion_protection="ACTIVE" if settings.protect else "INACTIVE",
        )

    def _email_configuration(self, args: UserPoolArgs, settings: UserPoolSettings) -> dict[str, Any]:
        sender = args.get("email_from")
        if sender is None:
            pulumi.log.warn(
                "Cognito's own sender delivers about 50 e-mails a day for an account, which is enough for "
                "trials only. Set 'email_from' (setting emailFrom) to an identity in Amazon SES before users "
                "sign up.",
                self,
            )
            if has_email_texts(settings.texts):
                pulumi.log.warn(
                    "Cognito documents email texts of your own only for pools that send with Amazon SES, and "
                    "may refuse 'texts' without 'email_from' (setting emailFrom).",
                    self,
                )
            return {"email_sending_account": "COGNITO_DEFAULT"}
        return {
            "email_sending_account": "DEVELOPER",
            "source_arn": sender["identity_arn"],
            "from_email_address": sender["address"],
        }

    def _make_web_acl_association(self, args: UserPoolArgs, settings: UserPoolSettings) -> None:
        """Associate the web ACL; without one, warn if anyone can cause text messages."""
        web_acl_arn = args.get("web_acl_arn")
        if web_acl_arn is not None:
            self._make(
                aws.wafv2.WebAclAssociation, "web-acl", resource_arn=self.pool.arn, web_acl_arn=web_acl_arn
            )
        elif settings.sends_text_messages and settings.protect:
            pulumi.log.warn(
                "Each sign-up with a phone number sends a text message at your cost, and anyone can repeat "
                "it. Set 'web_acl_arn' (setting webAclArn) to a web ACL that limits sign-ups.",
                self,
            )

    def _make_permission(self, trigger: str, function_arn: pulumi.Input[str]) -> aws.lambda_.Permission:
        """Permit this pool, and no other, to invoke a trigger's function, through its alias if it has one."""
        parts = pulumi.Output.from_input(function_arn).apply(split_function_arn)
        return self._make(
            aws.lambda_.Permission,
            f"{trigger.replace('_', '-')}-permission",
            action="lambda:InvokeFunction",
            function=parts.apply(lambda split: split[0]),
            qualifier=parts.apply(lambda split: split[1]),
            principal="cognito-idp.amazonaws.com",
            source_arn=self.pool.arn,
            source_account=account_of(self.pool.arn),
        )

    def _make_trigger_alarm(self, trigger: OtherTrigger, args: UserPoolArgs) -> None:
        self._alarm(
            f"{trigger.child}-alarm",
            args,
            description=f"The function of the trigger {trigger.key} failed: see its log",
            metric="AWS/Lambda Errors",
            dimensions={"FunctionName": trigger.function_name},
            threshold=trigger.max_errors,
        )

    def _make_client(
        self, child: str, settings: UserPoolSettings, permissions: list[aws.lambda_.Permission]
    ) -> aws.cognito.UserPoolClient:
        return self._make(
            aws.cognito.UserPoolClient,
            child,
            # Users can sign up as soon as the client exists; without the permissions a sign-up would fail.
            opts=pulumi.ResourceOptions(depends_on=permissions),
            user_pool_id=self.pool.id,
            generate_secret=False,
            explicit_auth_flows=settings.auth_flows,
            supported_identity_providers=["COGNITO"],
            access_token_validity=settings.access_token_minutes,
            id_token_validity=settings.id_token_minutes,
            refresh_token_validity=settings.refresh_token_days,
            token_validity_units={"access_token": "minutes", "id_token": "minutes", "refresh_token": "days"},
            enable_token_revocation=settings.token_revocation,
            refresh_token_rotation=refresh_token_rotation(settings),
            prevent_user_existence_errors="ENABLED" if settings.hide_user_existence else "LEGACY",
            read_attributes=settings.read_attributes,
            write_attributes=settings.write_attributes,
        )
