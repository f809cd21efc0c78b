"""Deploy a program with the Pulumi CLI (Automation API), with its own state and config file.

The project's ``Pulumi.<stack>.yaml`` is read and never written. Its values and the overrides are written to a
temporary file next to the state, and both are deleted together.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pulumi_localaws.config.secrets import read_passphrase
from pulumi_localaws.config.sources import ConfigValue
from pulumi_localaws.config.stack import load_stack_config
from pulumi_localaws.environment import ACCESS_KEY, SECRET_KEY
from pulumi_localaws.errors import DeploymentError

_SERVICES = (
    "apigatewayv2", "cloudwatch", "cognitoidp", "dynamodb", "iam", "kms", "lambda", "logs", "s3",
    "secretsmanager", "sesv2", "sfn", "sns", "sqs", "ssm", "sts",
)  # fmt: skip
"""The provider's names of the services that a local program can use."""

_PROVIDER_CONNECTION_PREFIXES = (
    "aws:endpoints",
    "aws:accessKey",
    "aws:secretKey",
    "aws:token",
    "aws:profile",
    "aws:skip",
    "aws:s3Use",
)


def local_provider_config(endpoint: str) -> dict[str, ConfigValue]:
    """Return the provider's config for a local AWS."""
    return {
        "aws:accessKey": ACCESS_KEY,
        "aws:secretKey": SECRET_KEY,
        "aws:endpoints": [dict.fromkeys(_SERVICES, endpoint)],
        "aws:s3UsePathStyle": "true",
        "aws:skipCredentialsValidation": "true",
        "aws:skipMetadataApiCheck": "true",
        "aws:skipRequestingAccountId": "true",
    }


def aws_provider_config(account_id: str) -> dict[str, ConfigValue]:
    """Return the provider's config for a real account; the provider rejects all other accounts."""
    return {"aws:allowedAccountIds": [account_id]}


class CliDeployment:
    """A stack that the Pulumi CLI deployed.

    Attributes:
        outputs: The program's exports, secrets in plain text.
        secrets: Names of the exports that are secret.
        resources: Type, name and id of each resource.
    """

    def __init__(
        self, stack: Any, result: Any, folder: "tempfile.TemporaryDirectory[str]", config_file: str
    ) -> None:
        self._stack = stack
        self._folder = folder
        self._config_file = config_file
        self.outputs: dict[str, Any] = {name: output.value for name, output in result.outputs.items()}
        self.secrets = tuple(name for name, output in result.outputs.items() if output.secret)
        state = stack.export_stack().deployment or {}
        self.resources: list[dict[str, Any]] = [
            {"type": entry["type"], "name": entry["urn"].split("::")[-1], "id": entry.get("id", "")}
            for entry in state.get("resources", [])
            if entry.get("custom")
        ]

    def destroy(self) -> None:
        """Destroy the stack, including its protected resources: it was created for a test.

        Raises:
            DeploymentError: The CLI failed; the state is kept, so that the user can try again.
        """
        try:
            self._stack.workspace.pulumi_command.run(
                ["state", "unprotect", "--all", "--yes", "--stack", self._stack.name],
                self._stack.workspace.work_dir,
                self._stack.workspace.env_vars,
            )
            self._stack.destroy(config_file=self._config_file)
        except Exception as error:
            self._folder._finalizer.detach()  # type: ignore[attr-defined] # noqa: SLF001 keeps the state
            raise DeploymentError(
                f"The stack could not be destroyed; its state is in {self._folder.name}. {error}"
            ) from error
        self._folder.cleanup()


def deploy_with_cli(
    directory: Path, *, stack: str, config: Mapping[str, ConfigValue], environment: Mapping[str, str]
) -> CliDeployment:
    """Run ``pulumi up`` on a program.

    Args:
        directory: The Pulumi project's folder.
        stack: The stack's name.
        config: Config values that override the stack's file, whose endpoints and credentials are ignored.
        environment: The CLI's environment.

    Raises:
        DeploymentError: The CLI failed.
        ConfigError: The stack's config can't be read.
    """
    from pulumi import automation  # noqa: PLC0415 imported late, it is large

    stack_config = load_stack_config(
        directory.resolve(), stack, overrides=config, passphrase=read_passphrase(os.environ)
    )
    file_values = {
        key: _parse_structure(value)
        for key, value in stack_config.values.items()
        if not key.startswith(_PROVIDER_CONNECTION_PREFIXES)
    }
    overrides = {
        key if ":" in key else f"{stack_config.project}:{key}": value for key, value in config.items()
    }
    folder = tempfile.TemporaryDirectory(prefix="pulumi-localaws-cli-")
    file = Path(folder.name) / f"Pulumi.{stack}.yaml"
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump({"config": {**file_values, **overrides}}), encoding="utf-8")
    variables = {
        **environment,
        "PULUMI_BACKEND_URL": f"file://{folder.name}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    cli_stack = None
    try:
        options = automation.LocalWorkspaceOptions(env_vars=variables)
        cli_stack = automation.create_stack(stack_name=stack, work_dir=str(directory), opts=options)
        result = cli_stack.up(config_file=str(file))
        return CliDeployment(cli_stack, result, folder, str(file))
    except Exception as error:
        if cli_stack is not None:
            cli_stack.destroy(config_file=str(file))
        folder.cleanup()
        raise DeploymentError(f"`pulumi up` failed: {error}") from error


def _parse_structure(value: str) -> Any:
    """Return JSON text of an object or a list as the structure, which the config file has as YAML."""
    if value[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value
