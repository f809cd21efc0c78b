"""Let invocations wait for a worker of their function, because each new worker needs a second of CPU.

The emulator starts a process for each invocation that finds all workers busy. Lambda does so too, but has a
processor for each of them. On two cores, 32 simultaneous clients start over 100 processes, which slow down
each other until no function answers within Cognito's 5 seconds.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

import contextlib
import contextvars
import json
import os
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

INVOCATION_HEADER = "x-localaws-invocation"
WAIT_PATH = "/_localaws/waits/"
WORKERS_WITHOUT_WAIT = 2
"""Workers of one function that are started at once."""

STALL_SECONDS = 1.0
"""If no worker of a function becomes free for so long, a further one is started. A function that invokes
itself, or that sleeps, needs it."""

_KEPT_WAITS = 10_000

_App = Callable[[Any, Any, Any], Awaitable[None]]
_invocation_id: contextvars.ContextVar[str] = contextvars.ContextVar("invocation_id", default="")


class Waits:
    """How long each invocation has waited for a worker, by an ID that its caller chose."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seconds: dict[str, float] = {}
        self._waiting_since: dict[str, float] = {}

    @contextlib.contextmanager
    def measure(self) -> Iterator[None]:
        """Add the time within the block to the invocation of this context."""
        invocation_id = _invocation_id.get()
        if not invocation_id:
            yield
            return
        with self._lock:
            self._waiting_since[invocation_id] = self._clock()
        try:
            yield
        finally:
            with self._lock:
                seconds = self._clock() - self._waiting_since.pop(invocation_id)
                self._seconds[invocation_id] = self._seconds.get(invocation_id, 0.0) + seconds
                while len(self._seconds) > _KEPT_WAITS:
                    del self._seconds[next(iter(self._seconds))]

    def get(self, invocation_id: str) -> float:
        """Return the seconds that an invocation has waited until now; 0 for an unknown one."""
        with self._lock:
            since = self._waiting_since.get(invocation_id)
            current = 0.0 if since is None else self._clock() - since
            return self._seconds.get(invocation_id, 0.0) + current


@dataclass
class _Waiter:
    """An invocation that waits for a worker."""

    has_worker: threading.Event = field(default_factory=threading.Event)
    worker: Any = None


@dataclass
class _Function:
    """The invocations of one function that wait, and when one of its workers became free or was started."""

    waiters: deque[_Waiter] = field(default_factory=deque)
    last_progress: float = field(default_factory=time.monotonic)


class WorkerQueue:
    """Gives each worker that becomes free to the invocation that has waited longest.

    Args:
        runtime: The emulator's module `lambda_runtime`.
        waits: Receives the times.
        stall_seconds: See `STALL_SECONDS`.
    """

    def __init__(self, runtime: Any, waits: Waits, stall_seconds: float = STALL_SECONDS) -> None:
        self._runtime = runtime
        self._acquire = runtime.acquire_worker
        self._release = runtime.release_worker
        self._waits = waits
        self._stall_seconds = stall_seconds
        self._lock = threading.Lock()
        self._functions: dict[str, _Function] = {}
        self._starting: list[Any] = []

    def acquire(
        self,
        func_name: str,
        config: dict[str, Any],
        code_zip: bytes,
        qualifier: str = "$LATEST",
        max_concurrency: int | None = None,
    ) -> tuple[Any, str]:
        """Return a worker, and "reused" or "spawn", as the emulator's own function does."""
        key = self._runtime._worker_key(func_name, config, qualifier)  # noqa: SLF001 - the version is pinned
        with self._lock:
            function = self._functions.setdefault(key, _Function())
            if not function.waiters and self._has_worker_to_spare(key):
                return self._take(function, func_name, config, code_zip, qualifier, max_concurrency)
            waiter = _Waiter()
            function.waiters.append(waiter)
        with self._waits.measure():
            while True:
                waiter.has_worker.wait(self._stall_seconds)
                with self._lock:
                    if waiter.worker is not None:
                        return waiter.worker, "reused"
                    if not self._is_stalled(key, function):
                        continue
                    function.waiters.remove(waiter)
                    return self._take(function, func_name, config, code_zip, qualifier, max_concurrency)

    def release(self, worker: Any) -> None:
        """Give a worker to the next invocation, or back to the emulator's pool."""
        with self._lock:
            key, function = self._find_function(worker)
            if function is not None:
                function.last_progress = time.monotonic()
                if function.waiters:
                    waiter = function.waiters.popleft()
                    worker.last_used = time.time()
                    waiter.worker = worker
                    waiter.has_worker.set()
                    return
                del self._functions[key]
            self._release(worker)

    @contextlib.contextmanager
    def start(self, worker: Any) -> Iterator[None]:
        """Start a worker within the block; meanwhile no further worker of its function is needed."""
        with self._lock:
            self._starting.append(worker)
        try:
            yield
        finally:
            with self._lock:
                self._starting.remove(worker)
                _, function = self._find_function(worker)
                if function is not None:
                    function.last_progress = time.monotonic()

    def _take(self, function: _Function, *arguments: Any) -> tuple[Any, str]:
        worker, reason = self._acquire(*arguments)
        function.last_progress = time.monotonic()
        return worker, reason

    def _list_workers(self, key: str) -> list[Any]:
        return list(self._runtime._workers.get(key, ()))  # noqa: SLF001 - the version is pinned

    def _is_stalled(self, key: str, function: _Function) -> bool:
        if any(worker in self._starting for worker in self._list_workers(key)):
            return False
        return time.monotonic() - function.last_progress >= self._stall_seconds

    def _has_worker_to_spare(self, key: str) -> bool:
        workers = self._list_workers(key)
        return len(workers) < WORKERS_WITHOUT_WAIT or any(not worker.in_use for worker in workers)

    def _find_function(self, worker: Any) -> tuple[str, _Function | None]:
        """Return the function of a worker; None if the worker was removed with its function."""
        if worker is None:
            return "", None
        for key, workers in list(self._runtime._workers.items()):  # noqa: SLF001 - the version is pinned
            if worker in workers:
                return key, self._functions.get(key)
        return "", None


def answer_waits(app: _App, waits: Waits) -> _App:
    """Wrap the emulator: remember the ID of each invocation, and answer how long it has waited.

    Args:
        app: The emulator.
        waits: The times.
    """

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        if scope["path"].startswith(WAIT_PATH):
            seconds = waits.get(scope["path"].removeprefix(WAIT_PATH))
            body = json.dumps({"seconds": seconds}).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        name = INVOCATION_HEADER.encode()
        token = _invocation_id.set(
            next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
        )
        try:
            await app(scope, receive, send)
        finally:
            _invocation_id.reset(token)

    return answer


def wait_for_workers() -> Waits:
    """Let invocations wait for a worker, and let few workers start at the same time. Return the times."""
    from ministack.core import lambda_runtime  # noqa: PLC0415 - the module is loaded before ministack
    from ministack.services import lambda_svc  # noqa: PLC0415

    waits = Waits()
    queue = WorkerQueue(lambda_runtime, waits)
    lambda_svc.acquire_worker = queue.acquire
    lambda_svc.release_worker = queue.release
    slots = threading.BoundedSemaphore(os.cpu_count() or 1)
    spawn = lambda_runtime.Worker._spawn  # noqa: SLF001 - the emulator's version is pinned

    def spawn_in_turn(worker: Any) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(queue.start(worker))
            with waits.measure():
                stack.enter_context(slots)
            spawn(worker)

    lambda_runtime.Worker._spawn = spawn_in_turn  # noqa: SLF001 - as above
    return waits
