"""The message of a failed deployment."""

import sys
import traceback
from pathlib import Path

from pulumi_localaws.environment import PACKAGE_PARENT
from pulumi_localaws.errors import CancelledError, DeploymentError, UnsupportedError

_HARNESS = PACKAGE_PARENT / "pulumi_localaws"
_PACKAGE_FOLDERS = frozenset((".venv", "venv", "site-packages"))


def build_message(problems: list[DeploymentError], failure: BaseException | None, directory: Path) -> str:
    """Return the message of a failed deployment: its problems, and the error that ended the program.

    Args:
        problems: The unsupported or wrong parts of the program.
        failure: The error that ended the program, if any.
        directory: The folder of the program.
    """
    lines = list(dict.fromkeys(str(problem) for problem in problems))
    if len(lines) > 1:
        texts = dict.fromkeys(
            problem.problem if isinstance(problem, UnsupportedError) else str(problem) for problem in problems
        )
        hints = dict.fromkeys(problem.hint for problem in problems if isinstance(problem, UnsupportedError))
        lines = [f"The program has {len(texts)} problems:", *(f"  {text}" for text in texts), *hints]
    if failure is not None:
        if lines:
            lines.append("Then the program ended early, so its other resources were not checked:")
        lines.append(_build_failure_message(failure, directory))
    return "\n".join(lines)


def _build_failure_message(error: BaseException, directory: Path) -> str:
    if isinstance(error, DeploymentError) and not isinstance(error, CancelledError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "The deployment was interrupted. The resources that it created are deleted."
    if isinstance(error, SystemExit):
        return f"The program called sys.exit({error.code!r}). Remove the call: a program must run to its end."
    # Late: the import of pulumi takes half a second.
    from pulumi import RunError  # noqa: PLC0415

    if isinstance(error, RunError):
        # Pulumi's error for a user's mistake. As with the Pulumi CLI, only its message is shown.
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [
        f"  {Path(frame.filename).relative_to(directory)}:{frame.lineno}: {frame.line}"
        for frame in frames
        if is_user_code(Path(frame.filename), directory)
    ]
    if isinstance(error, SyntaxError):
        lines = [f"  {error.filename}:{error.lineno}: {(error.text or '').strip()}"]
    if isinstance(error, ModuleNotFoundError):
        lines.append(
            f"The program runs with the interpreter of pulumi-localaws, {sys.executable}. Install the"
            " program's packages there, or install pulumi-localaws in the virtual environment that has them."
        )
    return "\n".join([f"The program failed with {type(error).__name__}: {error}", *lines])


def is_user_code(file: Path, directory: Path) -> bool:
    """Return whether a file is the user's code, and not in a package or this harness."""
    if not file.is_relative_to(directory) or file.is_relative_to(_HARNESS):
        return False
    in_environment = sys.prefix != sys.base_prefix and file.is_relative_to(sys.prefix)
    return not in_environment and not _PACKAGE_FOLDERS.intersection(file.relative_to(directory).parts)
