"""Invocations wait for a worker of their function, and the time of waiting is told."""

import asyncio
import contextvars
import json
import threading
import time
from types import SimpleNamespace

import pytest
from ministack.core import lambda_runtime
from ministack.services import lambda_svc
from pulumi_localaws.local import worker_queue
from pulumi_localaws.local.worker_queue import INVOCATION_HEADER, WAIT_PATH, Waits, WorkerQueue

CONFIG = {"FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f"}
SECONDS = 20


@pytest.fixture
def runtime():
    """Return an emulator's module with workers that have no process."""
    workers = {}

    def acquire_worker(func_name, config, code_zip, qualifier="$LATEST", max_concurrency=None):
        pool = workers.setdefault(func_name, [])
        for worker in pool:
            if not worker.in_use:
                worker.in_use = True
                return worker, "reused"
        pool.append(SimpleNamespace(in_use=True, last_used=0.0, number=len(pool)))
        return pool[-1], "spawn"

    def release_worker(worker):
        worker.in_use = False

    return SimpleNamespace(
        _workers=workers,
        _worker_key=lambda name, _config, _qualifier: name,
        acquire_worker=acquire_worker,
        release_worker=release_worker,
    )


@pytest.fixture
def create_queue(runtime):
    return lambda seconds=SECONDS: WorkerQueue(runtime, Waits(), stall_seconds=seconds)


def acquire(queue, name="f"):
    return queue.acquire(name, CONFIG, b"")


def acquire_later(queue, results, count=1):
    """Let threads wait for a worker, one after the other."""
    threads = []
    for _ in range(count):
        expected = len(queue._functions["f"].waiters) + 1
        threads.append(threading.Thread(target=lambda: results.append(acquire(queue)), daemon=True))
        threads[-1].start()
        while len(queue._functions["f"].waiters) < expected:
            time.sleep(0.001)
    return threads


def test_few_workers_serve_many_invocations(create_queue, runtime):
    queue, results = create_queue(), []
    first, second = acquire(queue)[0], acquire(queue)[0]
    threads = acquire_later(queue, results, 8)

    for _ in range(4):
        queue.release(first)
        queue.release(second)
    for thread in threads:
        thread.join(SECONDS)

    assert len(runtime._workers["f"]) == 2
    assert [reason for _, reason in results] == 8 * ["reused"]


def test_worker_goes_to_the_invocation_that_has_waited_longest(create_queue):
    queue, results = create_queue(), []
    worker = acquire(queue)[0]
    acquire(queue)
    [first] = acquire_later(queue, results)
    [second] = acquire_later(queue, [])

    queue.release(worker)
    first.join(SECONDS)

    assert results == [(worker, "reused")]
    assert second.is_alive()


def test_released_worker_without_a_waiter_is_free(create_queue):
    queue = create_queue()
    worker = acquire(queue)[0]

    queue.release(worker)

    assert acquire(queue) == (worker, "reused")


def test_functions_that_all_wait_for_themselves_get_further_workers(create_queue, runtime):
    """A function that invokes itself holds its worker, so that waiting for a free one would never end."""
    queue = create_queue(0.01)

    for _ in range(5):
        acquire(queue)

    assert len(runtime._workers["f"]) == 5


def test_worker_that_is_starting_is_no_stall(create_queue, runtime):
    queue, results = create_queue(0.01), []
    worker = acquire(queue)[0]
    acquire(queue)

    with queue.start(worker):
        [thread] = acquire_later(queue, results)
        thread.join(0.1)
        assert (results, len(runtime._workers["f"])) == ([], 2)

    thread.join(SECONDS)
    assert len(runtime._workers["f"]) == 3


def test_worker_of_deleted_code_is_given_to_nobody(create_queue, runtime):
    queue, results = create_queue(0.05), []
    old = [acquire(queue)[0], acquire(queue)[0]]
    [thread] = acquire_later(queue, results)

    runtime._workers.clear()
    for worker in old:
        queue.release(worker)
    thread.join(SECONDS)

    [(worker, reason)] = results
    assert (worker in old, reason) == (False, "spawn")


def test_invocations_of_another_function_do_not_wait(create_queue):
    queue = create_queue()
    acquire(queue)
    acquire(queue)

    assert acquire(queue, "g")[1] == "spawn"


def call(app, path, headers=()):
    """Send a request, and return the body of the response."""
    messages = []

    async def send(message):
        messages.append(message)

    asyncio.run(app({"type": "http", "path": path, "headers": list(headers)}, None, send))
    return b"".join(message.get("body", b"") for message in messages)


def test_time_of_waiting_is_told_by_the_id_of_the_invocation():
    now = [100.0]
    waits = Waits(lambda: now[0])
    told = []

    async def emulator(_scope, _receive, _send):
        context = contextvars.copy_context()  # as the emulator does for the thread of an invocation
        context.run(wait)

    def wait():
        with waits.measure():
            now[0] += 3
            told.append(waits.get("id-1"))
        with waits.measure():
            now[0] += 4

    app = worker_queue.answer_waits(emulator, waits)
    call(app, "/invocations", [(INVOCATION_HEADER.encode(), b"id-1")])
    call(app, "/invocations")

    assert told == [3, 7]
    assert json.loads(call(app, f"{WAIT_PATH}id-1")) == {"seconds": 7}
    assert json.loads(call(app, f"{WAIT_PATH}unknown")) == {"seconds": 0}


def test_only_as_many_workers_start_at_once_as_there_are_processors(monkeypatch):
    starting, most = [], []
    release = threading.Event()

    def spawn(worker):
        starting.append(worker)
        most.append(len(starting))
        release.wait(SECONDS)
        starting.remove(worker)

    for module, name in ((lambda_svc, "acquire_worker"), (lambda_svc, "release_worker")):
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(lambda_runtime.Worker, "_spawn", spawn)
    started = []
    start = WorkerQueue.start
    monkeypatch.setattr(
        WorkerQueue, "start", lambda queue, worker: started.append(worker) or start(queue, worker)
    )
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    worker_queue.wait_for_workers()
    threads = [
        threading.Thread(target=lambda_runtime.Worker("f", CONFIG, b"")._spawn, daemon=True) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    release.set()
    for thread in threads:
        thread.join(SECONDS)

    assert len(most) == 6
    assert max(most) <= 2
    assert len(started) == 6
