"""Forbidden actions of the functions' roles, tested with their own policies.

The emulator accepts the key ``test`` as root, so each test runs as an IAM user that has only the policies of
the role.
"""

import json
import uuid
from urllib.parse import unquote

import boto3
import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.backends("embedded")

ROLE = "aws:iam/role:Role"


@pytest.fixture
def act_as(stack, request):
    """Return a function that creates a client factory with the permissions of one of the stack's roles."""
    iam = stack.aws("iam")

    def create_client_factory(role_name_part: str):
        role = stack.get_resource_id(ROLE, role_name_part)
        user = f"as-{uuid.uuid4().hex[:12]}"
        iam.create_user(UserName=user)
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        for name in names:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            text = document if isinstance(document, str) else json.dumps(document)
            iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=unquote(text))
        key = iam.create_access_key(UserName=user)["AccessKey"]

        def delete_user() -> None:
            iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
            for name in names:
                iam.delete_user_policy(UserName=user, PolicyName=name)
            iam.delete_user(UserName=user)

        request.addfinalizer(delete_user)

        def create_client(service: str):
            return boto3.client(
                service,
                endpoint_url=stack.endpoint,
                region_name=stack.region,
                aws_access_key_id=key["AccessKeyId"],
                aws_secret_access_key=key["SecretAccessKey"],
            )

        return create_client

    return create_client_factory


