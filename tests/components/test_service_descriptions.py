"""botocore's descriptions in the zip: smaller, with the same endpoints, operations and shapes."""

import gzip
import json
from pathlib import Path

import botocore
import pytest
from botocore.model import ServiceModel
from botocore.regions import EndpointResolver
from pulumi_userprofiles.bundle import AWS_SERVICES
from pulumi_userprofiles.service_descriptions import reduce_descriptions

DATA = Path(botocore.__file__).parent / "data"
ENDPOINTS = "botocore/data/endpoints.json"


def test_services_have_the_same_endpoints_in_all_regions() -> None:
    data = (DATA / "endpoints.json").read_bytes()
    reduced_data = reduce_descriptions({ENDPOINTS: data}, AWS_SERVICES)[ENDPOINTS]
    resolver, reduced_resolver = (EndpointResolver(json.loads(text)) for text in (data, reduced_data))
    regions = [
        region
        for partition in resolver.get_available_partitions()
        for region in [*resolver.get_available_endpoints("dynamodb", partition), f"{partition}-new-1"]
    ]

    def find_endpoints(endpoints: EndpointResolver) -> list[object]:
        return [endpoints.construct_endpoint(name, region) for name in AWS_SERVICES for region in regions]

    assert len(regions) > 30
    assert find_endpoints(reduced_resolver) == find_endpoints(resolver)
    assert len(reduced_data) < len(data) / 20


def test_description_loses_only_the_text_of_its_documentation() -> None:
    description = {
        "documentation": "The service.",
        "operations": {"Put": {"documentation": "Puts.", "errors": [{"shape": "E", "documentation": "No."}]}},
        "shapes": {"Put": {"members": {"documentation": {"shape": "Text", "documentation": "A text."}}}},
    }
    name = "botocore/data/sqs/2012-11-05/service-2.json.gz"

    files = reduce_descriptions({name: gzip.compress(json.dumps(description).encode())}, AWS_SERVICES)

    assert list(files) == [name.removesuffix(".gz")]
    assert json.loads(files[name.removesuffix(".gz")]) == {
        "documentation": "",
        "operations": {"Put": {"documentation": "", "errors": [{"shape": "E", "documentation": ""}]}},
        "shapes": {"Put": {"members": {"documentation": {"shape": "Text", "documentation": ""}}}},
    }


@pytest.mark.parametrize("service", sorted(AWS_SERVICES))
def test_botocore_can_read_everything_in_a_reduced_description(service: str) -> None:
    """To sign URLs, botocore also reads parameters of the client, which it requires to be documented."""
    path = max((DATA / service).glob("*/service-2.json.gz"))
    name = f"botocore/data/{service}/{path.parent.name}/service-2.json.gz"

    reduced = reduce_descriptions({name: path.read_bytes()}, AWS_SERVICES)[name.removesuffix(".gz")]

    models = [
        ServiceModel(json.loads(data), service) for data in (gzip.decompress(path.read_bytes()), reduced)
    ]
    original_model, model = models
    assert [item.name for item in model.client_context_parameters] == [
        item.name for item in original_model.client_context_parameters
    ]
    assert model.operation_names == original_model.operation_names
    for operation in model.operation_names:
        inputs = [item.operation_model(operation).input_shape for item in models]
        members = [set(shape.members) if shape is not None else set() for shape in inputs]
        assert members[0] == members[1]


def test_other_files_are_unchanged() -> None:
    files = {"botocore/data/_retry.json": b"{}", "own/service-2.json.gz": b"not compressed"}

    assert reduce_descriptions(files, AWS_SERVICES) == files
