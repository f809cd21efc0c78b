"""A monitor to register resources with directly: as Pulumi's SDK would, without a program and its process."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import resource_pb2
from pulumi_localaws.config.provider import Provider
from pulumi_localaws.engine.deployment_context import DeploymentContext
from pulumi_localaws.engine.monitor import Monitor
from pulumi_localaws.engine.properties import decode_properties, encode_properties
from pulumi_localaws.local.clients import Clients
from pulumi_localaws.resources.undo_log import UndoLog, read_state, undo

ACCOUNT = "000000000000"
_SIG = "4dabf18193072939515e22adb298388d"
_SIGNATURES = {"asset": "c44067f5952c0a294b673a41bacd8c17", "archive": "0def7320c3a5731c473e5ecbe6d01bc7"}


def on_the_wire(value: Any) -> Any:
    """Give assets and archives the signature that the SDK sends them with."""
    if isinstance(value, dict):
        made = {name: on_the_wire(item) for name, item in value.items() if name != "sig"}
        return {_SIG: _SIGNATURES[value["sig"]], **made} if "sig" in value else made
    return [on_the_wire(item) for item in value] if isinstance(value, list) else value


class Engine:
    """A monitor with a ledger in a file."""

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
        self, kind: str, name: str, inputs: Mapping[str, Any], **options: Any
    ) -> tuple[str, dict[str, Any]]:
        """Register a custom resource; returns its id and outputs."""
        secrets = options.pop("secrets", ())
        request = resource_pb2.RegisterResourceRequest(
            type=kind,
            name=name,
            custom=True,
            object=encode_properties(on_the_wire(dict(inputs)), secrets),
            **options,
        )
        response = self.monitor.RegisterResource(request)
        return response.id, decode_properties(response.object)[0]

    def destroy(self) -> None:
        """Undo everything, from the state file."""
        undo(read_state(self.state), self.clients)

    def close(self) -> None:
        self.undo_log.close()
