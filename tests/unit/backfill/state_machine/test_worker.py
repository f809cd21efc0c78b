"""The worker of the state machine: its three actions, its checkpoints in S3, and its refusals."""

import hashlib
import io
import json
from dataclasses import replace

import pytest
from backfill_fixtures import LIMITS, account, client_error, plain_user, plain_users, profile
from userprofiles.backfill.errors import BackfillFailedError, RefusedError
from userprofiles.backfill.state_machine.run_folder import OvertakenError, RunFolder
from userprofiles.backfill.state_machine.worker import Worker
from userprofiles.backfill.state_machine.worker_settings import WorkerSettings
from userprofiles.backfill.stop import Stop

BUCKET = "reports"
PLENTY = 900.0


class S3:
    """The part of S3 that the worker uses, with conditional writes. A missing key is a 403."""

    def __init__(self):
        self.objects = {}
        self.denied = False

    def get_object(self, Bucket, Key):  # noqa: N803 - S3's names
        if self.denied or Key not in self.objects:
            raise client_error("GetObject", "AccessDenied", status=403)
        body = self.objects[Key]
        return {"Body": io.BytesIO(body), "ETag": self._etag(body)}

    def put_object(self, *, Bucket, Key, Body, ContentType, IfNoneMatch=None, IfMatch=None):  # noqa: N803 - S3's
        existing_body = self.objects.get(Key)
        if (IfNoneMatch and existing_body is not None) or (
            IfMatch and (existing_body is None or self._etag(existing_body) != IfMatch)
        ):
            raise client_error("PutObject", "PreconditionFailed", status=412)
        self.objects[Key] = Body if isinstance(Body, bytes) else Body.read()
        return {"ETag": self._etag(self.objects[Key])}

    def _etag(self, body):
        return hashlib.sha256(body).hexdigest()

    def json(self, key):
        return json.loads(self.objects[key])


@pytest.fixture
def s3():
    return S3()


@pytest.fixture
def create_worker(s3):
    def make(table, limits=LIMITS, **settings):
        return Worker(
            WorkerSettings(users_table=table.name, bucket=BUCKET, **settings),
            table.client,
            s3,
            lambda message: None,
            limits,
        )

    return make


def run_all(worker, **arguments):
    prepare_payload = worker.handle({"action": "prepare", **arguments}, PLENTY)
    for item in prepare_payload["items"]:
        while not worker.handle(item, PLENTY)["done"]:
            pass
    return prepare_payload, worker.handle({"action": "finish", "runId": prepare_payload["runId"]}, PLENTY)


def test_whole_run(create_table, create_worker, s3):
    table = create_table(
        *(plain_user(f"user{n}") for n in range(20)),
        profile("user0"),
        plain_user("away", status={"S": "inactive"}),
        plain_user("odd", userId={"N": "7"}),
    )

    prepare_payload, payload = run_all(create_worker(table), segments=4)

    assert (payload["processed"], payload["existed"], payload["created"], payload["failed"]) == (22, 1, 19, 1)
    assert payload["skipped"] == {"inactive": 1, "softDeleted": 0}
    assert len(table.profiles()) == 20
    assert payload["report"] == f"s3://{BUCKET}/runs/{prepare_payload['runId']}/report.json"
    report = s3.json(f"runs/{prepare_payload['runId']}/report.json")
    assert report["failures"] == [
        {"userId": "7", "PK": "odd", "SK": "METADATA", "reason": "userId is a number, not a string"}
    ]
    assert {name: value for name, value in payload.items() if name != "report"} == {
        name: report[name] for name in payload if name != "report"
    }
    assert all(key.startswith(f"runs/{prepare_payload['runId']}/") for key in s3.objects)


def test_payloads_have_no_user_data(create_table, create_worker):
    table = create_table(plain_user("user1"))

    payload = create_worker(table).handle({"action": "prepare", "segments": 3.0, "only": [0.0, 2.0]}, PLENTY)

    assert payload == {
        "runId": payload["runId"],
        "table": table.name,
        "dryRun": False,
        "segments": 3,
        "items": [{"action": "work", "runId": payload["runId"], "segment": number} for number in (0, 2)],
    }


