"""Records how to undo the creation of each resource, and undoes the creations in reverse order.

Each undo step is data (a service, an operation and its parameters). Another process can therefore read the
state file that the engine's process wrote, and run the steps.
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local.clients import Clients


@dataclass(frozen=True)
class UndoStep:
    """One call that undoes a call.

    Attributes:
        region: The region of the call.
        service: boto3's name of the service.
        operation: A method of the service's client, or a key of UNDO_ACTIONS.
        params: The parameters of the call.
    """

    region: str
    service: str
    operation: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CreatedResource:
    """A created resource, complete or incomplete.

    Attributes:
        urn: The resource's URN.
        type: Its Pulumi type.
        name: Its logical name.
        id: Its id; empty if the resource is incomplete.
        steps: The steps that undo its creation, in the order of their recording.
        retain: Whether the resource is kept when the stack is destroyed.
    """

    urn: str
    type: str
    name: str
    id: str
    steps: tuple[UndoStep, ...] = ()
    retain: bool = False


class UndoLog:
    """Collects the undo steps of complete and incomplete resources; thread-safe.

    Args:
        path: The state file. Each step and resource is written to it at once. None: in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._steps_by_urn: dict[str, list[UndoStep]] = {}
        self._complete: list[CreatedResource] = []
        self._file: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
            self._file.truncate(0)

    def add_step(self, urn: str, step: UndoStep) -> None:
        """Add an undo step of a resource whose creation is in progress."""
        with self._lock:
            self._steps_by_urn.setdefault(urn, []).append(step)
            self._write({"urn": urn, "step": asdict(step)})

    def add_resource(self, resource: CreatedResource) -> None:
        """Add a complete resource; it takes over the steps that were added for its URN."""
        with self._lock:
            steps = tuple(self._steps_by_urn.pop(resource.urn, []))
            self._complete.append(replace(resource, steps=steps))
            self._write({key: value for key, value in asdict(resource).items() if key != "steps"})

    def list_resources(self) -> list[CreatedResource]:
        """Return the complete resources in the order of their completion, then the incomplete ones."""
        with self._lock:
            return [*self._complete, *_build_incomplete_resources(self._steps_by_urn)]

    def clear(self) -> None:
        """Delete all entries, after the undo."""
        with self._lock:
            self._steps_by_urn.clear()
            self._complete.clear()
            if self._file is not None:
                self._file.truncate(0)

    def close(self) -> None:
        """Close the state file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(line, default=str) + "\n")
            self._file.flush()


def read_state(path: Path) -> list[CreatedResource]:
    """Read a state file: the complete resources in order of completion, then the incomplete ones."""
    steps_by_urn: dict[str, list[UndoStep]] = {}
    complete = []
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if "step" in entry:
            steps_by_urn.setdefault(entry["urn"], []).append(UndoStep(**entry["step"]))
        else:
            complete.append(CreatedResource(**entry, steps=tuple(steps_by_urn.pop(entry["urn"], []))))
    return [*complete, *_build_incomplete_resources(steps_by_urn)]


def _build_incomplete_resources(steps_by_urn: dict[str, list[UndoStep]]) -> list[CreatedResource]:
    return [
        CreatedResource(urn, urn.split("::")[2], urn.split("::")[-1], "", tuple(steps))
        for urn, steps in steps_by_urn.items()
    ]


def undo(
    resources: Iterable[CreatedResource],
    clients: Clients,
    *,
    include_retained: bool = False,
) -> None:
    """Undo the creation of resources, in reverse order. A resource that no longer exists counts as undone.

    Args:
        resources: The result of `UndoLog.list_resources` or `read_state`.
        clients: The AWS clients.
        include_retained: Undo resources with ``retain_on_delete`` too. A failed deployment leaves nothing.

    Raises:
        DeploymentError: A step failed. All other steps have run. The message lists the failed steps.
    """
    failures = []
    for resource in reversed(list(resources)):
        if resource.retain and not include_retained:
            continue
        for step in reversed(resource.steps):
            try:
                _run_step(step, clients)
            except (ClientError, BotoCoreError) as error:
                if not is_not_found(error):
                    failures.append(
                        f"{resource.type} {resource.name!r}: {step.service} {step.operation}: {error}"
                    )
    if failures:
        raise DeploymentError("The undo failed for these resources:\n  " + "\n  ".join(failures))


def is_not_found(error: Exception) -> bool:
    """Return whether an error of AWS says that the resource does not exist."""
    if not isinstance(error, ClientError):
        return False
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code in {"404", "NoSuchEntity"} or any(
        word in code for word in ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")
    )


def _run_step(step: UndoStep, clients: Clients) -> None:
    client = clients.get(step.service, step.region)
    action = UNDO_ACTIONS.get(step.operation)
    if action is not None:
        action(client, step.params)
    else:
        getattr(client, step.operation)(**step.params)


def empty_bucket(client: Any, params: dict[str, Any]) -> None:
    """Delete all versions, delete markers and unfinished uploads of a bucket, so that it can be deleted."""
    bucket = params["Bucket"]
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [
            {"Key": item["Key"], "VersionId": item["VersionId"]} for item in versions if "VersionId" in item
        ]
        objects += [{"Key": item["Key"]} for item in versions if "VersionId" not in item]
        if objects:
            client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def _detach_all_policies(client: Any, params: dict[str, Any]) -> None:
    """Remove all policies from a role, including those of other programs, so that it can be deleted."""
    role = params["RoleName"]
    for policy in client.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    for name in client.list_role_policies(RoleName=role)["PolicyNames"]:
        client.delete_role_policy(RoleName=role, PolicyName=name)


def _delete_access_keys(client: Any, params: dict[str, Any]) -> None:
    """Delete all access keys of a user, including those of other programs, so that it can be deleted."""
    user = params["UserName"]
    for key in client.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        client.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])


UNDO_ACTIONS: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "empty_bucket": empty_bucket,
    "delete_access_keys": _delete_access_keys,
    "detach_all_policies": _detach_all_policies,
}
