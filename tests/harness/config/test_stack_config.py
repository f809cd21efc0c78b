"""A project's and stack's settings are read as the Pulumi CLI reads them."""

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pulumi_localaws.config.secrets import ROUNDS, PassphraseDecrypter, passphrase_from
from pulumi_localaws.config.stack import StackConfig, load_stack_config, stack_region
from pulumi_localaws.errors import ConfigError

# From the tests of pulumi/pulumi (pkg/secrets/passphrase/manager_test.go): its passphrase is "password".
PULUMI_SALT = "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ=="


def write(folder: Path, project: Any, stack: Any = None) -> Path:
    document = {"name": "shop", "runtime": "python", **project}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(document))
    if stack is not None:
        (folder / "Pulumi.dev.yaml").write_text(stack if isinstance(stack, str) else yaml.safe_dump(stack))
    (folder / "__main__.py").touch()
    return folder


def encrypt(text: str, key: bytes) -> str:
    nonce = os.urandom(12)
    parts = (nonce, AESGCM(key).encrypt(nonce, text.encode(), None))
    return "v1:" + ":".join(base64.b64encode(part).decode() for part in parts)


@pytest.fixture(scope="module")
def key() -> bytes:
    return hashlib.pbkdf2_hmac("sha256", b"open sesame", b"saltsalt", ROUNDS, 32)


@pytest.fixture(scope="module")
def salt(key: bytes) -> str:
    return f"v1:{base64.b64encode(b'saltsalt').decode()}:{encrypt('pulumi', key)}"


@pytest.fixture
def encrypted(key: bytes, salt: str) -> dict[str, Any]:
    return {"encryptionsalt": salt, "config": {"shop:password": {"secure": encrypt("hunter2", key)}}}


def load(folder: Path, **options: Any) -> StackConfig:
    return load_stack_config(folder, "dev", **options)


def test_values_reach_the_program_as_text_and_json(tmp_path: Path) -> None:
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

    config = load(write(tmp_path, {}, stack))

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
    assert expected == config.values
    assert frozenset() == config.secrets


def test_project_gives_defaults_that_the_stack_and_the_caller_replace(tmp_path: Path) -> None:
    project = {
        "config": {
            "size": {"type": "integer", "default": 1},
            "name": "from-project",
            "kept": {"default": "kept"},
            "aws:region": "us-west-2",
            "list": {"type": "array", "items": {"type": "string"}, "default": ["a"]},
        }
    }

    config = load(write(tmp_path, project, {"config": {"shop:size": 2}}), overrides={"name": "given"})

    expected = {
        "shop:size": "2",
        "shop:name": "given",
        "shop:kept": "kept",
        "aws:region": "us-west-2",
        "shop:list": '["a"]',
    }
    assert expected == config.values


@pytest.mark.parametrize(
    ("project", "stack", "message"),
    [
        ({"config": {"size": {"type": "integer"}}}, {}, "missing the config value shop:size"),
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
        ({"config": {"size": {"typ": "integer"}}}, {}, "typ is not known; allowed: default, description"),
        ({"config": {"size": {"type": "int"}}}, {"config": {"shop:size": 1}}, "type 'int' is not known"),
        (
            {"config": {"k": {"type": "string", "secret": True}}},
            {"config": {"shop:k": "x"}},
            "declared secret",
        ),
        ({"runtime": "nodejs"}, {}, "runtime is 'nodejs'; only programs in Python"),
        ({"name": ""}, {}, "`name` is missing"),
        ({"main": "infra"}, {}, "`main: infra` names a file or folder that isn't there"),
        ({}, {"environment": ["x"], "config": {}}, "Pulumi ESC"),
        ({}, {"config": ["x"]}, "`config` has to be a mapping"),
        ({"config": ["x"]}, {}, "`config` has to be a mapping"),
        ({}, "config: [", "is not valid YAML"),
        ({}, "- x", "a mapping is expected at the top, not array"),
        ({}, {"config": {"a:b:c:d": 1}}, "'a:b:c:d' is not a config key"),
    ],
)
def test_bad_settings_are_one_message(tmp_path: Path, project: Any, stack: Any, message: str) -> None:
    folder = write(tmp_path, project, stack)

    with pytest.raises(ConfigError) as raised:
        load(folder)

    assert message in str(raised.value)


