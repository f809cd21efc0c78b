"""Created resources are deleted after a failure and by destroy, in reverse order."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from engine_helpers import TABLE_INPUTS, Engine
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local_aws import LocalAws
from pulumi_localaws.resources.undo_log import is_not_found
from resource_cases.case import BUCKET, LOGS_POLICY, QUEUE, ROLE, TABLE, TRUST_POLICY

pytestmark = pytest.mark.backends("embedded")


def queue_exists(client: Any, url: str) -> bool:
    try:
        client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    except ClientError:
        return False
    return True


def test_incomplete_resource_is_undone(
    engine: Engine, localaws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table exists when the second call fails: it is deleted too."""

    def throttled(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateContinuousBackups")

    client = engine.clients.get("dynamodb", "us-east-1")
    monkeypatch.setattr(client, "update_continuous_backups", throttled)
    inputs = {**TABLE_INPUTS, "name": "incomplete", "pointInTimeRecovery": {"enabled": True}}

    message = engine.register_rejected(TABLE, inputs)

    assert "dynamodb update_continuous_backups: An error occurred (ThrottlingException)" in message
    assert "incomplete" in localaws.client("dynamodb").list_tables()["TableNames"]
    engine.destroy()
    assert "incomplete" not in localaws.client("dynamodb").list_tables()["TableNames"]


def test_retained_resource_still_exists_after_destroy(engine: Engine, localaws: LocalAws) -> None:
    retained_url, _ = engine.register(QUEUE, "retained", {}, retainOnDelete=True)
    other_url, _ = engine.register(QUEUE, "other", {})

    engine.destroy()

    client = localaws.client("sqs")
    exist = (queue_exists(client, retained_url), queue_exists(client, other_url))
    client.delete_queue(QueueUrl=retained_url)
    assert exist == (True, False)


def test_deletion_protection_does_not_prevent_destroy(engine: Engine, localaws: LocalAws) -> None:
    name, _ = engine.register(
        TABLE, "thing", {**TABLE_INPUTS, "deletionProtectionEnabled": True}, protect=True
    )

    engine.destroy()

    with pytest.raises(ClientError, match="ResourceNotFound"):
        localaws.client("dynamodb").describe_table(TableName=name)


def test_bucket_with_versions_is_emptied_and_deleted(engine: Engine, localaws: LocalAws) -> None:
    name, _ = engine.register(BUCKET, "thing", {})
    versioning = {"bucket": name, "versioningConfiguration": {"status": "Enabled"}}
    engine.register("aws:s3/bucketVersioning:BucketVersioning", "versions", versioning)
    s3 = localaws.client("s3")
    for body in (b"1", b"2"):
        s3.put_object(Bucket=name, Key="k", Body=body)
    s3.delete_object(Bucket=name, Key="k")
    s3.create_multipart_upload(Bucket=name, Key="unfinished")

    engine.destroy()

    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket=name)


def test_resource_that_no_longer_exists_counts_as_destroyed(engine: Engine, localaws: LocalAws) -> None:
    url, _ = engine.register(QUEUE, "thing", {})
    localaws.client("sqs").delete_queue(QueueUrl=url)

    engine.destroy()
    engine.destroy()


def test_destroy_continues_after_a_failure_and_lists_it(engine: Engine, localaws: LocalAws) -> None:
    queue, _ = engine.register(QUEUE, "first", {})
    role, _ = engine.register(ROLE, "held", {"assumeRolePolicy": TRUST_POLICY})
    iam = localaws.client("iam")
    iam.put_role_policy(RoleName=role, PolicyName="foreign", PolicyDocument=LOGS_POLICY)

    with pytest.raises(
        DeploymentError,
        match=r"The undo failed for these resources:\n  aws:iam/role:Role 'held': iam delete_role",
    ):
        engine.destroy()

    assert not queue_exists(localaws.client("sqs"), queue)
    iam.delete_role_policy(RoleName=role, PolicyName="foreign")


@pytest.mark.parametrize(
    "code",
    [
        "404",
        "NoSuchEntity",
        "ResourceNotFoundException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
    ],
)
def test_error_codes_for_missing_resources_are_recognized(code: str) -> None:
    assert is_not_found(ClientError({"Error": {"Code": code}}, "x"))


def test_other_error_codes_are_not_taken_for_missing_resources() -> None:
    assert not is_not_found(ClientError({"Error": {"Code": "AccessDenied"}}, "x"))
