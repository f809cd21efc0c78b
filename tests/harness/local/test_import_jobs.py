"""The file of an import job, as the emulator receives it."""

import asyncio
import time

from pulumi_localaws.local.import_jobs import UPLOAD_PATH, ImportJobs

MESSAGES, MESSAGE_BYTES = 2_000, 16_384


def test_time_of_an_upload_grows_with_its_size_only():
    jobs = ImportJobs(None, None, None)
    path = f"{UPLOAD_PATH}job"
    jobs._uploads[path] = b""
    messages = [{"body": b"x" * MESSAGE_BYTES, "more_body": True}] * MESSAGES + [{"body": b"end"}]
    queue = iter(messages)
    statuses = []

    async def receive():
        return next(queue)

    async def send(message):
        statuses.append(message.get("status"))

    start = time.process_time()
    asyncio.run(jobs.answer_uploads(None)({"type": "http", "path": path, "method": "PUT"}, receive, send))

    assert statuses[0] == 200
    assert len(jobs._uploads[path]) == MESSAGES * MESSAGE_BYTES + 3
    assert time.process_time() - start < 1  # almost a minute if each message copies what came before
