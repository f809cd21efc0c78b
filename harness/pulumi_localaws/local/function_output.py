"""Log what a function prints with the invocation that has printed it; `emulator_main` loads this file alone.

The emulator reads the output of a worker in a thread of its own. When the response arrives, it waits 50 ms at
most for the first line of the thread, and 5 ms for each further one. On a busy computer, the thread is later.
Its lines are then logged with the next invocation, or never.
"""

import os
import select
import threading
from typing import Any

_READ_BYTES = 65_536
_LAST_LINES = "        _real_stdout.flush()\n\nrun()\n"


class _Output:
    """The output of one process, up to now.

    A process writes its output before its response. So after the response, all of it is in the pipe or here.

    Args:
        process: The process. Its standard error is a pipe.
    """

    def __init__(self, process: Any) -> None:
        self.process = process
        self._stream = process.stderr
        self._descriptor = self._stream.fileno()
        os.set_blocking(self._descriptor, False)
        self._lock = threading.Lock()
        self._data = bytearray()
        self._has_ended = False

    def follow(self) -> None:
        """Read until the process ends, so that a full pipe never stops it."""
        poll = select.poll()  # unlike `select`, it has no limit for the number of a descriptor
        poll.register(self._descriptor, select.POLLIN)
        while not self._has_ended:
            poll.poll()
            with self._lock:
                self._read()

    def take(self) -> str:
        """Return what the process has written since the last time."""
        with self._lock:
            self._read()
            text = self._data.decode(errors="replace")
            self._data.clear()
        return text.replace("\r\n", "\n").removesuffix("\n")

    def _read(self) -> None:
        """Read all that is in the pipe, without waiting."""
        while not self._has_ended:
            try:
                data = os.read(self._descriptor, _READ_BYTES)
            except BlockingIOError:
                return
            except OSError:  # somebody has closed the pipe
                data = b""
            self._data += data
            if not data:
                self._has_ended = True
                self._stream.close()


def log_all_output() -> None:
    """Let a worker read all output of an invocation before it returns the response.

    Raises:
        RuntimeError: The emulator's worker script is another one than that of the pinned version.
    """
    from ministack.core import lambda_runtime  # noqa: PLC0415 - the module is loaded before ministack

    worker_type = lambda_runtime.Worker
    spawn, drain, drain_bounded = (
        worker_type._spawn,  # noqa: SLF001 - the emulator's version is pinned
        worker_type._drain_stderr,  # noqa: SLF001 - as above
        worker_type._drain_stderr_bounded,  # noqa: SLF001 - as above
    )
    outputs_lock = threading.Lock()

    def output_of(worker: Any) -> Any:
        """Return the output of the last process of a worker; None for a worker with a custom runtime."""
        with outputs_lock:
            process, output = worker._proc, vars(worker).get("output")  # noqa: SLF001 - as above
            if process is not None and (output is None or output.process is not process):
                output = worker.output = _Output(process)
            return output

    def follow(worker: Any) -> None:
        output = output_of(worker)
        if output is not None:
            output.follow()

    def spawn_with_output(worker: Any) -> None:
        spawn(worker)
        output_of(worker)  # the thread that follows it may not have begun

    def take(worker: Any) -> str:
        output = vars(worker).get("output")
        return str(drain(worker) if output is None else output.take())

    def take_bounded(worker: Any, *arguments: Any, **options: Any) -> str:
        output = vars(worker).get("output")
        return str(drain_bounded(worker, *arguments, **options) if output is None else output.take())

    worker_type._spawn = spawn_with_output  # noqa: SLF001 - as above
    worker_type._read_stderr = follow  # noqa: SLF001 - as above
    worker_type._drain_stderr = take  # noqa: SLF001 - as above
    worker_type._drain_stderr_bounded = take_bounded  # noqa: SLF001 - as above
    _flush_output_before_response(lambda_runtime)


def _flush_output_before_response(lambda_runtime: Any) -> None:
    """Let a worker write a line without its end, too, as Lambda does."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001 - as above
    flush = "        sys.stderr.flush()\n"
    if not script.endswith(_LAST_LINES):
        raise RuntimeError("the emulator's script for Python functions has changed")
    lambda_runtime._PYTHON_WORKER_SCRIPT = (  # noqa: SLF001 - as above
        script.removesuffix(_LAST_LINES) + flush + _LAST_LINES
    )
