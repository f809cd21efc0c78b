"""The stack's region is read without its secrets, and must be an AWS region."""

from pathlib import Path
from typing import Any

import pytest
from pulumi_localaws.config.stack import read_stack_region
from pulumi_localaws.errors import ConfigError
from stack_files import load, write_project


def test_region_is_read_without_the_passphrase(tmp_path: Path) -> None:
    stack = {"config": {"aws:region": "eu-west-1", "shop:key": {"secure": "v1:x:y"}}}

    assert read_stack_region(write_project(tmp_path, {}, stack), "dev") == "eu-west-1"
    assert read_stack_region(tmp_path, "dev", {"aws:region": "eu-west-3"}) == "eu-west-3"


@pytest.mark.parametrize("overrides", [{}, {"aws:region": "eu-west-3"}], ids=["no override", "override"])
@pytest.mark.parametrize("stack", [{}, {"aws:region": "eu-west-1"}], ids=["no stack", "stack"])
@pytest.mark.parametrize(
    "declared", [{}, {"aws:region": "us-west-2"}, {"aws:region": {"default": "us-west-2"}}], ids=str
)
def test_local_aws_and_program_use_the_same_region(
    tmp_path: Path, declared: Any, stack: Any, overrides: Any
) -> None:
    """Both use the same precedence: overrides, then the stack's file, then the project."""
    folder = write_project(tmp_path, {"config": declared}, {"config": stack})

    config = load(folder, overrides=overrides)

    assert config.values.get("aws:region") == read_stack_region(folder, "dev", overrides)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("mars-1", "'mars-1' is not an AWS region. Use a region such as"),
        ("eu-wset-1", "'eu-wset-1' is not an AWS region. Use a region such as eu-west-1"),
        ("aws-global", "is not an AWS region"),
        ("EU-WEST-1", "is not an AWS region"),
        ("../x", "is not an AWS region"),
    ],
)
def test_unknown_region_is_rejected(tmp_path: Path, region: str, expected: str) -> None:
    folder = write_project(tmp_path, {}, {"config": {"aws:region": region}})

    with pytest.raises(ConfigError, match=r"Pulumi\.dev\.yaml: aws:region: .*skipRegionValidation") as raised:
        read_stack_region(folder, "dev")
    with pytest.raises(ConfigError, match="aws:region"):
        read_stack_region(folder, "dev", {"aws:region": region})

    assert expected in str(raised.value)


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", "eusc-de-east-1", "ap-southeast-7"])
def test_region_of_any_partition_is_accepted(tmp_path: Path, region: str) -> None:
    assert region == read_stack_region(write_project(tmp_path, {}, {"config": {"aws:region": region}}), "dev")


def test_region_that_botocore_does_not_know_is_allowed_with_skip_region_validation(tmp_path: Path) -> None:
    """The name must still have the form of a region."""
    settings = {"aws:region": "eu-north-9", "aws:skipRegionValidation": True}
    folder = write_project(tmp_path, {}, {"config": settings})

    assert read_stack_region(folder, "dev") == "eu-north-9"
    with pytest.raises(ConfigError, match="'mars-1' is not an AWS region"):
        read_stack_region(folder, "dev", {"aws:region": "mars-1"})
