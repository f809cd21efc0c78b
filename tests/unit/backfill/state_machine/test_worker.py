"""The state machine's worker: its three actions, its checkpoints in S3, and what it refuses."""

import hashlib
import io
import json
from dataclasses import replace

import pytest
from backfill_fixtures import LIMITS, account, client_error, plain_user, plain_users, profile
from userprofiles.backfill.errors import CannotGoOnError, RefusedError
from userprofiles.backfill.state_machine.run_folder import OvertakenError, RunFolder
from userprofiles.backfill.state_machine.worker import Settings, Worker
from userprofiles.backfill.stop import Stop

BUCKET = "reports"
PLENTY = 900.0


class S3:
    """S3 as far as the worker uses it, with conditional writes; without ListBucket a missing key is a 403."""

    def __init__(self):
        self.objects = {}
        self.denied = False

    def get_object(self, Bucket, Key):  # noqa: N803 - S3's names
        if self.denied or Key not in self.objects:
            raise client_error("GetObject", "AccessDenied", status=403)
        body = self.objects[Key]
        return {"Body": io.BytesIO(body), "ETag": self._etag(body)}

    def put_object(self, *, Bucket, Key, Body, ContentType, IfNoneMatch=None, IfMatch=None):  # noqa: N803 - S3's
        there = self.objects.get(Key)
        if (IfNoneMatch and there is not None) or (
            IfMatch and (there is None or self._etag(there) != IfMatch)
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
def make_worker(s3):
    def make(table, limits=LIMITS, **settings):
        return Worker(
            Settings(users_table=table.name, bucket=BUCKET, **settings),
            table.client,
            s3,
            lambda message: None,
            limits,
        )

    return make


def run_all(worker, **given):
    prepared = worker.handle({"action": "prepare", **given}, PLENTY)
    for item in prepared["items"]:
        while not worker.handle(item, PLENTY)["done"]:
            pass
    return prepared, worker.handle({"action": "finish", "runId": prepared["runId"]}, PLENTY)


def test_whole_run(make_table, make_worker, s3):
    table = make_table(
        *(plain_user(f"user{n}") for n in range(20)),
        profile("user0"),
        plain_user("away", status={"S": "inactive"}),
        plain_user("odd", userId={"N": "7"}),
    )

    prepared, answer = run_all(make_worker(table), segments=4)

    assert (answer["processed"], answer["existed"], answer["created"], answer["failed"]) == (22, 1, 19, 1)
    assert answer["skipped"] == {"inactive": 1, "softDeleted": 0}
    assert len(table.profiles()) == 20
    assert answer["report"] == f"s3://{BUCKET}/runs/{prepared['runId']}/report.json"
    report = s3.json(f"runs/{prepared['runId']}/report.json")
    assert report["failures"] == [{"userId": "7", "reason": "userId is a number, not a string"}]
    assert {name: report[name] for name in answer if name != "report"} == {
        name: value for name, value in answer.items() if name != "report"
    }
    assert all(key.startswith(f"runs/{prepared['runId']}/") for key in s3.objects)


def test_payloads_are_tiny_and_name_nobody(make_table, make_worker):
    table = make_table(plain_user("user1"))

    prepared = make_worker(table).handle({"action": "prepare", "segments": 3.0, "only": [0.0, 2.0]}, PLENTY)

    assert prepared == {
        "runId": prepared["runId"],
        "table": table.name,
        "dryRun": False,
        "segments": 3,
        "items": [{"action": "work", "runId": prepared["runId"], "segment": number} for number in (0, 2)],
    }


def test_dry_run_leaves_the_table_alone(make_table, make_worker):
    table = make_table(plain_user("user1"), plain_user("user2"), profile("user1"))
    before = table.digest()

    _, answer = run_all(make_worker(table), dryRun=True, segments=2)

    assert (answer["dryRun"], answer["created"], answer["existed"]) == (True, 1, 1)
    assert table.digest() == before


def test_profiles_of_the_stacks_own_table_carry_the_run(make_table, make_worker):
    table = make_table(account("a"))

    prepared, answer = run_all(make_worker(table), segments=1)

    assert answer["created"] == 1
    assert table.profiles()["USER#a"]["migrationRunId"] == {"S": prepared["runId"]}


class TimeIsUpAfterOneChunk(Stop):
    """A stop that is asked for as soon as some work was done."""

    def __init__(self, deadline=None):
        super().__init__()
        self._looks = 0

    @property
    def asked(self):
        self._looks += 1
        return self._looks > 1


def test_worker_stops_before_its_function_does_and_goes_on(make_table, make_worker, monkeypatch):
    monkeypatch.setattr("userprofiles.backfill.state_machine.worker.Stop", TimeIsUpAfterOneChunk)
    table = make_table(*plain_users(12))
    worker = make_worker(table, limits=replace(LIMITS, chunk_rows=5))
    item = worker.handle({"action": "prepare", "segments": 1}, PLENTY)["items"][0]

    answers = [worker.handle(item, PLENTY) for _ in range(3)]

    assert [answer["done"] for answer in answers] == [False, False, True]
    assert worker.handle({"action": "finish", "runId": item["runId"]}, PLENTY)["created"] == 12
    assert answers[0] == {**item, "done": False}


def test_delivered_again_a_finished_segment_counts_once(make_table, make_worker):
    table = make_table(plain_user("user1"), plain_user("odd", userId={"N": "7"}))
    worker = make_worker(table)
    prepared, first = run_all(worker, segments=1)

    assert worker.handle(prepared["items"][0], PLENTY)["done"] is True
    again = worker.handle({"action": "finish", "runId": prepared["runId"]}, PLENTY)

    assert {**again, "seconds": 0} == {**first, "seconds": 0}


def test_item_may_stand_in_the_maps_envelope(make_table, make_worker):
    table = make_table(plain_user("user1"))
    worker = make_worker(table)
    item = worker.handle({"action": "prepare", "segments": 1}, PLENTY)["items"][0]

    answer = worker.handle({"action": "work", "runId": item["runId"], "table": "x", "item": item}, PLENTY)

    assert answer["done"] is True


def test_run_that_exists_goes_on_with_the_same_input_only(make_table, make_worker):
    table = make_table(plain_user("user1"))
    worker = make_worker(table)
    first = worker.handle({"action": "prepare", "runId": "mine", "segments": 2}, PLENTY)

    assert worker.handle({"action": "prepare", "runId": "mine", "segments": 2}, PLENTY) == first
    with pytest.raises(RefusedError, match="exists with another input"):
        worker.handle({"action": "prepare", "runId": "mine", "segments": 3}, PLENTY)


def test_worker_that_was_overtaken_leaves_the_word_to_the_other(make_table, make_worker, s3):
    table = make_table(plain_user("user1"))
    worker = make_worker(table)
    item = worker.handle({"action": "prepare", "segments": 1}, PLENTY)["items"][0]
    key = f"runs/{item['runId']}/segments/000000.json"

    def overtake(operation, parameters):
        if operation == "Scan":
            table.client.before.clear()
            make_worker(table).handle(item, PLENTY)

    table.client.before = [overtake]

    assert worker.handle(item, PLENTY)["done"] is True
    assert s3.json(key)["created"] == 1
    assert s3.json(key)["processed"] == 1


def test_segment_without_any_progress_is_a_failure_and_no_endless_loop(make_table, make_worker):
    table = make_table(plain_user("user1"))
    table.client.batch_errors = {"USER#user1": ["ThrottlingError"] * 10}
    worker = make_worker(table, limits=replace(LIMITS, first_wait_s=60.0, longest_wait_s=60.0))
    item = worker.handle({"action": "prepare", "segments": 1}, PLENTY)["items"][0]

    with pytest.raises(CannotGoOnError, match="made no progress"):
        worker.handle(item, 0.01)


def test_unfinished_run_is_no_success(make_table, make_worker):
    worker = make_worker(make_table(plain_user("user1")))
    run_id = worker.handle({"action": "prepare", "segments": 2}, PLENTY)["runId"]

    with pytest.raises(CannotGoOnError, match=r"segments \[0, 1\] are left"):
        worker.handle({"action": "finish", "runId": run_id}, PLENTY)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ([], "has to be a JSON object"),
        ({}, "Unknown action None"),
        ({"action": "prepare", "tabel": "x"}, "Unknown input 'tabel'; allowed: dryRun, only"),
        ({"action": "prepare", "table": "a b"}, "table name 'a b'"),
        ({"action": "prepare", "segments": 0}, "segments 0"),
        ({"action": "prepare", "segments": 5000}, "at most 2000"),
        ({"action": "prepare", "segments": "8"}, "segments '8'"),
        ({"action": "prepare", "segments": 2, "only": [2]}, "segment 2: allowed are 0 to 1"),
        ({"action": "prepare", "only": 3}, "Wrong input"),
        ({"action": "prepare", "dryRun": "yes"}, "dry run 'yes'"),
        ({"action": "prepare", "rule": {"statusValues": "x"}}, "statusValues must be a list"),
        ({"action": "prepare", "rule": "x"}, "Wrong input"),
        ({"action": "prepare", "shape": "round"}, "round"),
        ({"action": "prepare", "runId": "../x"}, "run id"),
        ({"action": "prepare", "table": "somebody-elses"}, "none that this job may backfill"),
        ({"action": "work", "runId": "unknown", "segment": 0}, "is not there"),
        ({"action": "work", "runId": None, "segment": 0}, "run id"),
        ({"action": "finish", "runId": {}}, "run id"),
    ],
)
def test_wrong_input_is_refused(make_table, make_worker, event, message):
    worker = make_worker(make_table(), tables=frozenset({"v_users_dev"}))

    with pytest.raises(RefusedError, match=message):
        worker.handle(event, PLENTY)


@pytest.mark.parametrize("segment", [None, -1, 2, "0", True, {}])
def test_segment_of_another_run_is_refused(make_table, make_worker, segment):
    worker = make_worker(make_table(plain_user("user1")))
    run_id = worker.handle({"action": "prepare", "segments": 2}, PLENTY)["runId"]

    with pytest.raises(RefusedError, match="segment"):
        worker.handle({"action": "work", "runId": run_id, "segment": segment}, PLENTY)


def test_bucket_that_may_not_be_read_is_no_empty_bucket(s3):
    """A state that can't be read must not be begun again."""
    folder = RunFolder(s3, BUCKET, "run-1")
    folder.write("segments/000000.json", {}, None)
    s3.denied = True

    assert folder.read("segments/000000.json") is None
    with pytest.raises(OvertakenError):
        folder.write("segments/000000.json", {}, None)
