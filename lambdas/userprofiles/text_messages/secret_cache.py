"""A secret of Secrets Manager or Parameter Store, cached for at most five minutes."""

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from botocore import exceptions as boto

from userprofiles import aws
from userprofiles.telemetry import error_code

T = TypeVar("T")

CACHE_SECONDS = 300
_READ_SECONDS = 1.0  # the call of the service has 5 s in all
_PARAMETER_PREFIX = "ssm:"
_PARAMETER_SERVICE = "ssm"


class SecretError(Exception):
    """The secret cannot be read or is invalid. Its text is a code and repeats nothing of the secret."""


class SecretCache(Generic[T]):
    """Reads a secret when it is needed first, and again after five minutes.

    Args:
        fetch: Returns the secret's text.
        parse: Returns the value that the text describes, or raises SecretError.
        clock: Returns epoch seconds. A monotonic clock may stand still while Lambda freezes the process.
    """

    def __init__(
        self, fetch: Callable[[], str], parse: Callable[[str], T], clock: Callable[[], float] = time.time
    ) -> None:
        self._fetch = fetch
        self._parse = parse
        self._clock = clock
        self._value: T | None = None
        self._read_at = 0.0

    def get(self) -> T:
        """Return the cached value, or read the secret.

        Raises:
            SecretError: The secret cannot be read or is invalid.
        """
        age = self._clock() - self._read_at
        if self._value is not None and 0 <= age < CACHE_SECONDS:
            return self._value
        return self.read()

    def read(self) -> T:
        """Read the secret, whatever is in the cache.

        Raises:
            SecretError: The secret cannot be read or is invalid.
        """
        self._value = None
        read_at = self._clock()
        try:
            text = self._fetch()
        except (boto.ClientError, boto.BotoCoreError) as error:
            raise SecretError(f"Secret{error_code(error)}") from None
        self._value = self._parse(text)
        self._read_at = read_at
        return self._value


def create_fetch(secret_id: str) -> Callable[[], str]:
    """Return a function that reads a secret.

    Args:
        secret_id: Name or ARN of a secret in Secrets Manager; or a SecureString parameter in Parameter Store,
            as its ARN or as `ssm:` and its name.
    """
    is_parameter_arn = secret_id.split(":")[2:3] == [_PARAMETER_SERVICE]
    if is_parameter_arn or secret_id.startswith(_PARAMETER_PREFIX):
        client = aws.client(_PARAMETER_SERVICE, read_s=_READ_SECONDS, attempts=2)
        name = secret_id.removeprefix(_PARAMETER_PREFIX)
        return lambda: _read_parameter(client, name)
    client = aws.client("secretsmanager", read_s=_READ_SECONDS, attempts=2)
    return lambda: _read_secret(client, secret_id)


def _read_parameter(client: Any, name: str) -> str:
    return str(client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])


def _read_secret(client: Any, secret_id: str) -> str:
    secret = client.get_secret_value(SecretId=secret_id)
    if "SecretString" not in secret:
        raise SecretError("SecretIsBinary")
    return str(secret["SecretString"])
