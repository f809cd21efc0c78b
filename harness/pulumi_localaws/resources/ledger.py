"""Remembers how to undo what was made, and undoes it in reverse order.

Each step is data (a service, an operation, its parameters), so that a state file written by the engine's
process can be worked off by another one.
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local.clients import Clients


@dataclass(frozen=True)
class Step:
    """One call that undoes something.

    Attributes:
        region: The region of the call.
        service: boto3's name of the service.
        operation: A method of its client, or the name of one of UNDO_ACTIONS.
        params: The call's parameters.
    """

    region: str
    service: str
    operation: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """One resource that was made, with the steps that undo it (in the order in which they were recorded)."""

    urn: str
    type: str
    name: str
    id: str
    steps: tuple[Step, ...]
    retain: bool = False


class Ledger:
    """Collects steps and finished resources; safe for threads.

    Args:
        path: Each line that is added is also written to this file at once; None keeps it in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, list[Step]] = {}
        self._done: list[Record] = []
        self._file: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
            self._file.truncate(0)

    def add(self, urn: str, step: Step) -> None:
        """Record one step of a resource that is being made."""
        with self._lock:
            self._open.setdefault(urn, []).append(step)
            self._write({"urn": urn, "step": asdict(step)})

    def finish(self, record: Record) -> Record:
        """Record that a resource is whole; its steps are those added before."""
        with self._lock:
            record = Record(**{**record.__dict__, "steps": tuple(self._open.pop(record.urn, []))})
            self._done.append(record)
            self._write({key: value for key, value in asdict(record).items() if key != "steps"})
        return record

    def records(self) -> list[Record]:
        """Return the finished resources in order of completion, then the half-made ones."""
        with self._lock:
            half = [
                Record(urn, urn.split("::")[2], urn.split("::")[-1], "", tuple(s))
                for urn, s in self._open.items()
            ]
            return [*self._done, *half]

    def clear(self) -> None:
        """Forget everything: it was undone."""
        with self._lock:
            self._open.clear()
            self._done.clear()
            if self._file is not None:
                self._file.truncate(0)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(line, default=str) + "\n")
            self._file.flush()


def read_state(path: Path) -> list[Record]:
    """Read a state file: finished resources in order of completion, then half-made ones."""
    steps: dict[str, list[Step]] = {}
    done = []
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if "step" in entry:
            steps.setdefault(entry["urn"], []).append(Step(**entry["step"]))
        else:
            done.append(Record(**entry, steps=tuple(steps.pop(entry["urn"], []))))
    half = [
        Record(urn, urn.split("::")[2], urn.split("::")[-1], "", tuple(items)) for urn, items in steps.items()
    ]
    return [*done, *half]


def undo(
    records: Iterable[Record],
    clients: Clients,
    *,
    include_retained: bool = False,
    on_undone: Callable[[Record], None] | None = None,
) -> None:
    """Undo resources in reverse order, and each one's steps; what is gone already counts as done.

    Args:
        records: As `Ledger.records` or `read_state` gives them.
        clients: Makes the clients.
        include_retained: Undo those with ``retain_on_delete`` too (a failed deployment leaves nothing).
        on_undone: Called after each resource.

    Raises:
        DeploymentError: Something could not be undone; the rest was done all the same. The message lists it.
    """
    failures = []
    for record in reversed(list(records)):
        if record.retain and not include_retained:
            continue
        for step in reversed(record.steps):
            try:
                _perform(step, clients)
            except (ClientError, BotoCoreError) as error:
                if not is_gone(error):
                    failures.append(
                        f"{record.type} {record.name!r}: {step.service} {step.operation}: {error}"
                    )
        if on_undone is not None:
            on_undone(record)
    if failures:
        raise DeploymentError("These could not be undone:\n  " + "\n  ".join(failures))


def is_gone(error: Exception) -> bool:
    """Tell whether AWS says that the thing to delete isn't there."""
    if not isinstance(error, ClientError):
        return False
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code in {"404", "NoSuchEntity"} or any(
        word in code for word in ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")
    )


def _perform(step: Step, clients: Clients) -> None:
    client = clients.get(step.service, step.region)
    action = UNDO_ACTIONS.get(step.operation)
    if action is not None:
        action(client, step.params)
    else:
        getattr(client, step.operation)(**step.params)


def _empty_bucket(client: Any, params: dict[str, Any]) -> None:
    """Delete every version, delete marker and unfinished upload of a bucket, so that it can be deleted."""
    bucket = params["Bucket"]
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [
            {"Key": item["Key"], "VersionId": item["VersionId"]} for item in found if "VersionId" in item
        ]
        objects += [{"Key": item["Key"]} for item in found if "VersionId" not in item]
        if objects:
            client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def _detach_everything(client: Any, params: dict[str, Any]) -> None:
    """Take every policy from a role, those too that somebody else put there, so that it can be deleted."""
    role = params["RoleName"]
    for policy in client.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    for name in client.list_role_policies(RoleName=role)["PolicyNames"]:
        client.delete_role_policy(RoleName=role, PolicyName=name)


UNDO_ACTIONS: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "empty_bucket": _empty_bucket,
    "detach_everything": _detach_everything,
}
