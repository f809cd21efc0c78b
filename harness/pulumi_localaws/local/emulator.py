"""The AWS emulator (ministack), a child process that only the gateway can call."""

import os
import secrets
import site
import socket  # noqa: TC003  an attribute has this type
import sys
from collections.abc import Mapping
from pathlib import Path

from pulumi_localaws.environment import DEFAULT_REGION, clean_environment
from pulumi_localaws.local.debug_sockets import FOLDER_VARIABLE
from pulumi_localaws.local.ports import LOOPBACK, listen
from pulumi_localaws.local.processes import ChildProcess, SupervisedProcesses

PYTHON_VARIABLE = "PULUMI_LOCALAWS_EMULATOR_PYTHON"
"""Variable with the emulator's interpreter, for projects that can't install ministack (it pins botocore)."""

ACCOUNT_ID = "000000000000"
"""The account of the emulator's resources."""

LOCALSTACK_CLIENT_KEY = "accesskey"
"""The access key of ``localstack_client.session.Session()``; the emulator's root user, as ``test`` is."""

_MAIN = Path(__file__).with_name("emulator_main.py")


class Emulator:
    """ministack on a free port of the loopback interface, with IAM policies enforced.

    The socket is opened at once, so that no other program can take the port, and then passed to the process.
    Requests without a secret header are rejected: web pages can find the port, and the root key is public.

    Args:
        endpoint: AWS endpoint of the emulator's functions (the gateway's URL); None is the emulator's own.
        region: The region of requests without one.
        debug_folder: The folder of the sockets of functions that stop at a breakpoint; None: none stops.
        python: The emulator's interpreter; None is the variable PULUMI_LOCALAWS_EMULATOR_PYTHON, or else this
            interpreter.
    """

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        region: str = DEFAULT_REGION,
        debug_folder: Path | None = None,
        python: str | None = None,
    ) -> None:
        self._listener: socket.socket = listen()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.header = f"X-Localaws-Gateway: {secrets.token_urlsafe(32)}"
        self._endpoint = endpoint or self.url
        self._region = region
        self._debug_folder = debug_folder
        self._python = python or os.environ.get(PYTHON_VARIABLE) or sys.executable

    def child_process(self, processes: SupervisedProcesses) -> ChildProcess:
        """Return the description of the process to start."""
        fd = self._listener.fileno()
        return ChildProcess(
            name="emulator",
            argv=[self._python, str(_MAIN), "--fd", str(fd), "--variable", PYTHON_VARIABLE],
            environment=self._environment(processes.folder),
            fds=[fd],
            input_line=self.header,
        )

    def release(self) -> None:
        """Close the socket here; the process that inherited it continues to serve it."""
        self._listener.close()

    def _environment(self, folder: Path) -> Mapping[str, str]:
        for name in ("home", "tmp", "state", "s3"):
            (folder / name).mkdir(exist_ok=True)
        # The URLs that it generates (execute-api, queues) must have the public port.
        public_port = self._endpoint.rpartition(":")[2]
        debug_variables = {} if self._debug_folder is None else {FOLDER_VARIABLE: str(self._debug_folder)}
        return clean_environment(
            endpoint=self._endpoint,
            region=self._region,
            extra={
                **debug_variables,
                "AUTH": "true",
                # Functions do not get this key: each has the credentials of its role.
                "AWS_ACCESS_KEY_ID": LOCALSTACK_CLIENT_KEY,
                "BIND_HOST": LOOPBACK,
                "GATEWAY_PORT": public_port,
                # Both listen on 0.0.0.0, regardless of BIND_HOST.
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                # A failing PreTokenGeneration function fails the sign-in, as on AWS.
                "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
                "MINISTACK_REGION": self._region,
                "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
                "LAMBDA_EXECUTOR": "local",
                # With access to a Docker daemon, it would remove containers of the user's other emulators.
                "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
                "TMPDIR": str(folder / "tmp"),
                "HOME": str(folder / "home"),
                # Without it, Python looks for packages of the user in the new HOME.
                "PYTHONUSERBASE": site.getuserbase(),
                "STATE_DIR": str(folder / "state"),
                "S3_DATA_DIR": str(folder / "s3"),
            },
        )
