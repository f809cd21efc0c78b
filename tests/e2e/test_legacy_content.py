"""Content of old users on the emulator: its own PartiQL, and copies between its buckets."""

import uuid
from types import SimpleNamespace

import pytest
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.data_stages import open_data_stages
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.mapping.records import LegacyContent, LegacyUser
from userprofiles.legacy.table_inserts import TableInserts
from userprofiles.social.legacy_records import BOUND, claim_item
from userprofiles.table.attribute_value import serialize_item

pytestmark = pytest.mark.backends("embedded")

SUB = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def world(localaws):
    """Yield a table, buckets and the stages of a run."""
    name = f"legacy-{uuid.uuid4().hex[:8]}"
    dynamodb, s3 = localaws.client("dynamodb"), localaws.client("s3")
    keys = (("PK", "HASH"), ("SK", "RANGE"))
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
    )
    old_bucket, bucket = f"{name}-old", f"{name}-new"
    for bucket_name in (old_bucket, bucket):
        s3.create_bucket(Bucket=bucket_name)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    inserts = TableInserts(dynamodb, name)
    rules = {"rules": [{"from": "https://media.old.example/", "bucket": old_bucket, "public": True}]}
    with open_data_stages(
        dynamodb,
        s3,
        inserts,
        table=name,
        media_bucket=bucket,
        media_rules=rules,
        source="biograph",
        run_id="run-1",
        stop=Stop(),
        limits=Limits(),
    ) as stages:
        yield SimpleNamespace(
            dynamodb=dynamodb,
            table=name,
            s3=s3,
            old_bucket=old_bucket,
            bucket=bucket,
            stages={stage.name: stage for stage in stages},
        )
    inserts.close()
    dynamodb.delete_table(TableName=name)
    for bucket_name in (old_bucket, bucket):
        for entry in s3.list_object_versions(Bucket=bucket_name).get("Versions", ()):
            s3.delete_object(Bucket=bucket_name, Key=entry["Key"], VersionId=entry["VersionId"])
        s3.delete_bucket(Bucket=bucket_name)


def create_content(old_id, url):
    values = {
        "title": "Ü 🎙",
        "text": f"See {url}",
        "record_time": "2020-01-01T00:00:00.000Z",
        "updated_at": "",
    }
    return LegacyContent(old_id=old_id, owner_id="1", media=(url,), digest="d", problems=(), **values)


def create_user(old_id):
    texts = ("phone_number", "country_code", "email", "username", "first_name", "picture", "visibility")
    switches = ("email_notifications", "push_notifications", "is_phone_verified", "is_disabled")
    lists = ("friends", "subscribers", "blocks", "problems")
    return LegacyUser(
        old_id=old_id,
        premium=None,
        updated_at="",
        digest="d",
        **dict.fromkeys(texts, ""),
        **dict.fromkeys(switches, False),
        **dict.fromkeys(lists, ()),
    )


def test_content_is_imported_verified_and_undone(world):
    claim = claim_item(
        "biograph", "1", address_hash="h", address_salt="s", digest="d", updated_at="", run_id="run-0"
    )
    claim |= {"state": BOUND, "sub": SUB}
    world.dynamodb.put_item(TableName=world.table, Item=serialize_item(claim))
    world.s3.put_object(Bucket=world.old_bucket, Key="a ü.mp3", Body=b"sound", ContentType="audio/mpeg")
    urls = ["https://media.old.example/a%20%C3%BC.mp3", "https://media.old.example/lost.mp3"]
    records = [create_content(f"c{number}", urls[number % 2]) for number in range(8)]
    stage = world.stages["content"]

    missing = stage.verify(records[:1])
    first = stage.process(records)
    again = stage.process(records)
    verified = stage.verify(records)

    counters = world.stages["counters"].process([create_user("1")])

    assert [result.outcome for result in missing] == [Outcome.FAILED]
    assert {result.outcome for result in first} == {Outcome.CREATED}
    assert [result.keys for result in again] == [result.keys for result in first]
    assert {result.outcome for result in verified} == {Outcome.EXISTED}
    objects = world.s3.list_objects_v2(Bucket=world.bucket)["Contents"]
    assert len(objects) == 4
    body = world.s3.get_object(Bucket=world.bucket, Key=objects[0]["Key"])
    assert (body["Body"].read(), body["ContentType"]) == (b"sound", "audio/mpeg")

    stored = world.dynamodb.get_item(
        TableName=world.table, Key={"PK": {"S": f"USER#{SUB}"}, "SK": {"S": "COUNTERS#MAIN"}}
    )
    assert stored["Item"]["content"] == {"N": "8"}

    undone = stage.undo([key for result in first for key in result.keys])
    undone += world.stages["counters"].undo(counters[0].keys)

    assert {result.outcome for result in undone} == {Outcome.REMOVED}
    assert world.dynamodb.scan(TableName=world.table)["Count"] == 1
    assert world.s3.list_objects_v2(Bucket=world.bucket)["KeyCount"] == 0
