"""The AWS emulator (ministack) as a child process that only this machine can reach."""

import os
import site
import socket  # noqa: TC003  kept in a variable whose type is written out
import sys
from collections.abc import Mapping
from pathlib import Path

from pulumi_localaws.environment import DEFAULT_REGION, clean_environment
from pulumi_localaws.local.ports import LOOPBACK, listen
from pulumi_localaws.local.processes import Child, Processes

PYTHON_VARIABLE = "PULUMI_LOCALAWS_EMULATOR_PYTHON"
"""Names the interpreter that runs the emulator, where a project cannot have ministack (it pins botocore)."""

ACCOUNT_ID = "000000000000"
"""The account that the emulator's resources are in."""

LOCALSTACK_CLIENT_KEY = "accesskey"
"""The access key of ``localstack_client.session.Session()``; root for the emulator, as ``test`` is."""

_MAIN = Path(__file__).with_name("emulator_main.py")


class Emulator:
    """ministack on a free port of the loopback interface, with IAM policies enforced.

    The socket is open from the start, so nobody else can take the port, and handed over to the process.

    Args:
        endpoint: URL that the functions running in the emulator call AWS at (the gateway's); None is the
            emulator's own.
        region: The region of everything whose request names none.
        python: The interpreter to run it with; None is the variable PULUMI_LOCALAWS_EMULATOR_PYTHON, else
            this one.
    """

    def __init__(
        self, *, endpoint: str | None = None, region: str = DEFAULT_REGION, python: str | None = None
    ) -> None:
        self._listener: socket.socket = listen()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._endpoint = endpoint or self.url
        self._region = region
        self._python = python or os.environ.get(PYTHON_VARIABLE) or sys.executable

    def child(self, processes: Processes) -> Child:
        """Describe the process to start."""
        fd = self._listener.fileno()
        return Child(
            name="emulator",
            argv=[self._python, str(_MAIN), "--fd", str(fd), "--variable", PYTHON_VARIABLE],
            environment=self._environment(processes.folder),
            fds=[fd],
        )

    def release(self) -> None:
        """Let go of the socket; the process that has taken it over goes on serving it."""
        self._listener.close()

    def _environment(self, folder: Path) -> Mapping[str, str]:
        for name in ("home", "tmp", "state", "s3"):
            (folder / name).mkdir(exist_ok=True)
        # The URLs that it makes up itself (execute-api, queues) must lead to the public port.
        public_port = self._endpoint.rpartition(":")[2]
        return clean_environment(
            endpoint=self._endpoint,
            region=self._region,
            extra={
                "AUTH": "true",
                # Functions do not get to see it: each has its role's credentials.
                "AWS_ACCESS_KEY_ID": LOCALSTACK_CLIENT_KEY,
                "BIND_HOST": LOOPBACK,
                "GATEWAY_PORT": public_port,
                # Both listen on 0.0.0.0 by themselves, whatever BIND_HOST says.
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                # A failing PreTokenGeneration function fails the sign-in, as on AWS.
                "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
                "MINISTACK_REGION": self._region,
                "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
                "LAMBDA_EXECUTOR": "local",
                # With a Docker daemon at hand it would remove containers of the user's other emulators.
                "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
                "TMPDIR": str(folder / "tmp"),
                "HOME": str(folder / "home"),
                # Packages installed for the user are found by HOME otherwise.
                "PYTHONUSERBASE": site.getuserbase(),
                "STATE_DIR": str(folder / "state"),
                "S3_DATA_DIR": str(folder / "s3"),
            },
        )
