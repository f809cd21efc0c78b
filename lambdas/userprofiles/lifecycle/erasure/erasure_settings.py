"""The environment of the deployed erasure function, with which the command erases users too."""

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError
from userprofiles.stack_setup.check_result import CheckFailedError, Status, call
from userprofiles.stack_setup.stack import Stack

HANDLER = "userprofiles.handlers.erasure.handler"


def read_environment(stack: Stack, function_name: str) -> dict[str, str]:
    """Return the environment variables of an erasure function.

    Args:
        stack: Region and endpoint.
        function_name: Name of the function.

    Raises:
        RefusedError: The function doesn't exist, or it is another one.
        BackfillFailedError: The function can't be read.
    """
    missing = CheckFailedError(
        f"the function {function_name!r} doesn't exist",
        "Check --function-name (stack output erasureFunctionName) and the region.",
    )
    try:
        configuration = call(
            stack, "lambda", "get_function_configuration", missing=missing, FunctionName=function_name
        )
    except CheckFailedError as error:
        message = f"The erasure function can't be read: {error}.\n{error.fix}"
        if error.status is Status.NOT_CHECKED:
            raise BackfillFailedError(ErrorKind.RIGHTS, message) from error
        raise RefusedError(message) from error
    if configuration.get("Handler") != HANDLER:
        raise RefusedError(
            f"The function {function_name!r} has the handler {configuration.get('Handler')!r}, not "
            f"{HANDLER!r}.\n"
            "Pass the erasure function: --function-name (stack output erasureFunctionName)."
        )
    environment: dict[str, str] = configuration.get("Environment", {}).get("Variables", {})
    return environment
