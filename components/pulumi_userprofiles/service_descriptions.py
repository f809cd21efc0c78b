"""Reduces botocore's descriptions of AWS services to what the functions read.

botocore parses these files when it creates a client: `endpoints.json` (1.2 MB, the endpoints of all services)
and the descriptions of the service, half of which is documentation. Everything else is unchanged.
"""

import gzip
import json
from collections.abc import Collection, Mapping
from typing import Any

_ENDPOINTS = "botocore/data/endpoints.json"
_DESCRIPTION = "/service-2.json.gz"


def reduce_descriptions(files: Mapping[str, bytes], services: Collection[str]) -> dict[str, bytes]:
    """Return the files with smaller descriptions, uncompressed.

    Args:
        files: Path in the zip to content.
        services: botocore's names of the services that the functions use.
    """
    reduced_files: dict[str, bytes] = {}
    for name, data in files.items():
        if name == _ENDPOINTS:
            reduced_files[name] = _to_json(_without_other_services(json.loads(data), services))
        elif name.startswith("botocore/data/") and name.endswith(_DESCRIPTION):
            # The output of gzip differs between versions of zlib, so the file is not compressed again.
            reduced_files[name.removesuffix(".gz")] = _to_json(
                _without_documentation(json.loads(gzip.decompress(data)))
            )
        else:
            reduced_files[name] = data
    return reduced_files


def _without_other_services(endpoints: dict[str, Any], services: Collection[str]) -> dict[str, Any]:
    """Keep the partitions with their regions, and the endpoints of the services.

    botocore uses a partition's defaults for a service that isn't listed.
    """
    partitions = [
        {
            **partition,
            "services": {name: value for name, value in partition["services"].items() if name in services},
        }
        for partition in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def _without_documentation(value: Any) -> Any:
    """Empty the texts named `documentation`; a member of a structure with this name is an object.

    The names remain, because botocore requires some of them (`ServiceModel.client_context_parameters`).
    """
    if isinstance(value, list):
        return [_without_documentation(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        name: "" if name == "documentation" and isinstance(member, str) else _without_documentation(member)
        for name, member in value.items()
    }


def _to_json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
