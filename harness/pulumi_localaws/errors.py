"""What the engine raises for a user's mistake: a message that is shown as it stands, without a traceback."""


class DeploymentError(Exception):
    """A deployment could not be made, or not undone; the message says what was given and what is allowed."""


class ConfigError(DeploymentError):
    """The project's or stack's settings cannot be used."""


class CancelledError(DeploymentError):
    """A resource was not begun, since another one failed before."""
