"""Errors and logs of Python functions as Lambda's own runtime has them.

The emulator's runtime reports each exception as ``Runtime.HandlerError`` and ends the process; `logging` has
no handler there, so that messages below WARNING are lost.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

import threading
from typing import Any

_FUNCTION_ERROR = "function_error"

# The format: aws-lambda-python-runtime-interface-client, bootstrap.py.
_ADDITIONS = """
import logging

class _LocalAwsRequestId(logging.Filter):
    request_id = ""

    def filter(self, record):
        record.aws_request_id = self.request_id
        return True

_local_aws_request_id = _LocalAwsRequestId()

def _local_aws_set_up_logging():
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(
        "[%(levelname)s]\\t%(asctime)s.%(msecs)03dZ\\t%(aws_request_id)s\\t%(message)s", "%Y-%m-%dT%H:%M:%S"
    ))
    handler.formatter.converter = time.gmtime
    handler.addFilter(_local_aws_request_id)
    logging.getLogger().addHandler(handler)
    if "PYTHONBREAKPOINT" not in os.environ:
        sys.breakpointhook = _local_aws_reject_breakpoint  # pdb would read the next event as its command

def _local_aws_reject_breakpoint(*_arguments, **_options):
    raise RuntimeError(
        "breakpoint() stops a function only if the local AWS was started with --debug-functions:"
        " pytest --debug-functions, or pulumi-localaws up --debug-functions"
    )

def _local_aws_describe(error, error_type="", message=""):
    is_own = not error_type  # the function's own error, not one of the runtime
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:]) if is_own else []
    error_type, message = error_type or type(error).__name__, message or str(error)
    lines = ["Traceback (most recent call last):\\n", *frames] if frames else []
    sys.stderr.write("".join([f"[ERROR] {error_type}: {message}\\n", *lines]))
    sys.stderr.flush()
    return {
        "errorMessage": message,
        "errorType": error_type,
        "requestId": _local_aws_request_id.request_id,
        "stackTrace": frames,
    }

def _local_aws_call(handler, event, context):
    _local_aws_request_id.request_id = context.aws_request_id
    try:
        result = handler(event, context)
    except Exception as error:
        return json.dumps({"status": "ok", "result": None, "function_error": _local_aws_describe(error)})
    try:
        return json.dumps({"status": "ok", "result": result})
    except Exception as error:
        failure = _local_aws_describe(error, "Runtime.MarshalError", f"Unable to marshal response: {error}")
        return json.dumps({"status": "ok", "result": None, "function_error": failure})
"""

_REPLACEMENTS = (
    ("\ndef run():\n", f"{_ADDITIONS}\ndef run():\n"),
    ("    sys.stdout = sys.stderr\n", "    sys.stdout = sys.stderr\n    _local_aws_set_up_logging()\n"),
    (
        (
            "            result = handler_fn(event, context)\n"
            '            _real_stdout.write(json.dumps({"status": "ok", "result": result}) + "\\n")\n'
        ),
        '            _real_stdout.write(_local_aws_call(handler_fn, event, context) + "\\n")\n',
    ),
)


def change_worker_script(script: str) -> str:
    """Return the emulator's script for Python functions with our errors and logs.

    Raises:
        RuntimeError: A place to change does not occur exactly once, so the emulator has another version.
    """
    for place, replacement in _REPLACEMENTS:
        if script.count(place) != 1:
            raise RuntimeError(f"the emulator's script for Python functions has changed near {place!r}")
        script = script.replace(place, replacement)
    return script


def report_errors_as_aws() -> None:
    """Let Python functions log by `logging`, and report exceptions with their class and in a living process.

    The form of an error: Lambda Developer Guide, "Lambda function errors in Python".
    """
    from ministack.core import lambda_runtime  # noqa: PLC0415 - the module is loaded before ministack
    from ministack.services import lambda_svc  # noqa: PLC0415

    lambda_runtime._PYTHON_WORKER_SCRIPT = change_worker_script(  # noqa: SLF001 - the version is pinned
        lambda_runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001 - as above
    )
    current = threading.local()
    invoke = lambda_runtime.Worker.invoke
    execute = lambda_svc._execute_function_warm  # noqa: SLF001 - as above

    def invoke_and_keep_error(worker: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        response: dict[str, Any] = invoke(worker, *arguments, **options)
        current.error = response.pop(_FUNCTION_ERROR, None)
        return response

    def execute_with_error(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        current.error = None
        result: dict[str, Any] = execute(function, event, request_id)
        return {**result, "body": current.error, "error": True} if current.error else result

    lambda_runtime.Worker.invoke = invoke_and_keep_error
    lambda_svc._execute_function_warm = execute_with_error  # noqa: SLF001 - as above
