"""The config of a project and a stack is read as the Pulumi CLI reads it."""

from pathlib import Path
from typing import Any

import pytest
from pulumi_localaws.config.stack import load_stack_config
from pulumi_localaws.errors import ConfigError
from stack_files import load, write_project


def test_values_are_passed_as_text_and_json(tmp_path: Path) -> None:
    stack = """
config:
  aws:region: eu-west-1
  shop:count: 3
  shop:on: true
  shop:off: no
  shop:when: 2026-02-04
  shop:ratio: 1.5
  plain: x
  shop:list: [1, two]
  shop:object: {a: {b: 1}}
"""

    config = load(write_project(tmp_path, {}, stack))

    expected = {
        "aws:region": "eu-west-1",
        "shop:count": "3",
        "shop:on": "true",
        "shop:off": "no",
        "shop:when": "2026-02-04",
        "shop:ratio": "1.5",
        "shop:plain": "x",
        "shop:list": '[1,"two"]',
        "shop:object": '{"a":{"b":1}}',
    }
    assert config.values == expected
    assert frozenset() == config.secrets


def test_stack_and_overrides_take_precedence_over_project_defaults(tmp_path: Path) -> None:
    project = {
        "config": {
            "size": {"type": "integer", "default": 1},
            "name": "from-project",
            "other": {"default": "from-project"},
            "aws:region": "us-west-2",
            "list": {"type": "array", "items": {"type": "string"}, "default": ["a"]},
        }
    }

    config = load(
        write_project(tmp_path, project, {"config": {"shop:size": 2}}), overrides={"name": "override"}
    )

    expected = {
        "shop:size": "2",
        "shop:name": "override",
        "shop:other": "from-project",
        "aws:region": "us-west-2",
        "shop:list": '["a"]',
    }
    assert config.values == expected


@pytest.mark.parametrize(
    ("project", "stack", "message"),
    [
        ({"config": {"size": {"type": "integer"}}}, {}, "required config values are missing: shop:size"),
        (
            {"config": {"size": {"type": "integer"}}},
            {"config": {"shop:size": "x"}},
            "must be of type integer",
        ),
        ({"config": {"on": {"type": "boolean"}}}, {"config": {"shop:on": 1}}, "must be of type boolean"),
        (
            {"config": {"l": {"type": "array", "items": {"type": "string"}}}},
            {"config": {"shop:l": [[]]}},
            "must be of type array",
        ),
        ({"config": {"size": {"typ": "integer"}}}, {}, "unknown field typ; allowed: default, description"),
        (
            {"config": {"size": {"type": "int"}}},
            {"config": {"shop:size": 1}},
            "the unknown type 'int'; allowed: string",
        ),
        (
            {"config": {"k": {"type": "string", "secret": True}}},
            {"config": {"shop:k": "x"}},
            "declared secret",
        ),
        ({"runtime": "nodejs"}, {}, "`runtime` is 'nodejs'; allowed: python"),
        ({"name": ""}, {}, "`name` is missing"),
        ({"main": "infra"}, {}, "the file or folder `main: infra` does not exist"),
        ({}, {"environment": ["x"], "config": {}}, "Pulumi ESC"),
        ({}, {"config": ["x"]}, "`config` must be a mapping"),
        ({"config": ["x"]}, {}, "`config` must be a mapping"),
        ({}, "config: [", "is not valid YAML"),
        ({}, "- x", "the content must be a mapping of keys to values, not array"),
        ({}, {"config": {"a:b:c:d": 1}}, "the config key 'a:b:c:d' is malformed"),
    ],
)
def test_invalid_file_is_rejected_with_a_message(
    tmp_path: Path, project: Any, stack: Any, message: str
) -> None:
    folder = write_project(tmp_path, project, stack)

    with pytest.raises(ConfigError) as raised:
        load(folder)

    assert message in str(raised.value)


def test_folder_without_project_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Pulumi\.yaml is missing"):
        load(tmp_path)


def test_folder_without_program_is_rejected(tmp_path: Path) -> None:
    (write_project(tmp_path, {}) / "__main__.py").unlink()

    with pytest.raises(ConfigError, match=r"__main__\.py is missing"):
        load(tmp_path)


def test_unknown_stack_is_rejected_with_the_available_stacks(tmp_path: Path) -> None:
    write_project(tmp_path, {}, {"config": {}})

    with pytest.raises(ConfigError, match=r"The stack 'prod' does not exist .* Available stacks: dev"):
        load_stack_config(tmp_path, "prod")


def test_project_without_stack_files_has_an_empty_stack(tmp_path: Path) -> None:
    assert load(write_project(tmp_path, {})).values == {}


def test_stack_config_dir_is_the_folder_of_the_stack_files(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    write_project(tmp_path, {"stackConfigDir": "stacks"})
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config: {shop:a: b}")

    assert load(tmp_path).values == {"shop:a": "b"}


def test_main_sets_the_program(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "app.py").touch()

    config = load(write_project(tmp_path, {"main": "infra/app.py"}))

    assert (config.program, config.directory) == (tmp_path / "infra" / "app.py", tmp_path / "infra")


def test_quoted_and_plain_values_are_the_same(tmp_path: Path) -> None:
    """The Pulumi CLI rewrites `true` and `20` as `"true"` and `"20"`."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    (tmp_path / "Pulumi.plain.yaml").write_text("config:\n  shop:on: true\n  shop:days: 20\n")
    (tmp_path / "Pulumi.quoted.yaml").write_text('config:\n  shop:on: "true"\n  shop:days: "20"\n')

    plain, quoted = (load_stack_config(tmp_path, stack) for stack in ("plain", "quoted"))

    assert plain.values == quoted.values
