"""Each check of the target fails for its own reason, with a fix, and shows no secret."""

import json
import urllib.error
from datetime import UTC, datetime, timedelta

import pytest
from userprofiles.legacy.checklists import (
    backup_checks,
    pool_checks,
    problem_checks,
    sender_checks,
    upload_check,
)
from userprofiles.stack_setup.check_result import CheckFailedError, Status

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def failure(check, *arguments):
    """Run a check that must fail, and return its error."""
    with pytest.raises(CheckFailedError) as raised:
        check(*arguments)
    assert raised.value.fix
    return raised.value


@pytest.mark.parametrize("day", ["2026-01-31", "2026-01-24", "2026-02-01"])
def test_confirmed_backup_of_the_source_is_ok(day):
    assert backup_checks.check_source_backup(day, NOW) == f"confirmed by the operator, {day}"


@pytest.mark.parametrize(
    ("day", "problem"),
    [
        ("", "nobody has confirmed a backup of the old database"),
        ("yesterday", "'yesterday' is not a day"),
        ("2026-01-23", "the backup of 2026-01-23 is 8 days old; allowed are 7"),
        ("2026-02-02", "2026-02-02 is in the future"),
    ],
)
def test_missing_or_old_backup_of_the_source(day, problem):
    error = failure(backup_checks.check_source_backup, day, NOW)

    assert str(error) == problem
    assert error.status is (Status.FAILED if day else Status.NOT_CHECKED)


def test_table_without_point_in_time_recovery(stack, clients):
    assert backup_checks.check_recovery(stack, "users") == "users"

    clients["dynamodb"].responses["describe_continuous_backups"] = {"ContinuousBackupsDescription": {}}

    error = failure(backup_checks.check_recovery, stack, "users")
    assert str(error) == "table 'users' has no point-in-time recovery"
    assert "update-continuous-backups --table-name users" in error.fix


@pytest.mark.parametrize("status", ["Suspended", None])
def test_bucket_without_versioning(stack, clients, status):
    assert backup_checks.check_versioning(stack, "media", "hint") == "media"

    clients["s3"].responses["get_bucket_versioning"] = {"Status": status}

    assert str(failure(backup_checks.check_versioning, stack, "media", "hint")) == (
        "bucket 'media' has no versioning"
    )


def test_bucket_that_nobody_named(stack):
    error = failure(backup_checks.check_versioning, stack, "", "Pass --old-media-bucket.")

    assert (error.status, error.fix) == (Status.NOT_CHECKED, "Pass --old-media-bucket.")


def test_template_without_the_fields_of_old_users(stack, set_environment):
    assert pool_checks.check_template(stack) == "social"

    set_environment("post_confirmation", TEMPLATE="basic")

    assert "does not have the fields old_user_id" in str(failure(pool_checks.check_template, stack))


def test_template_of_the_operator_must_be_given(stack, set_environment):
    set_environment("post_confirmation", TEMPLATE="our-own")

    assert failure(pool_checks.check_template, stack).fix == "Pass its file: --template FILE.json."


def test_phone_sign_in_that_is_off(stack, clients):
    assert pool_checks.check_phone_sign_in(stack) == "phone number and code"

    pool = clients["cognito-idp"].responses["describe_user_pool"]["UserPool"]
    trigger = pool["LambdaConfig"].pop("CreateAuthChallenge")
    assert (
        str(failure(pool_checks.check_phone_sign_in, stack)) == "the pool has no CreateAuthChallenge trigger"
    )

    pool["LambdaConfig"]["CreateAuthChallenge"] = trigger
    clients["cognito-idp"].responses["describe_user_pool_client"] = {"UserPoolClient": {}}
    assert str(failure(pool_checks.check_phone_sign_in, stack)) == (
        "the app client does not allow sign-in by code"
    )

    pool["UsernameAttributes"] = ["email"]
    assert "sign in with email, not with a phone number" in str(
        failure(pool_checks.check_phone_sign_in, stack)
    )


def test_pool_without_the_old_id(stack, clients):
    clients["cognito-idp"].responses["describe_user_pool"]["UserPool"]["SchemaAttributes"] = []

    error = failure(pool_checks.check_old_id_attribute, stack)

    assert str(error).startswith("the user pool does not have custom:old_user_id")


def test_client_that_can_write_the_old_id(stack, clients):
    """A user who can write the old ID could claim the data of another user."""
    cognito = clients["cognito-idp"]
    cognito.responses["list_user_pool_clients"] = lambda **parameters: (
        {"UserPoolClients": [{"ClientId": "second"}]}
        if "NextToken" in parameters
        else {"UserPoolClients": [{"ClientId": "first"}], "NextToken": "more"}
    )
    assert pool_checks.check_old_id_attribute(stack) == "none of 2 app clients"

    cognito.responses["describe_user_pool_client"] = lambda **parameters: {
        "UserPoolClient": {
            "WriteAttributes": ["custom:old_user_id"] if parameters["ClientId"] == "second" else []
        }
    }

    error = failure(pool_checks.check_old_id_attribute, stack)
    assert str(error) == "the app clients second can write custom:old_user_id"


