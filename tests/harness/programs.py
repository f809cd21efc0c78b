"""Writes Pulumi programs for the engine, and lists what they created."""

import json
from pathlib import Path
from typing import Any

from pulumi_localaws.local_aws import LocalAws

REGION = "eu-west-1"


def write_program(folder: Path, program: str, config: dict[str, Any] | None = None) -> Path:
    """Write a project with this program, and a stack dev with this config."""
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "shop", "runtime": "python"}))
    settings = {"config": {"aws:region": REGION, **(config or {})}}
    (folder / "Pulumi.dev.yaml").write_text(json.dumps(settings))
    (folder / "__main__.py").write_text(program)
    return folder


def list_queues(localaws: LocalAws, prefix: str) -> list[str]:
    """Return the URLs of the queues whose names begin with a prefix."""
    client = localaws.client("sqs", region_name=REGION)
    urls: list[str] = client.list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
    return urls
