"""Errors that are shown to the user as a message, without a traceback."""


class LocalAwsError(RuntimeError):
    """The local AWS could not start or has stopped; the message says why and how to fix it."""


class DeploymentError(Exception):
    """A deployment failed, or could not be undone; the message says what was given and what is allowed."""


class ConfigError(DeploymentError):
    """The config of the project or the stack is invalid."""


class LocalAwsGoneError(DeploymentError):
    """The local AWS ended during a deployment or before a destroy; its resources ended with it."""


class CancelledError(DeploymentError):
    """A resource was not created, because another resource failed before."""


class UnsupportedError(DeploymentError):
    """The local deployment does not support a part of a program.

    Args:
        problem: What is not supported.
        hint: What is supported. A message with several problems has each hint once.
    """

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(f"{problem} {hint}")
        self.problem = problem
        self.hint = hint
