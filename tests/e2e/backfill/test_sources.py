"""Users whom only the user pool has get account and profile, and use the profile API like any other user."""

import argparse
import json
import subprocess
import sys
import uuid

import pytest
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.command.source_options import add_source_options, read_source
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.report import add_up
from userprofiles.backfill.run import Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.table_shape import TableShape

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture(autouse=True)
def aws_settings(localaws, monkeypatch):
    for name, value in localaws.environment({}).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


@pytest.fixture
def forgotten_user(client, stack):
    """Create a confirmed user without account and profile: no trigger fires for AdminCreateUser."""
    email = f"Forgotten-{uuid.uuid4().hex}@example.com"
    idp, pool_id = stack.aws("cognito-idp"), stack.outputs["userPoolId"]
    attributes = {"email": email, "email_verified": "true", "name": "Ann Example", "custom:role": "vendor"}
    created_user = idp.admin_create_user(
        UserPoolId=pool_id,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )["User"]
    idp.admin_set_user_password(UserPoolId=pool_id, Username=email, Password=client.password, Permanent=True)
    [sub] = [entry["Value"] for entry in created_user["Attributes"] if entry["Name"] == "sub"]
    return client.pool_user(email, sub)


def read_options(stack, *arguments):
    """Return `Job.source` as the commands read it."""
    parser = CommandParser()
    add_source_options(parser)
    namespace = argparse.Namespace(template="marketplace", table_name=stack.outputs["usersTableName"])
    return read_source(parser.parse_args(arguments, namespace))


class Observer:
    """An observer that keeps the results."""

    def __init__(self):
        self.results = []

    def record_results(self, _state, results):
        self.results += results

    def save_inserts(self, states, state, keys):
        pass

    def save(self, states, *, is_last):
        pass

    def warn(self, message):
        raise AssertionError(message)


def run(stack, source):
    """Run a job, and return its counts and results."""
    job = Job(
        f"run-{uuid.uuid4().hex[:8]}",
        stack.outputs["usersTableName"],
        source=source,
        template="marketplace",
        shape=TableShape.STACK,
        segments=2,
    )
    client, location = create_client(job.table, limits=COMMAND_LINE)
    observer = Observer()
    states = [SegmentState(number) for number in job.segment_numbers]
    Run(job, client, location, states, stop=Stop(), observer=observer, limits=COMMAND_LINE).execute()
    return add_up(states)[0].to_json(), observer.results


def list_pool(localaws, stack, path):
    """Run `userprofiles pool list` as a process."""
    command = ["-m", "userprofiles.cli", "pool", "list", "--user-pool-id", stack.outputs["userPoolId"]]
    subprocess.run(
        [sys.executable, *command, "--output", str(path), "--requests-per-second", "100"],
        env=localaws.environment({}),
        timeout=60,
        check=True,
        capture_output=True,
    )
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.long
def test_forgotten_users_of_the_pool_get_a_profile(localaws, stack, client, forgotten_user, tmp_path):
    """They get the roles of a sign-up, which the outputs of the stack have."""
    unconfirmed_user = client.sign_up()
    registered_user = client.create_confirmed_user()
    subs = {forgotten_user.sub, unconfirmed_user.sub, registered_user.sub}
    users = list_pool(localaws, stack, tmp_path / "pool.jsonl")
    assert stack.items(forgotten_user.sub) == []
    # Users of other tests stay as they are.
    lines = [json.dumps(user) + "\n" for user in users if user["sub"] in subs]
    (tmp_path / "users.jsonl").write_text("".join(lines))
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(dict(stack.outputs)))
    source = read_options(
        stack, "--source", f"pool-list:{tmp_path / 'users.jsonl'}", "--outputs", str(outputs)
    )

    counts, _ = run(stack, source)

    assert {name: counts[name] for name in ("existed", "created", "failed", "skipped")} == {
        "existed": 1,
        "created": 1,
        "failed": 0,
        "skipped": {"unconfirmed": 1},
    }
    imported_account, _ = stack.items(forgotten_user.sub)
    assert imported_account["createdBy"] == {"S": "import"}
    token = client.get_access_token(forgotten_user)
    body = client.get_profile(token).json()
    assert body["account"]["email"] == forgotten_user.email.lower()
    assert (body["account"]["name"], body["account"]["role"]) == ("Ann Example", "vendor")
    assert not any("migration" in name for part in body.values() for name in part)
    assert client.patch_profile(token, {"profile": {"language": "de"}}).status_code == 200
    [row] = stack.audit_rows(forgotten_user.sub)
    assert row["fields"] == {"L": [{"S": "profile.language"}]}


def test_live_pool_is_read_with_the_rights_of_a_list(stack, forgotten_user):
    """A dry run: the pool has the users of other tests."""
    source = read_options(stack, "--source", f"pool:{stack.outputs['userPoolId']}")
    job = Job(
        "dry-run",
        stack.outputs["usersTableName"],
        source=source,
        template="marketplace",
        dry_run=True,
        segments=1,
    )
    client, location = create_client(job.table, limits=COMMAND_LINE)
    observer = Observer()
    Run(
        job, client, location, [SegmentState(0)], stop=Stop(), observer=observer, limits=COMMAND_LINE
    ).execute()

    outcomes = {result.user_id: result.outcome for result in observer.results}
    assert outcomes[forgotten_user.sub] == "created"
    assert stack.items(forgotten_user.sub) == []


def test_file_in_s3_is_read_in_segments(localaws, stack, tmp_path):
    """JSON lines in a bucket of the local AWS, and the table of the users."""
    s3 = localaws.client("s3")
    bucket = f"sources-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    subs = [str(uuid.uuid4()) for _ in range(20)]
    body = "".join(json.dumps({"key": sub, "mail": f"{sub}@example.com"}) + "\n" for sub in subs)
    s3.put_object(Bucket=bucket, Key="users.jsonl", Body=body.encode() + b"{bad\n")
    columns = {"id": "key", "email": "mail"}
    mapping = {"format": "userprofiles-mapping", "version": 1, "columns": columns}
    (tmp_path / "mapping.json").write_text(json.dumps(mapping))
    try:
        source = read_options(
            stack, "--source", f"jsonl:s3://{bucket}/users.jsonl", "--mapping", str(tmp_path / "mapping.json")
        )
        counts, results = run(stack, source)
        again, _ = run(stack, source)
    finally:
        s3.delete_object(Bucket=bucket, Key="users.jsonl")
        s3.delete_bucket(Bucket=bucket)

    assert (counts["created"], counts["failed"], again["existed"]) == (20, 1, 20)
    assert sorted(result.user_id for result in results if result.outcome == "created") == sorted(subs)
    assert [item["entityType"] for item in stack.items(subs[0])] == [
        {"S": "USER_ACCOUNT"},
        {"S": "USER_PROFILE"},
    ]
