"""The stack: reads its configuration, creates one `SignupToProfile`, exports what clients need."""

from typing import Any, cast

import pulumi
from pulumi_userprofiles import PhoneSignInSettings, SignupToProfile, SignupToProfileArgs, SocialSettings
from pulumi_userprofiles.stack_config import StackConfig


def arguments(**settings: Any) -> dict[str, Any]:
    """Return the settings that are set; the component's defaults apply to the others."""
    return {name: value for name, value in settings.items() if value is not None}


def main() -> None:
    """Create the stack."""
    config = StackConfig()
    user_pool = arguments(
        username_attributes=config.string_list("usernameAttributes"),
        mfa=config.string("mfa"),
        first_auth_factors=config.string_list("firstAuthFactors"),
        mfa_methods=config.string_list("mfaMethods"),
        account_recovery=config.string_list("accountRecovery"),
        old_user_id_attribute=config.boolean("oldUserIdAttribute"),
        groups=config.string_list("groups"),
        further_clients=config.string_list("furtherClients"),
        sns_region=config.string("snsRegion"),
        refresh_token_rotation=config.boolean("refreshTokenRotation"),
        web_acl_arn=config.string("webAclArn"),
        email_from=config.record("emailFrom", "identityArn", "address"),
        sender_key_arn=config.string("senderKeyArn"),
        texts=config.texts("texts"),
    )
    args = arguments(
        template=config.string("template"),
        template_document=config.text_file("templateFile"),
        sign_up_roles=config.string_list("signUpRoles"),
        approval_roles=config.string_list("approvalRoles"),
        user_pool=user_pool,
        triggers=config.string_map("triggers"),
        phone_sign_in=config.settings("phoneSignIn", PhoneSignInSettings),
        social=config.settings("social", SocialSettings),
        role_in_token=config.boolean("roleInToken"),
        texts_by_language=config.texts_by_language("textsByLanguage"),
        further_client_ids=config.string_list("furtherClientIds"),
        allowed_origins=config.string_list("allowedOrigins"),
        reconcile_interval_hours=config.integer("reconcileIntervalHours"),
        unconfirmed_days=config.integer("unconfirmedDays"),
        grace_period_days=config.integer("gracePeriodDays"),
        erasure_stores=config.record_list("erasureStores", "name", "functionArn", "queueArn", "queueUrl"),
        backup_retention_days=config.integer("backupRetentionDays"),
        after_sign_up=config.record_list("afterSignUp", "name", "functionArn", "createdBy"),
        migration_table_names=config.string_list("migrationTableNames"),
        alarm_topic_arn=config.string("alarmTopicArn"),
        platform=config.string("lambdaPlatform"),
        runtime=config.string("lambdaRuntime"),
        log_retention_days=config.integer("logRetentionDays"),
        api_concurrency=config.integer("apiConcurrency"),
        trigger_concurrency=config.integer("triggerConcurrency"),
        outbox_concurrency=config.integer("outboxConcurrency"),
        migration_max_concurrency=config.integer("migrationMaxConcurrency"),
        migration_tolerated_failure_percentage=config.integer("migrationToleratedFailurePercentage"),
        migration_allow_rollback=config.boolean("migrationAllowRollback"),
        migration_concurrency=config.integer("migrationConcurrency"),
        snap_start=config.boolean("snapStart"),
        former_kms_key_arns=config.string_list("formerKmsKeyArns"),
        kms_key_arn=config.string("kmsKeyArn"),
        protect=config.boolean("protect"),
    )
    config.check_unknown_settings()
    names = {"platform": "lambdaPlatform", "runtime": "lambdaRuntime", "template_document": "templateFile"}
    with config.naming_settings(**names):
        profiles = SignupToProfile("userprofiles", cast("SignupToProfileArgs", args))
    for name, value in profiles.declared_outputs().items():
        pulumi.export(name, value)


main()