def is_denied(call, **arguments) -> bool:
    """Return whether IAM denies a call; any other response means that the permission exists."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] in {"AccessDeniedException", "AccessDenied"}
    return False


KEY = {"PK": {"S": "USER#x"}, "SK": {"S": "ACCOUNT#MAIN"}}


def test_post_confirmation_can_put_but_not_delete_or_scan(act_as, stack):
    dynamodb = act_as("post-confirmation")("dynamodb")
    users, audit = stack.outputs["usersTableName"], stack.outputs["auditTableName"]

    item = {"PK": {"S": f"USER#{uuid.uuid4()}"}, "SK": {"S": "ACCOUNT#MAIN"}}
    assert not is_denied(dynamodb.put_item, TableName=users, Item=item)
    assert is_denied(dynamodb.delete_item, TableName=users, Key=KEY)
    assert is_denied(dynamodb.scan, TableName=users)
    assert is_denied(dynamodb.get_item, TableName=audit, Key=KEY)
    assert is_denied(dynamodb.delete_item, TableName=audit, Key=KEY)


def test_pre_sign_up_can_not_touch_a_table(act_as, stack):
    dynamodb = act_as("pre-sign-up")("dynamodb")

    assert is_denied(dynamodb.put_item, TableName=stack.outputs["usersTableName"], Item=KEY)
    assert is_denied(dynamodb.get_item, TableName=stack.outputs["usersTableName"], Key=KEY)


@pytest.mark.parametrize("function", ["pre-sign-up", "post-confirmation"])
def test_triggers_have_no_permission_on_the_pool(act_as, stack, function):
    idp = act_as(function)("cognito-idp")

    assert is_denied(idp.admin_get_user, UserPoolId=stack.outputs["userPoolId"], Username="x")
    assert is_denied(idp.list_users, UserPoolId=stack.outputs["userPoolId"])


def test_profile_api_can_not_scan_delete_or_read_the_audit_trail(act_as, stack):
    create_client = act_as("userprofiles-api-handler")
    dynamodb, idp = create_client("dynamodb"), create_client("cognito-idp")
    users, audit = stack.outputs["usersTableName"], stack.outputs["auditTableName"]

    assert not is_denied(dynamodb.batch_get_item, RequestItems={users: {"Keys": [KEY]}})
    assert is_denied(dynamodb.scan, TableName=users)
    assert is_denied(dynamodb.delete_item, TableName=users, Key=KEY)
    assert is_denied(dynamodb.get_item, TableName=audit, Key=KEY)
    assert is_denied(idp.list_users, UserPoolId=stack.outputs["userPoolId"])
    assert is_denied(idp.admin_delete_user, UserPoolId=stack.outputs["userPoolId"], Username="x")


def test_administrators_function_can_query_lists_but_not_scan_or_delete_users(act_as, stack):
    create_client = act_as("api-admin")
    dynamodb, idp = create_client("dynamodb"), create_client("cognito-idp")
    users, audit = stack.outputs["usersTableName"], stack.outputs["auditTableName"]
    query = {"TableName": users, "ExpressionAttributeValues": {":p": {"S": "LIST#customer#00"}}}

    assert not is_denied(dynamodb.query, **query, IndexName="list", KeyConditionExpression="listPK = :p")
    assert not is_denied(
        dynamodb.query, **query, IndexName="status-list", KeyConditionExpression="statusListPK = :p"
    )
    assert is_denied(dynamodb.query, **query, KeyConditionExpression="PK = :p")
    assert is_denied(dynamodb.scan, TableName=users)
    assert is_denied(dynamodb.scan, TableName=users, IndexName="list")
    assert is_denied(dynamodb.delete_item, TableName=users, Key=KEY)
    assert is_denied(dynamodb.get_item, TableName=audit, Key=KEY)
    assert is_denied(idp.list_users, UserPoolId=stack.outputs["userPoolId"])
    assert is_denied(idp.admin_delete_user, UserPoolId=stack.outputs["userPoolId"], Username="x")


def test_erasure_worker_appends_audit_rows_and_reaches_only_users(act_as, stack):
    create_client = act_as("eraser-worker")
    dynamodb, s3 = create_client("dynamodb"), create_client("s3")
    users, audit, receipts = (stack.outputs[f"{name}TableName"] for name in ("users", "audit", "receipts"))
    bucket = stack.outputs["avatarBucketName"]
    row = {"PK": {"S": f"USER#{uuid.uuid4()}"}, "SK": {"S": "AUDIT#1"}}

    assert not is_denied(dynamodb.put_item, TableName=audit, Item=row)
    assert is_denied(dynamodb.get_item, TableName=audit, Key=KEY)
    assert is_denied(dynamodb.update_item, TableName=audit, Key=KEY)
    assert is_denied(dynamodb.delete_item, TableName=audit, Key=KEY)
    assert is_denied(dynamodb.batch_write_item, RequestItems={audit: [{"DeleteRequest": {"Key": KEY}}]})
    assert is_denied(dynamodb.scan, TableName=users)
    assert is_denied(dynamodb.delete_item, TableName=receipts, Key={"PK": KEY["PK"]})
    assert not is_denied(s3.list_object_versions, Bucket=bucket, Prefix="exports/x/")
    assert is_denied(s3.list_object_versions, Bucket=bucket)
    assert is_denied(s3.get_object, Bucket=bucket, Key="avatars/x/y")
    assert is_denied(s3.delete_object, Bucket=bucket, Key="other/x")
    assert is_denied(
        create_client("cognito-idp").admin_create_user, UserPoolId=stack.outputs["userPoolId"], Username="x"
    )


def test_migration_worker_can_not_overwrite_or_delete_in_bulk(act_as, stack):
    dynamodb = act_as("migration-worker")("dynamodb")
    users = stack.outputs["usersTableName"]

    assert is_denied(dynamodb.delete_item, TableName=users, Key=KEY)
    assert is_denied(dynamodb.batch_write_item, RequestItems={users: [{"DeleteRequest": {"Key": KEY}}]})
    assert is_denied(dynamodb.execute_statement, Statement=f"DELETE FROM \"{users}\" WHERE PK='a' AND SK='b'")


def test_profile_api_can_list_pictures_and_store_exports_but_list_and_read_nothing_else(act_as, stack):
    s3 = act_as("userprofiles-api-handler")("s3")
    bucket = stack.outputs["avatarBucketName"]

    for prefix in ("avatars/x/", "claimed/avatars/x/"):
        assert not is_denied(s3.list_objects_v2, Bucket=bucket, Prefix=prefix)
    for prefix in ("exports/x/", ""):
        assert is_denied(s3.list_objects_v2, Bucket=bucket, Prefix=prefix)
    assert not is_denied(s3.put_object, Bucket=bucket, Key="exports/x/1", Body=b"{}")
    assert is_denied(s3.put_object, Bucket=bucket, Key="other/x/1", Body=b"{}")
    assert is_denied(s3.delete_object, Bucket=bucket, Key="avatars/x/1")
