"""Reads the settings of AWS providers: the stack's ``aws:`` config, and the providers of the program."""

import json
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_localaws.config.regions import SKIP_SETTING, check_region
from pulumi_localaws.errors import DeploymentError

PACKAGES = ("archive", "aws", "random")
"""Packages whose providers a program can create. ``archive`` and ``random`` have no settings."""

APPLIED_SETTINGS = ("allowedAccountIds", "defaultTags", "forbiddenAccountIds", "region")
"""Settings that have the same effect as on AWS."""

REPLACED_SETTINGS = frozenset((
    "accessKey", "secretKey", "token", "profile", "sharedConfigFiles", "sharedCredentialsFiles",
    "endpoints", "skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation",
    "skipRequestingAccountId", "skipGetEc2Platforms", "skipRegionPreCheck", "s3UsePathStyle",
    "s3UsEast1RegionalEndpoint", "insecure", "httpProxy", "httpsProxy", "noProxy", "maxRetries",
    "retryMode", "useDualstackEndpoint", "useFipsEndpoint", "stsRegion", "ec2MetadataServiceEndpoint",
    "ec2MetadataServiceEndpointMode", "customCaBundle", "tokenBucketRateLimiterCapacity", "userAgents",
    "version", "pluginDownloadURL",
))  # fmt: skip
"""Credentials and connection settings, which the local ones replace."""


@dataclass(frozen=True)
class Provider:
    """The settings of an AWS provider that apply to its resources.

    Attributes:
        region: The region of its resources; None if it is not set.
        default_tags: The tags of all its resources.
        skip_region_validation: Whether to allow regions that botocore does not know.
    """

    region: str | None = None
    default_tags: Mapping[str, str] = field(default_factory=dict)
    skip_region_validation: bool = False

    def resolve_region(self, region: str | None, *, where: str) -> str:
        """Return the region of a resource or an invoke.

        Args:
            region: The resource's own region, which takes precedence over the provider's.
            where: The resource or invoke, for the message.

        Raises:
            DeploymentError: No region is set, or AWS does not have the region.
        """
        region = region or self.region
        if not region:
            raise DeploymentError(
                f"{where}: region is missing. Set aws:region in the stack's config, or set the region of the"
                " provider or the resource."
            )
        check_region(region, where=f"{where}: region", skip=self.skip_region_validation)
        return region


class Providers:
    """The AWS providers of a deployment; thread-safe.

    Args:
        default: The provider of resources that have no explicit provider.
        account: The id of the local account.
    """

    def __init__(self, default: Provider, account: str) -> None:
        self._default = default
        self._account = account
        self._lock = threading.Lock()
        self._by_reference: dict[str, Provider] = {}

    def register(self, urn: str, name: str, package: str, settings: Mapping[str, Any]) -> str:
        """Store a provider that the program creates and return its id.

        Raises:
            DeploymentError: It is not an AWS provider, or a setting is not supported.
        """
        where = f"The provider {name!r}"
        if package not in PACKAGES:
            raise DeploymentError(
                f"{where}: the package {package!r} is not supported by the local deployment. Supported:"
                f" {', '.join(PACKAGES)}."
            )
        provider = (
            read_provider(settings, where=where, account=self._account) if package == "aws" else self._default
        )
        provider_id = secrets.token_hex(8)
        with self._lock:
            self._by_reference[f"{urn}::{provider_id}"] = provider
        return provider_id

    def get(self, reference: str) -> Provider:
        """Return the provider with a reference. An empty reference is the default provider.

        Raises:
            DeploymentError: The program did not create the provider.
        """
        if not reference:
            return self._default
        with self._lock:
            provider = self._by_reference.get(reference)
        if provider is None:
            raise DeploymentError(f"The provider {reference} does not exist. Create it in this program.")
        return provider


def read_provider(settings: Mapping[str, Any], *, where: str, account: str) -> Provider:
    """Read a provider's settings. Objects and lists are JSON text.

    Args:
        settings: The settings by their Pulumi names.
        where: The provider, for the messages.
        account: The id of the local account, for allowedAccountIds and forbiddenAccountIds.

    Raises:
        DeploymentError: A setting is not supported or has a wrong value.
    """
    non_empty = {name: value for name, value in settings.items() if value not in (None, "")}
    for name in non_empty:
        if name not in APPLIED_SETTINGS and name not in REPLACED_SETTINGS:
            raise DeploymentError(
                f"{where}: the setting {name!r} of the AWS provider is not supported by the local deployment."
                f" Supported: {', '.join(APPLIED_SETTINGS)}. Credentials, endpoints and connection settings"
                " are replaced by the local ones."
            )
    allowed = _parse_json(non_empty.get("allowedAccountIds"), where, "allowedAccountIds") or []
    forbidden = _parse_json(non_empty.get("forbiddenAccountIds"), where, "forbiddenAccountIds") or []
    if allowed and account not in allowed:
        raise DeploymentError(
            f"{where}: allowedAccountIds is {allowed}; it must contain the local account {account}. Add the"
            " account for this stack, or omit the setting."
        )
    if account in forbidden:
        raise DeploymentError(
            f"{where}: forbiddenAccountIds is {forbidden}; it must not contain the local account {account}."
            " Remove the account for this stack."
        )
    tags = _parse_json(non_empty.get("defaultTags"), where, "defaultTags") or {}
    if not isinstance(tags, dict) or set(tags) - {"tags"}:
        raise DeploymentError(f"{where}: defaultTags must be an object with the key `tags`, not {tags!r}.")
    region = non_empty.get("region")
    if region:
        check_region(str(region), where=f"{where}: region", skip=non_empty.get(SKIP_SETTING))
    return Provider(
        region=str(region) if region else None,
        default_tags=tags.get("tags") or {},
        skip_region_validation=str(non_empty.get(SKIP_SETTING)).lower() == "true",
    )


def read_default_provider(values: Mapping[str, str], *, account: str) -> Provider:
    """Read the ``aws:`` settings of a stack, for resources that have no explicit provider.

    Raises:
        DeploymentError: A setting is not supported or has a wrong value.
    """
    settings = {key.removeprefix("aws:"): value for key, value in values.items() if key.startswith("aws:")}
    reject_cli_settings(values)
    return read_provider(settings, where="The stack's config (aws:…)", account=account)


def reject_cli_settings(keys: Iterable[str]) -> None:
    """Reject ``pulumi:`` settings that configure the Pulumi CLI and would have no effect here.

    Raises:
        DeploymentError: The config has such a setting.
    """
    ignored = {"pulumi:tags", "pulumi:template"}
    for key in keys:
        if key.startswith("pulumi:") and key not in ignored:
            raise DeploymentError(
                f"The stack's config key {key} is not supported by the local deployment. Allowed:"
                f" {', '.join(sorted(ignored))}."
            )


def _parse_json(value: Any, where: str, name: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise DeploymentError(f"{where}: {name} must be valid JSON, not {value!r}.") from error
