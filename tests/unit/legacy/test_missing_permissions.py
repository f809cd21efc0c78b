"""A missing permission is named by the action that IAM knows."""

import pytest
from botocore.exceptions import ClientError
from userprofiles.backfill.error_messages import TableLocation, access_denied_error
from userprofiles.legacy.content.media_errors import refused_error

TABLE = TableLocation("users", "eu-west-1", None)


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("DeleteItem", "dynamodb:DeleteItem"),
        ("Query", "dynamodb:Query"),
        ("TransactWriteItems", "dynamodb:UpdateItem"),
    ],
)
def test_error_of_the_table_names_the_action(operation, action):
    assert f"\n  - {action}" in str(access_denied_error(operation, TABLE))


def test_error_of_the_table_names_an_action_once():
    assert str(access_denied_error("PutItem", TABLE)).count("  - dynamodb:PutItem") == 1


def test_error_of_a_bucket_that_refuses_to_delete_names_the_action():
    denied = ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")

    assert "s3:DeleteObjectVersion" in str(refused_error(denied, "DeleteObject", "media"))