def test_sender_with_credentials_of_twilio(stack, clients):
    assert "Twilio" in sender_checks.check_sender(stack)

    clients["iam"].responses["simulate_principal_policy"] = {
        "EvaluationResults": [{"EvalDecision": "implicitDeny"}]
    }
    assert str(failure(sender_checks.check_sender, stack)) == (
        "the role text_message_sender may not secretsmanager:GetSecretValue"
    )


@pytest.mark.parametrize("text", ["", "canary", json.dumps({"accountSid": "canary", "secret": "canary"})])
def test_secret_of_another_form_is_not_shown(stack, clients, text):
    clients["secretsmanager"].responses["get_secret_value"] = {"SecretString": text}

    error = failure(sender_checks.check_sender, stack)

    assert "does not have the form of Twilio's credentials" in str(error)
    assert "canary" not in str(error) + error.fix


def test_amazon_sns_in_the_sandbox_or_with_a_low_limit(stack, clients, set_environment):
    set_environment("text_message_sender", SMS_PROVIDER="sns")
    assert sender_checks.check_sender(stack) == "Amazon SNS, 500 US dollars a month"

    clients["sns"].responses["get_sms_attributes"] = {"attributes": {}}
    assert "stops at 1 US dollars a month" in str(failure(sender_checks.check_sender, stack))

    clients["sns"].responses["get_sms_sandbox_account_status"] = {"IsInSandbox": True}
    assert "is in the SMS sandbox" in str(failure(sender_checks.check_sender, stack))


def test_countries_of_the_sender(stack, set_environment):
    assert sender_checks.allowed_countries(stack) == ["US", "CA"]

    set_environment("text_message_sender", ALLOWED_COUNTRIES="")

    assert sender_checks.allowed_countries(stack) == []


def test_queue_without_sender(stack, clients):
    clients["lambda"].responses["list_event_source_mappings"] = {
        "EventSourceMappings": [{"State": "Disabled", "FunctionArn": "f"}]
    }

    assert str(failure(sender_checks.check_sender, stack)) == (
        "no function receives the messages of the queue"
    )


def test_problems_since_the_cut_over(stack, clients):
    cut_over = NOW - timedelta(days=2)

    error = failure(problem_checks.check_problems, stack, cut_over, NOW, 6)

    assert str(error) == "error: 3, feedback: 4; accepted are 6"
    assert problem_checks.check_problems(stack, cut_over, NOW, 7) == "error: 3, feedback: 4"
    [(_, parameters), _] = clients["cloudwatch"].calls
    assert (parameters["StartTime"], parameters["EndTime"]) == (cut_over, NOW)
    assert [query["MetricStat"]["Metric"] for query in parameters["MetricDataQueries"]] == [
        {
            "Namespace": "UserProfiles",
            "MetricName": "ProblemsAfterImport",
            "Dimensions": [
                {"Name": "service", "Value": "import"},
                {"Name": "table", "Value": "users"},
                {"Name": "kind", "Value": kind},
            ],
        }
        for kind in ("error", "feedback")
    ]


def test_pages_of_a_metric_are_added(stack, clients):
    clients["cloudwatch"].responses["get_metric_data"] = lambda **parameters: {
        "MetricDataResults": [{"Id": "error", "Values": [1.0]}],
        **({} if "NextToken" in parameters else {"NextToken": "more"}),
    }

    assert problem_checks.read_problems(stack, NOW, NOW) == {"error": 2, "feedback": 0}


@pytest.mark.parametrize("cut_over", [None, NOW + timedelta(seconds=1), NOW - timedelta(days=64)])
def test_cut_over_must_be_in_the_past(stack, cut_over):
    error = failure(problem_checks.check_problems, stack, cut_over, NOW, 0)

    assert error.status is (Status.FAILED if cut_over else Status.NOT_CHECKED)


def test_upload_is_read_and_deleted(stack, bucket):
    assert upload_check.check_upload(stack, "media").startswith("media: signed upload")

    assert bucket.objects == {}
    assert [name for name, _ in bucket.calls] == ["get_object", "list_object_versions", "delete_object"]


def test_object_that_differs_is_reported_and_deleted(stack, bucket):
    original = bucket.responses["get_object"]

    def change(**parameters):
        bucket.objects[parameters["Key"]] = b"other"
        return original(**parameters)

    bucket.responses["get_object"] = change

    assert str(failure(upload_check.check_upload, stack, "media")) == "bucket 'media' returned another object"
    assert bucket.objects == {}


def test_upload_that_is_refused(stack, bucket, monkeypatch):
    def refuse(request, timeout):
        raise urllib.error.HTTPError(request.full_url, 403, "canary", {}, None)

    monkeypatch.setattr("urllib.request.urlopen", refuse)

    assert str(failure(upload_check.check_upload, stack, "media")) == (
        "a signed upload to 'media' failed: 403 Forbidden"
    )


def test_stack_without_media(stack):
    assert failure(upload_check.check_upload, stack, "").status is Status.NOT_CHECKED