def test_folder_without_project_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Pulumi\.yaml is missing"):
        load(tmp_path)


def test_folder_without_program_is_said_so(tmp_path: Path) -> None:
    (write(tmp_path, {}) / "__main__.py").unlink()

    with pytest.raises(ConfigError, match=r"__main__\.py is missing"):
        load(tmp_path)


def test_unknown_stack_names_those_that_are_there(tmp_path: Path) -> None:
    write(tmp_path, {}, {"config": {}})

    with pytest.raises(ConfigError, match=r"no stack 'prod' .* Stacks here: dev"):
        load_stack_config(tmp_path, "prod")


def test_project_without_stack_files_has_an_empty_stack(tmp_path: Path) -> None:
    assert load(write(tmp_path, {})).values == {}


def test_stack_config_dir_is_where_stacks_are(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    write(tmp_path, {"stackConfigDir": "stacks"})
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config: {shop:a: b}")

    assert load(tmp_path).values == {"shop:a": "b"}


def test_main_names_the_program(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "app.py").touch()

    config = load(write(tmp_path, {"main": "infra/app.py"}))

    assert (config.program, config.directory) == (tmp_path / "infra" / "app.py", tmp_path / "infra")


def test_region_is_known_without_the_passphrase(tmp_path: Path) -> None:
    stack = {"config": {"aws:region": "eu-west-1", "shop:key": {"secure": "v1:x:y"}}}

    assert stack_region(write(tmp_path, {}, stack), "dev") == "eu-west-1"
    assert stack_region(tmp_path, "dev", {"aws:region": "eu-west-3"}) == "eu-west-3"


@pytest.mark.parametrize("overrides", [{}, {"aws:region": "eu-west-3"}], ids=["no override", "override"])
@pytest.mark.parametrize("stack", [{}, {"aws:region": "eu-west-1"}], ids=["no stack", "stack"])
@pytest.mark.parametrize(
    "declared", [{}, {"aws:region": "us-west-2"}, {"aws:region": {"default": "us-west-2"}}], ids=str
)
def test_region_of_the_local_aws_is_the_one_of_the_program(
    tmp_path: Path, declared: Any, stack: Any, overrides: Any
) -> None:
    """The same place wins for both: the caller, then the stack's file, then the project."""
    folder = write(tmp_path, {"config": declared}, {"config": stack})

    config = load(folder, overrides=overrides)

    assert config.values.get("aws:region") == stack_region(folder, "dev", overrides)


@pytest.mark.parametrize(
    ("region", "told"),
    [
        ("mars-1", "'mars-1' is no region of AWS. Give one such as"),
        ("eu-wset-1", "'eu-wset-1' is no region of AWS. Give one such as eu-west-1"),
        ("aws-global", "is no region"),
        ("EU-WEST-1", "is no region"),
        ("../x", "is no region"),
    ],
)
def test_region_that_aws_does_not_have_is_refused(tmp_path: Path, region: str, told: str) -> None:
    folder = write(tmp_path, {}, {"config": {"aws:region": region}})

    with pytest.raises(
        ConfigError, match=r"Pulumi\.dev\.yaml: aws:region: .*skipRegionValidation"
    ) as refused:
        stack_region(folder, "dev")
    with pytest.raises(ConfigError, match="aws:region"):
        stack_region(folder, "dev", {"aws:region": region})

    assert told in str(refused.value)


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", "eusc-de-east-1", "ap-southeast-7"])
def test_region_of_any_partition_is_taken(tmp_path: Path, region: str) -> None:
    assert region == stack_region(write(tmp_path, {}, {"config": {"aws:region": region}}), "dev")


def test_region_that_botocore_does_not_know_yet_can_be_had(tmp_path: Path) -> None:
    """By the provider's own setting; what has not even the form of a region stays out."""
    settings = {"aws:region": "eu-north-9", "aws:skipRegionValidation": True}
    folder = write(tmp_path, {}, {"config": settings})

    assert stack_region(folder, "dev") == "eu-north-9"
    with pytest.raises(ConfigError, match="'mars-1' is no region"):
        stack_region(folder, "dev", {"aws:region": "mars-1"})


def test_passphrase_fits_a_salt_that_pulumi_made() -> None:
    PassphraseDecrypter("password", PULUMI_SALT)


def test_wrong_passphrase_does_not_fit_a_salt_that_pulumi_made() -> None:
    with pytest.raises(ConfigError, match="does not fit"):
        PassphraseDecrypter("password123", PULUMI_SALT)


def test_secure_values_are_opened_at_any_depth(tmp_path: Path, key: bytes, salt: str) -> None:
    stack = {
        "encryptionsalt": salt,
        "config": {
            "shop:password": {"secure": encrypt("hunter2", key)},
            "shop:db": {"hosts": [{"password": {"secure": encrypt("deep", key)}}], "port": 1},
            "shop:open": "x",
        },
    }

    config = load(write(tmp_path, {}, stack), passphrase="open sesame")

    assert config.values["shop:password"] == "hunter2"
    assert config.values["shop:db"] == '{"hosts":[{"password":"deep"}],"port":1}'
    assert {"shop:password", "shop:db"} == config.secrets


@pytest.mark.parametrize(
    ("change", "passphrase", "message"),
    [
        ({}, None, "shop:password can't be read without its passphrase. Set PULUMI_CONFIG_PASSPHRASE"),
        ({}, "wrong", "PULUMI_CONFIG_PASSPHRASE is not this stack's passphrase"),
        ({"encryptionsalt": None}, "x", "`encryptionsalt` is missing"),
        ({"encryptionsalt": "v2:x:y"}, "x", "encryptionsalt is malformed"),
        ({"secretsprovider": "awskms://alias/x"}, "x", "secretsprovider is 'awskms://alias/x'"),
        (
            {"config": {"shop:password": {"secure": "v1:AAAA:AAAA"}}},
            "open sesame",
            "shop:password can't be read",
        ),
    ],
)
def test_secret_that_cannot_be_read_is_named(
    tmp_path: Path, encrypted: dict[str, Any], change: dict[str, Any], passphrase: str | None, message: str
) -> None:
    folder = write(tmp_path, {}, {**encrypted, **change})

    with pytest.raises(ConfigError) as raised:
        load(folder, passphrase=passphrase)

    assert message in str(raised.value)


def test_secret_stays_one_when_it_is_replaced(tmp_path: Path, salt: str) -> None:
    stack = {"encryptionsalt": salt, "config": {"shop:password": {"secure": "v1:x:y"}}}

    config = load(write(tmp_path, {}, stack), overrides={"password": "other"})

    assert (config.values["shop:password"], config.secrets) == ("other", {"shop:password"})


def test_passphrase_comes_from_the_variable_then_the_file(tmp_path: Path) -> None:
    file = tmp_path / "phrase"
    file.write_text("from file\n")
    named = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}

    assert passphrase_from({**named, "PULUMI_CONFIG_PASSPHRASE": ""}) == ""
    assert passphrase_from(named) == "from file"
    assert passphrase_from({}) is None


def test_passphrase_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"PULUMI_CONFIG_PASSPHRASE_FILE=.*can't be read"):
        passphrase_from({"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "missing")})


def test_quoted_and_plain_settings_are_the_same(tmp_path: Path) -> None:
    """The Pulumi CLI rewrites `true` and `20` as `"true"` and `"20"`."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    (tmp_path / "Pulumi.plain.yaml").write_text("config:\n  shop:on: true\n  shop:days: 20\n")
    (tmp_path / "Pulumi.quoted.yaml").write_text('config:\n  shop:on: "true"\n  shop:days: "20"\n')

    plain, quoted = (load_stack_config(tmp_path, stack) for stack in ("plain", "quoted"))

    assert plain.values == quoted.values
