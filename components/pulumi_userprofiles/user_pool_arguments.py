"""Argument types of the user pool."""

from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi

from pulumi_userprofiles.message_texts import MessageTexts


class UserPoolTier(StrEnum):
    """Feature plan of a user pool."""

    LITE = "LITE"
    """Basic features at the lowest price."""

    ESSENTIALS = "ESSENTIALS"
    """Adds token customization, passwordless sign-in and password history."""

    PLUS = "PLUS"
    """Adds threat protection, which is then enforced."""


class MfaMode(StrEnum):
    """Whether users sign in with a second factor."""

    OFF = "OFF"
    """No users."""

    OPTIONAL = "OPTIONAL"
    """Only users who set one up."""

    ON = "ON"
    """All users."""


class CustomAttribute(TypedDict):
    """A custom attribute of the pool. Cognito can add one later, but cannot change or remove it."""

    name: str
    """Name without `custom:`, 1 to 20 characters."""

    min_length: NotRequired[int]
    """Minimum length of the value in characters. Default: 0."""

    max_length: NotRequired[int]
    """Maximum length of the value in characters, at most 2,048. Default: 256."""

    mutable: NotRequired[bool]
    """Whether the value can change after sign-up. Default: true."""

    client_readable: NotRequired[bool]
    """Whether users can read the attribute. Default: true."""

    client_writable: NotRequired[bool]
    """Whether users can write the attribute. Default: false."""


class EmailFrom(TypedDict):
    """Amazon SES identity that sends the pool's e-mails."""

    identity_arn: pulumi.Input[str]
    """ARN of the verified identity, in a region that Cognito can send from."""

    address: pulumi.Input[str]
    """Sender, such as `Example <no-reply@example.com>`."""


