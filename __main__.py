"""The stack: reads its configuration, makes one `SignupToProfile`, exports what clients need."""

from typing import Any, cast

import pulumi
from pulumi_userprofiles import SignupToProfile, SignupToProfileArgs
from pulumi_userprofiles.stack_config import StackConfig


def given(**settings: Any) -> dict[str, Any]:
    """Leave out what isn't set, so that the components' defaults count."""
    return {name: value for name, value in settings.items() if value is not None}


def main() -> None:
    """Make the stack."""
    config = StackConfig()
    email_from = config.record("emailFrom", "identityArn", "address")
    user_pool = given(
        groups=config.texts("groups"),
        refresh_token_rotation=config.switch("refreshTokenRotation"),
        web_acl_arn=config.text("webAclArn"),
        email_from=email_from
        and {"identity_arn": email_from["identityArn"], "address": email_from["address"]},
    )
    args = given(
        template=config.text("template"),
        sign_up_roles=config.texts("signUpRoles"),
        user_pool=user_pool,
        allowed_origins=config.texts("allowedOrigins"),
        migration_table_names=config.texts("migrationTableNames"),
        alarm_topic_arn=config.text("alarmTopicArn"),
        platform=config.text("lambdaPlatform"),
        log_retention_days=config.number("logRetentionDays"),
        api_concurrency=config.number("apiConcurrency"),
        trigger_concurrency=config.number("triggerConcurrency"),
        outbox_concurrency=config.number("outboxConcurrency"),
        snap_start=config.switch("snapStart"),
        kms_key_arn=config.text("kmsKeyArn"),
        protect=config.switch("protect"),
    )
    config.no_more()

    with config.naming_settings(platform="lambdaPlatform"):
        profiles = SignupToProfile("userprofiles", cast("SignupToProfileArgs", args))

    pulumi.export("userPoolId", profiles.user_pool_id)
    pulumi.export("userPoolClientId", profiles.user_pool_client_id)
    pulumi.export("usersTableName", profiles.users_table_name)
    pulumi.export("auditTableName", profiles.audit_table_name)
    pulumi.export("profileApiUrl", profiles.profile_api_url)
    pulumi.export("migrationStateMachineArn", profiles.migration_state_machine_arn)
    pulumi.export("migrationBucketName", profiles.migration_bucket_name)


main()
