"""Devices, old settings and import jobs of users on a running local AWS."""

import urllib.request

import pytest
from botocore.exceptions import ClientError
from conformance_aws import PASSWORD, AwsResources, unique_email
from conformance_fake_tokens import decode_claims
from conformance_pool import PoolUnderTest, error_of

ROLE = "arn:aws:iam::000000000000:role/import"


def test_user_has_no_devices(aws: AwsResources) -> None:
    """Line 67 (doc; text seen in the source of amplify-js): no device is remembered, so each is unknown."""
    pool, name = PoolUnderTest(aws), unique_email()
    pool.sign_up_and_confirm(name)
    token = pool.sign_in(name)["AccessToken"]
    key = "us-east-1_11111111-1111-1111-1111-111111111111"

    assert aws.cognito.list_devices(AccessToken=token)["Devices"] == []
    assert aws.cognito.admin_list_devices(UserPoolId=pool.id, Username=name)["Devices"] == []
    for call in (
        lambda: aws.cognito.forget_device(AccessToken=token, DeviceKey=key),
        lambda: aws.cognito.confirm_device(AccessToken=token, DeviceKey=key),
        lambda: aws.cognito.admin_get_device(UserPoolId=pool.id, Username=name, DeviceKey=key),
    ):
        with pytest.raises(ClientError) as unknown:
            call()
        assert error_of(unknown) == ("ResourceNotFoundException", "Device does not exist.")


def test_old_settings_configure_sms_only(aws: AwsResources) -> None:
    """Line 67 (doc): SetUserSettings and AdminSetUserSettings turn SMS on and off."""
    pool, number = PoolUnderTest(aws, AutoVerifiedAttributes=["email"]), "+4915112345679"
    name = unique_email()
    pool.sign_up(name, attributes={"phone_number": number})
    pool.confirm(name)
    sms = [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]

    def read_factors() -> list[str]:
        user = aws.cognito.admin_get_user(UserPoolId=pool.id, Username=name)
        return list(user.get("UserMFASettingList", ()))

    aws.cognito.admin_set_user_settings(UserPoolId=pool.id, Username=name, MFAOptions=sms)
    assert read_factors() == ["SMS_MFA"]
    aws.cognito.set_user_settings(AccessToken=pool.sign_in(name)["AccessToken"], MFAOptions=[])
    assert read_factors() == []


def test_import_job_creates_users_who_must_reset_their_password(aws: AwsResources) -> None:
    """Line 68 (doc): existing users are skipped, and the log names lines instead of users."""
    pool, known_email, new_email = PoolUnderTest(aws), unique_email(), unique_email()
    pool.sign_up_and_confirm(known_email)
    header = aws.cognito.get_csv_header(UserPoolId=pool.id)["CSVHeader"]
    assert header[-2:] == ["cognito:username", "custom:role"]

    def format_row(email: str, verified: str, name: str) -> str:
        values = {
            "cognito:username": email,
            "email": email,
            "email_verified": verified,
            "name": name,
            "cognito:mfa_enabled": "false",
        }
        return ",".join(values.get(column, "") for column in header)

    rows = [(new_email, "true", r"Doe\, Ann"), (known_email, "true", ""), (unique_email(), "false", "")]
    file = "\n".join([",".join(header), *(format_row(*row) for row in rows)])
    job = aws.cognito.create_user_import_job(
        UserPoolId=pool.id, JobName="old-users", CloudWatchLogsRoleArn=ROLE
    )["UserImportJob"]
    key = {"UserPoolId": pool.id, "JobId": job["JobId"]}
    with pytest.raises(ClientError) as no_file:
        aws.cognito.start_user_import_job(**key)
    assert error_of(no_file)[0] == "PreconditionNotMetException"

    urllib.request.urlopen(
        urllib.request.Request(job["PreSignedUrl"], data=file.encode(), method="PUT"), timeout=20
    ).close()
    assert aws.cognito.start_user_import_job(**key)["UserImportJob"]["Status"] == "Pending"

    job = aws.cognito.describe_user_import_job(**key)["UserImportJob"]
    assert job["Status"] == "Succeeded"
    assert [job[f"{kind}Users"] for kind in ("Imported", "Skipped", "Failed")] == [1, 1, 1]
    user = pool.describe_user(new_email)
    assert (user["status"], user["email_verified"]) == ("RESET_REQUIRED", "true")
    with pytest.raises(ClientError) as reset:
        pool.sign_in(new_email)
    assert error_of(reset)[0] == "PasswordResetRequiredException"
    log = aws.local_aws.client("logs").filter_log_events(
        logGroupName=f"/aws/cognito/userpools/{pool.id}/{pool.document['Name']}"
    )
    assert [event["message"].partition(" - ")[0] for event in log["events"]] == [
        "[SUCCEEDED] Line Number 1",
        "[SKIPPED] Line Number 2",
        "[FAILED] Line Number 3",
    ]