class UserPoolArgs(TypedDict):
    """Arguments of `UserPool`; all are optional."""

    username_attributes: NotRequired[list[str]]
    """Attributes that users sign in with: `email`, `phone_number` or both. A later change replaces the pool
    and deletes all its users. Default: both."""

    case_sensitive_usernames: NotRequired[bool]
    """Whether `A@b.co` and `a@b.co` are different users. It cannot be changed later. Default: false."""

    tier: NotRequired[UserPoolTier]
    """Feature plan of the pool. Default: ESSENTIALS."""

    self_sign_up: NotRequired[bool]
    """Whether users can sign up by themselves. Default: true."""

    password_minimum_length: NotRequired[int]
    """Minimum length of a password, 8 to 99 characters. Default: 14."""

    password_all_classes: NotRequired[bool]
    """Whether a password must contain a lower-case letter, an upper-case letter, a digit and a symbol.
    Default: true."""

    temporary_password_days: NotRequired[int]
    """Days that a password set by an administrator is valid, 1 to 365. Default: 1."""

    mfa: NotRequired[MfaMode]
    """Whether users sign in with a second factor. Default: OPTIONAL."""

    mfa_methods: NotRequired[list[str]]
    """Second factors that users can choose: `authenticator_app`, `text_message`. With phone numbers as user
    names, Cognito offers both. Default: `authenticator_app`; with phone numbers both, and a deployment of a
    protected pool warns about it."""

    account_recovery: NotRequired[list[str]]
    """Recovery methods for a forgotten password, in order of priority: `verified_email`,
    `verified_phone_number`. Default: `verified_email`; with phone numbers and `mfa` OFF both, email first."""

    sns_region: NotRequired[str]
    """Region of Amazon SNS that sends the pool's text messages: the pool's region, or a region that Cognito
    documents as its alternative. Default: the pool's region; ap-northeast-1 for a pool in ap-northeast-2."""

    verify_changes: NotRequired[bool]
    """Whether a changed e-mail address or phone number takes effect only after it is verified. Default:
    true."""

    access_token_minutes: NotRequired[int]
    """Minutes that an access token is valid, 5 to 1,440. Default: 15."""

    id_token_minutes: NotRequired[int]
    """Minutes that an ID token is valid, 5 to 1,440. Default: 15."""

    refresh_token_days: NotRequired[int]
    """Days that a refresh token is valid, 1 to 3,650. Default: 30."""

    refresh_token_rotation: NotRequired[bool]
    """Whether each refresh token can be used only once. Client libraries that use the REFRESH_TOKEN_AUTH flow
    are then rejected. Not available in the tier LITE: set false and deploy before a pool with
    rotation changes to LITE. Default: false."""

    rotation_grace_seconds: NotRequired[int]
    """Seconds that a used refresh token remains valid with rotation, 0 to 60. Default: 10."""

    token_revocation: NotRequired[bool]
    """Whether sign-out revokes the tokens that were issued with a refresh token. Default: true."""

    hide_user_existence: NotRequired[bool]
    """Whether sign-in and recovery return the same errors for existing and unknown users. Default: true."""

    auth_flows: NotRequired[list[str]]
    """Sign-in flows, in addition to refreshing: `ALLOW_USER_SRP_AUTH`, `ALLOW_USER_AUTH`,
    `ALLOW_CUSTOM_AUTH`. Default: SRP, which never sends the password."""

    first_auth_factors: NotRequired[list[str]]
    """Factors that a sign-in can begin with, if users choose (choice-based sign-in, flow `ALLOW_USER_AUTH`):
    `PASSWORD`, which is required, `EMAIL_OTP` and `SMS_OTP`, the one-time codes of Cognito itself. Each code
    by text message is at your cost. Not available in the tier LITE; codes exclude `mfa` ON. Default: none;
    users sign in with the flows in `auth_flows` only."""

    read_attributes: NotRequired[list[str]]
    """Standard attributes that users can read. Default: the default of `write_attributes`, `email_verified`
    and `phone_number_verified`."""

    write_attributes: NotRequired[list[str]]
    """Standard attributes that users can write. Default: email, family_name, given_name, locale, name,
    phone_number, preferred_username, zoneinfo."""

    role_attribute: NotRequired[bool]
    """Whether the pool has the attribute `custom:role`, in which users request a role at sign-up: writable,
    immutable, not readable. Cognito cannot remove it from a pool. Default: true."""

    old_user_id_attribute: NotRequired[bool]
    """Whether the pool has the attribute `custom:old_user_id`, in which an import of an old application
    stores the old ID of each user that it creates: immutable, neither readable nor writable by users. Cognito
    cannot remove it from a pool. Default: false."""

    custom_attributes: NotRequired[list[CustomAttribute]]
    """Further custom attributes. Default: none."""

    further_clients: NotRequired[list[str]]
    """Names of further public app clients, such as `admin-web`, with the same settings as the first. Default:
    none."""

    groups: NotRequired[list[str]]
    """Groups to create in the pool. Default: none."""

    email_from: NotRequired[EmailFrom]
    """SES identity and address that send the pool's e-mails. Default: Cognito's own sender, which delivers
    only a few e-mails a day; a deployment warns about it."""

    pre_sign_up_alias_arn: NotRequired[pulumi.Input[str]]
    """ARN of the alias of the pre sign-up function, which can reject a sign-up. Default: none."""

    post_confirmation_alias_arn: NotRequired[pulumi.Input[str]]
    """ARN of the alias of the post-confirmation function, which Cognito invokes after a confirmed sign-up.
    Default: none."""

    pre_token_generation_alias_arn: NotRequired[pulumi.Input[str]]
    """ARN of the alias of the pre token generation function, which adds the role to tokens. It receives
    version 2 of the event, with the tier LITE version 1. Default: none."""

    custom_message_alias_arn: NotRequired[pulumi.Input[str]]
    """ARN of the alias of the custom message function, which writes messages in the user's language. Default:
    none."""

    triggers: NotRequired[dict[str, pulumi.Input[str]]]
    """Functions of your own for the other triggers: trigger, such as `pre_authentication`, to the ARN of a
    function or of its alias. Each gets a permission and an alarm. Default: none."""

    sender_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key with which Cognito encrypts codes for the triggers `custom_email_sender` and
    `custom_sms_sender`. Default: none; required with one of them."""

    texts: NotRequired[MessageTexts]
    """Texts of the messages with codes and of the invitations. Default: Cognito's texts, in English."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that the alarms of `triggers` notify. Default: alarms only change their state."""

    web_acl_arn: NotRequired[pulumi.Input[str]]
    """ARN of a regional AWS WAF web ACL that protects the pool against automated sign-ups. Default: none; a
    deployment of a protected pool warns if a sign-up can send a text message."""

    protect: NotRequired[bool]
    """Whether the pool is protected against deletion, by AWS (deletion protection) and by Pulumi
    (`protect`). To delete the pool, set false, deploy, then destroy. Default: true."""