def test_dry_run_writes_nothing(create_table, create_worker):
    table = create_table(plain_user("user1"), plain_user("user2"), profile("user1"))
    digest_before = table.digest()

    _, payload = run_all(create_worker(table), dryRun=True, segments=2)

    assert (payload["dryRun"], payload["created"], payload["existed"]) == (True, 1, 1)
    assert table.digest() == digest_before


def test_profiles_in_the_stack_shape_have_the_run_id(create_table, create_worker):
    table = create_table(account("a"))

    prepare_payload, payload = run_all(create_worker(table), segments=1)

    assert payload["created"] == 1
    assert table.profiles()["USER#a"]["migrationRunId"] == {"S": prepare_payload["runId"]}


class StopAfterOneChunk(Stop):
    """A stop that is requested after the first chunk."""

    def __init__(self, deadline=None):
        super().__init__()
        self._checks = 0

    @property
    def is_requested(self):
        self._checks += 1
        return self._checks > 1


def test_worker_stops_before_its_time_limit_and_continues(create_table, create_worker, monkeypatch):
    monkeypatch.setattr("userprofiles.backfill.state_machine.worker.Stop", StopAfterOneChunk)
    table = create_table(*plain_users(12))
    worker = create_worker(table, limits=replace(LIMITS, chunk_rows=5))
    item = worker.handle({"action": "prepare", "segments": 1}, PLENTY)["items"][0]

    payloads = [worker.handle(item, PLENTY) for _ in range(3)]

    assert [payload["done"] for payload in payloads] == [False, False, True]
    assert worker.handle({"action": "finish", "runId": item["runId"]}, PLENTY)["created"] == 12
    assert payloads[0] == {**item, "done": False}


def test_finished_segment_that_is_delivered_again_counts_once(create_table, create_worker):
    table = create_table(plain_user("user1"), plain_user("odd", userId={"N": "7"}))
    worker = create_worker(table)
    prepare_payload, first = run_all(worker, segments=1)

    assert worker.handle(prepare_payload["items"][0], PLENTY)["done"] is True
    second = worker.handle({"action": "finish", "runId": prepare_payload["runId"]}, PLENTY)

    assert {**second, "seconds": 0} == {**first, "seconds": 0}


def test_segment_is_read_from_the_item_of_the_map(create_table, create_worker):
    table = create_table(plain_user("user1"))
    worker = create_worker(table)
    item = worker.handle({"action": "prepare", "segments": 1}, PLENTY)["items"][0]

    payload = worker.handle({"action": "work", "runId": item["runId"], "table": "x", "item": item}, PLENTY)

    assert payload["done"] is True


def test_existing_run_continues_only_with_the_same_input(create_table, create_worker):
    table = create_table(plain_user("user1"))
    worker = create_worker(table)
    first = worker.handle({"action": "prepare", "runId": "mine", "segments": 2}, PLENTY)

    assert worker.handle({"action": "prepare", "runId": "mine", "segments": 2}, PLENTY) == first
    with pytest.raises(RefusedError, match="exists with a different input"):
        worker.handle({"action": "prepare", "runId": "mine", "segments": 3}, PLENTY)


def test_overtaken_worker_returns_the_state_of_the_other_worker(create_table, create_worker, s3):
    table = create_table(plain_user("user1"))
    worker = create_worker(table)
    item = worker.handle({"action": "prepare", "segments": 1}, PLENTY)["items"][0]
    key = f"runs/{item['runId']}/segments/000000.json"

    def overtake(operation, parameters):
        if operation == "Scan":
            table.client.hooks.clear()
            create_worker(table).handle(item, PLENTY)

    table.client.hooks = [overtake]

    assert worker.handle(item, PLENTY)["done"] is True
    assert s3.json(key)["created"] == 1
    assert s3.json(key)["processed"] == 1


