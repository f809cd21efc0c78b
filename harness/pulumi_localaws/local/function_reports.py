"""Report duration, start and memory of each invocation as Lambda does, in its log and in its metrics.

The emulator reports the time until it has read the log, with the start of the process and with the time
without a worker, and the memory of some process that has ended. It has metrics of the invocations by `Invoke`
only.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

import math
import threading
import time
from pathlib import Path
from typing import Any

_KIB_PER_MIB = 1_024


class _Invocation(threading.local):
    """What the current thread has measured of its last invocation.

    Attributes:
        begin: When the function got the event, in monotonic seconds.
        end: When its result arrived.
        init_ms: Milliseconds of the start of the process; 0 for one that was running.
        memory_mib: The highest resident memory of the process; 0 if unknown.
    """

    begin = 0.0
    end = 0.0
    init_ms = 0.0
    memory_mib = 0


_invocation = _Invocation()


def read_peak_memory(process_id: int) -> int:
    """Return the highest resident memory of a process in MiB; 0 if it has ended, or not on Linux."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return math.ceil(int(fields["VmHWM"].split()[0]) / _KIB_PER_MIB) if "VmHWM" in fields else 0


def describe(request_id: str, memory_size: int) -> str:
    """Return the REPORT line of the current thread's invocation.

    The duration excludes the start (Lambda Operator Guide, "How CloudWatch structures logs"), which is billed
    too (AWS Compute Blog, "AWS Lambda standardizes billing for INIT Phase", 2025).
    """
    duration_ms = (_invocation.end - _invocation.begin) * 1_000
    billed_ms = math.ceil(duration_ms + _invocation.init_ms)
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {billed_ms} ms",
        f"Memory Size: {memory_size} MB",
        f"Max Memory Used: {_invocation.memory_mib} MB",
    ]
    if _invocation.init_ms:
        fields.append(f"Init Duration: {_invocation.init_ms:.2f} ms")
    return "\t".join(fields)


def report_as_aws() -> None:
    """Replace what the emulator reports of the functions that it runs as processes."""
    from ministack.core import lambda_runtime  # noqa: PLC0415 - the module is loaded before ministack

    _measure_invocations(lambda_runtime.Worker)
    _replace_reports()


def _measure_invocations(worker_class: Any) -> None:
    spawn, invoke = worker_class._spawn, worker_class.invoke  # noqa: SLF001 - the version is pinned
    drain, drain_bounded = worker_class._drain_stderr, worker_class._drain_stderr_bounded  # noqa: SLF001

    def spawn_and_measure(worker: Any) -> None:
        begin = time.monotonic()
        spawn(worker)
        _invocation.begin = time.monotonic()
        _invocation.init_ms = (_invocation.begin - begin) * 1_000
        _invocation.memory_mib = read_peak_memory(worker._proc.pid)  # noqa: SLF001 - as above

    def invoke_and_measure(worker: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        _invocation.begin, _invocation.end, _invocation.init_ms = time.monotonic(), 0.0, 0.0
        process = worker._proc  # noqa: SLF001 - the version is pinned
        _invocation.memory_mib = read_peak_memory(process.pid) if process else 0
        result: dict[str, Any] = invoke(worker, *arguments, **options)
        _invocation.end = _invocation.end or time.monotonic()
        return result

    def note_end(worker: Any) -> None:
        _invocation.end = time.monotonic()
        if worker._proc:  # noqa: SLF001 - as above
            _invocation.memory_mib = read_peak_memory(worker._proc.pid)  # noqa: SLF001 - as above

    def note_end_and_drain(worker: Any) -> str:
        note_end(worker)
        return str(drain(worker))

    def note_end_and_drain_bounded(worker: Any, *arguments: Any, **options: Any) -> str:
        note_end(worker)
        return str(drain_bounded(worker, *arguments, **options))

    worker_class._spawn = spawn_and_measure  # noqa: SLF001 - as above
    worker_class.invoke = invoke_and_measure
    worker_class._drain_stderr = note_end_and_drain  # noqa: SLF001 - as above
    worker_class._drain_stderr_bounded = note_end_and_drain_bounded  # noqa: SLF001 - as above


def _replace_reports() -> None:
    from ministack.services import lambda_svc  # noqa: PLC0415
    from ministack.services.cloudwatch import record_metric  # noqa: PLC0415

    emit_logs = lambda_svc._emit_lambda_logs  # noqa: SLF001 - the emulator's version is pinned

    def record(name: str, **values: float) -> None:
        for metric, value in values.items():
            unit = "Milliseconds" if metric == "Duration" else "Count"
            record_metric("AWS/Lambda", metric, value, unit, {"FunctionName": name})

    def emit_logs_and_metrics(
        function: dict[str, Any], request_id: str, text: str, error: bool, duration_ms: int, **options: Any
    ) -> None:
        config = function.get("config") or function
        measured_ms = float(duration_ms)
        if _invocation.end:  # else the function did not run as a process of the emulator
            measured_ms = (_invocation.end - _invocation.begin) * 1_000
            text = _complete_log(text, request_id, config)
            options["log_source"] = "rie"  # of the emulator: the text has the lines of the platform
            _invocation.end = 0.0
        emit_logs(function, request_id, text, error, duration_ms, **options)
        name = config.get("FunctionName", "unknown")
        record(name, Invocations=1, Errors=int(error), Throttles=0, Duration=measured_ms)

    def emit_throttle(name: str, duration_ms: float, error: bool, throttle: bool) -> None:  # noqa: ARG001
        # The emulator calls it for each `Invoke` too, which `emit_logs_and_metrics` has counted, and a second
        # time for one that was throttled. A throttled request is not an invocation (Lambda Developer Guide,
        # "Types of metrics for Lambda functions").
        if throttle and not duration_ms:
            record(name, Throttles=1)

    lambda_svc._emit_lambda_logs = emit_logs_and_metrics  # noqa: SLF001 - the emulator's version is pinned
    lambda_svc._emit_lambda_metrics = emit_throttle  # noqa: SLF001 - as above


def _complete_log(text: str, request_id: str, config: dict[str, Any]) -> str:
    start = f"START RequestId: {request_id} Version: {config.get('Version', '$LATEST')}"
    report = describe(request_id, int(config.get("MemorySize", 128)))
    return "\n".join([start, *text.splitlines(), f"END RequestId: {request_id}", report])