def test_import_jobs_are_listed_and_stopped(aws: AwsResources) -> None:
    """Line 68 (doc): a job that was not started can be stopped; the newest job is the first in the list."""
    pool = PoolUnderTest(aws)
    jobs = [
        aws.cognito.create_user_import_job(UserPoolId=pool.id, JobName=name, CloudWatchLogsRoleArn=ROLE)
        for name in ("first", "second")
    ]

    key = {"UserPoolId": pool.id, "JobId": jobs[0]["UserImportJob"]["JobId"]}
    assert aws.cognito.stop_user_import_job(**key)["UserImportJob"]["Status"] == "Stopped"

    page = aws.cognito.list_user_import_jobs(UserPoolId=pool.id, MaxResults=1)
    assert [job["JobName"] for job in page["UserImportJobs"]] == ["second"]
    page = aws.cognito.list_user_import_jobs(
        UserPoolId=pool.id, MaxResults=1, PaginationToken=page["PaginationToken"]
    )
    assert [job["Status"] for job in page["UserImportJobs"]] == ["Stopped"]


def test_answers_leave_out_empty_settings(aws: AwsResources) -> None:
    """Line 69 (doc): as in the examples of the AWS CLI's reference."""
    pool, name = PoolUnderTest(aws), unique_email()
    pool.sign_up_and_confirm(name)

    user = aws.cognito.admin_get_user(UserPoolId=pool.id, Username=name)
    group = aws.cognito.create_group(UserPoolId=pool.id, GroupName="g")["Group"]

    assert user.keys() - {"ResponseMetadata"} == {
        "Username", "UserAttributes", "UserCreateDate", "UserLastModifiedDate", "Enabled", "UserStatus",
    }  # fmt: skip
    assert group.keys() == {"GroupName", "UserPoolId", "CreationDate", "LastModifiedDate"}
    assert aws.cognito.get_group(UserPoolId=pool.id, GroupName="g")["Group"] == group


def test_invitation_is_no_change_of_the_user(aws: AwsResources) -> None:
    """Line 69 (doc): a user who was just created has one date, also if the invitation is sent by SMS."""
    pool = PoolUnderTest(aws)

    aws.cognito.admin_create_user(UserPoolId=pool.id, Username="+4915112345670")

    user = aws.cognito.admin_get_user(UserPoolId=pool.id, Username="+4915112345670")
    assert user["UserLastModifiedDate"] == user["UserCreateDate"]


def test_tokens_name_their_sign_in(aws: AwsResources) -> None:
    """Line 69 (doc): both tokens have one event_id, and the response has empty ChallengeParameters."""
    pool, name = PoolUnderTest(aws), unique_email()
    pool.sign_up_and_confirm(name)
    parameters = {"USERNAME": name, "PASSWORD": PASSWORD}

    response = aws.cognito.initiate_auth(
        ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
    )

    assert response["ChallengeParameters"] == {}
    tokens = response["AuthenticationResult"]
    assert decode_claims(tokens["IdToken"])["event_id"] == decode_claims(tokens["AccessToken"])["event_id"]
