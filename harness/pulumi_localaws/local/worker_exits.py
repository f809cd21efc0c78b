"""The error of a function whose process has ended, such as one that was killed: AWS has a name for it.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

from typing import Any

_ENDED = "Worker process died"


def name_exits_as_aws() -> None:
    """Report a process that ends during an invocation as ``Runtime.ExitError``, as Lambda does.

    Without this, it can't be told from an exception of the function. A retrier of Step Functions has to
    repeat the first one only.
    """
    from ministack.services import lambda_svc  # noqa: PLC0415

    execute = lambda_svc._execute_function_warm  # noqa: SLF001 - the emulator's version is pinned

    def execute_with_name(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        result: dict[str, Any] = execute(func, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorMessage") == _ENDED:
            message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
            return {**result, "body": {"errorType": "Runtime.ExitError", "errorMessage": message}}
        return result

    lambda_svc._execute_function_warm = execute_with_name  # noqa: SLF001 - as above
