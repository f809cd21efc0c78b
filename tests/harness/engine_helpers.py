"""A monitor to register resources with directly, as Pulumi's SDK does, without a program and its process."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import resource_pb2
from pulumi_localaws.config.provider import Provider
from pulumi_localaws.engine.deployment_context import DeploymentContext
from pulumi_localaws.engine.monitor import Monitor
from pulumi_localaws.engine.properties import decode_properties, encode_properties
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local.clients import Clients
from pulumi_localaws.resources.undo_log import UndoLog, read_state, undo

ACCOUNT = "000000000000"
TABLE_INPUTS: dict[str, Any] = {
    "attributes": [{"name": "PK", "type": "S"}],
    "hashKey": "PK",
    "billingMode": "PAY_PER_REQUEST",
}
SECRET_PARAMETER_INPUTS = {"type": "SecureString", "value": "hunter2"}
_SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
_SIGNATURES = {"asset": "c44067f5952c0a294b673a41bacd8c17", "archive": "0def7320c3a5731c473e5ecbe6d01bc7"}


def add_signatures(value: Any) -> Any:
    """Return a value in which assets and archives have the signature that the SDK sends."""
    if isinstance(value, dict):
        properties = {name: add_signatures(item) for name, item in value.items() if name != "sig"}
        return {_SIGNATURE_KEY: _SIGNATURES[value["sig"]], **properties} if "sig" in value else properties
    return [add_signatures(item) for item in value] if isinstance(value, list) else value


class Engine:
    """A monitor with a state file."""

    def __init__(self, clients: Clients, state: Path, provider: Provider | None = None) -> None:
        self.events: list[dict[str, Any]] = []
        self.clients = clients
        self.state = state
        self.undo_log = UndoLog(state)
        self.monitor = Monitor(
            DeploymentContext(
                project="project",
                stack="dev",
                account=ACCOUNT,
                default_provider=provider or Provider("us-east-1"),
                clients=self.clients,
                undo_log=self.undo_log,
                emit=self.events.append,
            )
        )

    def register(
        self, token: str, name: str, inputs: Mapping[str, Any], **options: Any
    ) -> tuple[str, dict[str, Any]]:
        """Register a custom resource and return its id and outputs."""
        secrets = options.pop("secrets", ())
        properties = encode_properties(add_signatures(dict(inputs)), secrets)
        request = resource_pb2.RegisterResourceRequest(
            type=token, name=name, custom=True, object=properties, **options
        )
        problem_count = len(self.monitor.problems)
        response = self.monitor.RegisterResource(request)
        if len(self.monitor.problems) > problem_count:
            raise self.monitor.problems[-1]
        return response.id, decode_properties(response.object)[0]

    def register_rejected(self, token: str, inputs: Mapping[str, Any], **options: Any) -> str:
        """Register a resource that the engine rejects, and return the message."""
        with pytest.raises(DeploymentError) as raised:
            self.register(token, "thing", inputs, **options)
        return str(raised.value)

    def invoke(self, token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of an invoke."""
        request = resource_pb2.ResourceInvokeRequest(tok=token, args=encode_properties(dict(inputs)))
        response = self.monitor.Invoke(request)
        if response.failures:
            raise DeploymentError(response.failures[0].reason)
        if response.unknown:
            raise self.monitor.problems[-1]
        return decode_properties(getattr(response, "return"))[0]

    def destroy(self) -> None:
        """Undo all creations, from the state file."""
        undo(read_state(self.state), self.clients)

    def close(self) -> None:
        """Close the state file."""
        self.undo_log.close()
