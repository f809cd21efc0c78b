"""Who starts a run: the AWS identity, else the user and the host."""

import getpass
import socket
import threading
from collections.abc import Callable
from typing import Any

STS_S = 2.0
"""Seconds to wait for the AWS identity. A local AWS or a closed network may not have STS."""


def who_am_i(create_sts_client: Callable[[], Any], seconds: float = STS_S) -> str:
    """Return the ARN of the caller if STS answers in time, else `user@host`.

    GetCallerIdentity needs no permission:
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

    Args:
        create_sts_client: Creates a botocore client of STS. A credential provider may take long, so this is
            part of the waiting time.
        seconds: The longest time to wait.
    """
    arns: list[str] = []

    def ask() -> None:
        try:
            arns.append(str(create_sts_client().get_caller_identity()["Arn"]))
        except Exception:  # noqa: BLE001 - any error means that there is no AWS identity
            return

    thread = threading.Thread(target=ask, name="sts", daemon=True)
    thread.start()
    thread.join(seconds)
    return arns[0] if arns else user_and_host()


def user_and_host() -> str:
    """Return the name of the user and of the machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for the user
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
