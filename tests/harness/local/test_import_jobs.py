"""The file of an import job, as the emulator receives it."""

import asyncio

import pytest
from pulumi_localaws.local.import_jobs import UPLOAD_PATH, ImportJobs

MESSAGES, MESSAGE_BYTES = 2_000, 16_384


class Part(bytes):
    """A part of a body that can't be appended to bytes, which would copy all parts before it."""

    def __radd__(self, other):
        raise AssertionError(f"{len(other)} bytes would be copied for each part")


def test_file_in_many_parts_is_stored_without_copies():
    jobs = ImportJobs(None, None, None)
    path = f"{UPLOAD_PATH}job"
    jobs._uploads[path] = b""
    messages = [{"body": Part(b"x" * MESSAGE_BYTES), "more_body": True}] * MESSAGES + [{"body": b"end"}]
    queue = iter(messages)
    statuses = []

    async def receive():
        return next(queue)

    async def send(message):
        statuses.append(message.get("status"))

    asyncio.run(jobs.answer_uploads(None)({"type": "http", "path": path, "method": "PUT"}, receive, send))

    assert statuses[0] == 200
    assert len(jobs._uploads[path]) == MESSAGES * MESSAGE_BYTES + 3


class Calls:
    """The parts of `cognito_calls` that the jobs use."""

    Rejected = ValueError

    @staticmethod
    def find_pool(cognito, data):
        return cognito.pool


class Cognito:
    def __init__(self):
        self.pool = {"Id": "pool", "Name": "name", "AutoVerifiedAttributes": ["email"]}

    @staticmethod
    def _now_epoch():
        return 0


@pytest.mark.parametrize("action", ["StartUserImportJob", "StopUserImportJob"])
def test_url_of_an_ended_job_accepts_no_file(monkeypatch, action):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    jobs = ImportJobs(Cognito(), Calls, lambda *_: None)
    job = jobs.actions["CreateUserImportJob"]({"JobName": "job", "UserPoolId": "pool"})["UserImportJob"]
    jobs._uploads[job["PreSignedUrl"]] = b"not the header"

    jobs.actions[action]({"JobId": job["JobId"], "UserPoolId": "pool"})

    assert jobs._uploads == {}
