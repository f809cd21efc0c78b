"""What a user reads if a running MongoDB can't be read. Texts of pymongo are not part of it."""

from typing import NoReturn

import pymongo
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from userprofiles.legacy.errors import SourceRefusedError, SourceUnavailableError

# https://www.mongodb.com/docs/manual/reference/error-codes/
_UNAUTHORIZED = 13
_AUTHENTICATION_FAILED = 18


def refuse_uri(address: str) -> NoReturn:
    """Raise the error for a URI that is not valid.

    Args:
        address: The URI without its secrets.

    Raises:
        SourceRefusedError: Always.
    """
    raise SourceRefusedError(
        f"--source {address}: the URI is not valid. It must be "
        "mongodb://USER:PASSWORD@HOST:PORT/DATABASE?OPTIONS or mongodb+srv://USER:PASSWORD@HOST/DATABASE. "
        "The name of the database is required. Percent-encode special characters in user name and password, "
        "and check the names and values of the options. For mongodb+srv, DNS must know the host."
    ) from None


def refuse_database(address: str) -> NoReturn:
    """Raise the error for a URI without the name of the database.

    Args:
        address: The URI without its secrets.

    Raises:
        SourceRefusedError: Always.
    """
    raise SourceRefusedError(
        f"--source {address}: the URI has no valid name of the database. Add it behind the host: "
        "mongodb://HOST/DATABASE?OPTIONS. If users are in another database, also add authSource."
    ) from None


def refuse(error: PyMongoError, address: str, action: str) -> NoReturn:
    """Raise the error for a call that failed.

    Args:
        error: The error of pymongo.
        address: The URI without its secrets.
        action: What was called, such as `list the collections`.

    Raises:
        SourceUnavailableError: The server does not answer.
        SourceRefusedError: The server refuses.
    """
    kind = SourceUnavailableError if isinstance(error, ConnectionFailure) else SourceRefusedError
    raise kind(f"--source {address}: {_explain(error, action)}") from None


def _explain(error: PyMongoError, action: str) -> str:
    if isinstance(error, ServerSelectionTimeoutError):
        return (
            f"can't {action}: no suitable server answered in time. Check host, port, firewall and TLS, "
            "and for a replica set its name. serverSelectionTimeoutMS in the URI changes the time (10 s)."
        )
    if isinstance(error, AutoReconnect):
        return (
            f"can't {action}: the connection was lost several times, or the server took longer than "
            "socketTimeoutMS (60 s). Repeat the command: it continues where it was."
        )
    if isinstance(error, OperationFailure):
        return _explain_failure(error, action)
    if isinstance(error, ConfigurationError):
        return (
            f"can't {action}: the server does not support an option of the URI, or it is older than pymongo "
            f"{pymongo.version} supports. For MongoDB 3.6 to 4.0: pip install 'pymongo==4.10.1', or use "
            "a dump: dump:FOLDER."
        )
    return f"can't {action}: {type(error).__name__}. Check the server and the options of the URI."


def _explain_failure(error: OperationFailure, action: str) -> str:
    if error.code == _AUTHENTICATION_FAILED:
        return f"can't {action}: wrong user name or password. Check them, and authSource in the URI."
    if error.code == _UNAUTHORIZED:
        return f"can't {action}: the user has no right to it. Required: the role `read` on the database."
    return f"can't {action}: the server refused with the code {error.code}. Check its version and its log."