def test_segment_without_progress_is_a_failure(create_table, create_worker):
    table = create_table(plain_user("user1"))
    table.client.batch_errors = {"USER#user1": ["ThrottlingError"] * 10}
    worker = create_worker(table, limits=replace(LIMITS, first_wait_s=60.0, longest_wait_s=60.0))
    item = worker.handle({"action": "prepare", "segments": 1}, PLENTY)["items"][0]

    with pytest.raises(BackfillFailedError, match="made no progress"):
        worker.handle(item, 0.01)


class StopAtFirstWait(Stop):
    """A stop that is requested during the first wait."""

    def wait(self, seconds):
        self.request()
        return True


def test_segment_that_created_some_profiles_of_its_chunk_has_progress(
    create_table, create_worker, monkeypatch
):
    monkeypatch.setattr("userprofiles.backfill.state_machine.worker.Stop", StopAtFirstWait)
    table = create_table(*plain_users(3))
    table.client.batch_errors = {"USER#user01": ["ThrottlingError"]}
    worker = create_worker(table)
    item = worker.handle({"action": "prepare", "segments": 1}, PLENTY)["items"][0]

    assert worker.handle(item, PLENTY)["done"] is False
    assert worker.handle(item, PLENTY)["done"] is True
    payload = worker.handle({"action": "finish", "runId": item["runId"]}, PLENTY)
    assert (payload["created"], payload["existed"]) == (3, 0)


def test_unfinished_run_is_a_failure(create_table, create_worker):
    worker = create_worker(create_table(plain_user("user1")))
    run_id = worker.handle({"action": "prepare", "segments": 2}, PLENTY)["runId"]

    with pytest.raises(BackfillFailedError, match=r"Open segments: \[0, 1\]"):
        worker.handle({"action": "finish", "runId": run_id}, PLENTY)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ([], "must be a JSON object"),
        ({}, "Unknown action None"),
        ({"action": "prepare", "tabel": "x"}, "Unknown input 'tabel'; allowed: dryRun, only"),
        ({"action": "prepare", "table": "a b"}, "table name 'a b'"),
        ({"action": "prepare", "segments": 0}, "segments 0"),
        ({"action": "prepare", "segments": 5000}, "allowed are 1 to 2,000"),
        ({"action": "prepare", "segments": "8"}, "segments '8'"),
        ({"action": "prepare", "segments": 2, "only": [2]}, "segment 2: allowed are 0 to 1"),
        ({"action": "prepare", "only": 3}, "Wrong input"),
        ({"action": "prepare", "dryRun": "yes"}, "dry run 'yes'"),
        ({"action": "prepare", "rule": {"statusValues": "x"}}, "statusValues must be a list"),
        ({"action": "prepare", "rule": "x"}, "Wrong input"),
        ({"action": "prepare", "shape": "round"}, "round"),
        ({"action": "prepare", "runId": "../x"}, "run id"),
        ({"action": "prepare", "table": "somebody-elses"}, "is not permitted for this job"),
        ({"action": "work", "runId": "unknown", "segment": 0}, "does not exist"),
        ({"action": "work", "runId": None, "segment": 0}, "run id"),
        ({"action": "finish", "runId": {}}, "run id"),
    ],
)
def test_wrong_input_is_refused(create_table, create_worker, event, message):
    worker = create_worker(create_table(), tables=frozenset({"v_users_dev"}))

    with pytest.raises(RefusedError, match=message):
        worker.handle(event, PLENTY)


@pytest.mark.parametrize("segment", [None, -1, 2, "0", True, {}])
def test_segment_outside_the_run_is_refused(create_table, create_worker, segment):
    worker = create_worker(create_table(plain_user("user1")))
    run_id = worker.handle({"action": "prepare", "segments": 2}, PLENTY)["runId"]

    with pytest.raises(RefusedError, match="segment"):
        worker.handle({"action": "work", "runId": run_id, "segment": segment}, PLENTY)


def test_state_without_read_permission_is_not_overwritten(s3):
    """S3 answers 403 in this case and for a missing key."""
    folder = RunFolder(s3, BUCKET, "run-1")
    folder.write("segments/000000.json", {}, None)
    s3.denied = True

    assert folder.read("segments/000000.json") is None
    with pytest.raises(OvertakenError):
        folder.write("segments/000000.json", {}, None)
