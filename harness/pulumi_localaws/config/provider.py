"""AWS providers: their settings, from the stack's ``aws:`` config or from a provider in the program."""

import json
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_localaws.config.regions import SKIP, check_region
from pulumi_localaws.errors import DeploymentError

HONOURED = ("allowedAccountIds", "defaultTags", "forbiddenAccountIds", "region")
"""Settings that act here as they do on AWS."""

REPLACED = frozenset((
    "accessKey", "secretKey", "token", "profile", "sharedConfigFiles", "sharedCredentialsFiles",
    "endpoints", "skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation",
    "skipRequestingAccountId", "skipGetEc2Platforms", "skipRegionPreCheck", "s3UsePathStyle",
    "s3UsEast1RegionalEndpoint", "insecure", "httpProxy", "httpsProxy", "noProxy", "maxRetries",
    "retryMode", "useDualstackEndpoint", "useFipsEndpoint", "stsRegion", "ec2MetadataServiceEndpoint",
    "ec2MetadataServiceEndpointMode", "customCaBundle", "tokenBucketRateLimiterCapacity", "userAgents",
    "version", "pluginDownloadURL",
))  # fmt: skip
"""Settings of how AWS is reached: the local AWS's own take their place."""


@dataclass(frozen=True)
class Provider:
    """What an AWS provider means for the resources that it makes.

    Attributes:
        region: Where they are made; None if nothing says so.
        default_tags: Tags that each of them gets.
        skip_region_validation: Whether a region may be one that nobody knows.
    """

    region: str | None = None
    default_tags: Mapping[str, str] = field(default_factory=dict)
    skip_region_validation: bool = False

    def region_for(self, what: str, region: str | None) -> str:
        """Return the region of a resource or an invoke.

        Args:
            what: What to call it in a message.
            region: Its own region, if it has one.

        Raises:
            DeploymentError: There is no region, or AWS has no such region.
        """
        region = region or self.region
        if not region:
            raise DeploymentError(
                f"{what}: there is no region. Set aws:region in the stack's config, or give the provider"
                " or the resource one."
            )
        check_region(region, where=f"{what}: region", skip=self.skip_region_validation)
        return region


class Providers:
    """The AWS providers of a deployment; safe for threads.

    Args:
        default: The provider of resources that name none.
        account: The local account's id.
    """

    def __init__(self, default: Provider, account: str) -> None:
        self._default = default
        self._account = account
        self._lock = threading.Lock()
        self._by_reference: dict[str, Provider] = {}

    def register(self, urn: str, name: str, package: str, settings: Mapping[str, Any]) -> str:
        """Keep a provider that the program creates and return its id.

        Raises:
            DeploymentError: It is not an AWS provider, or a setting can't be honoured here.
        """
        where = f"The provider {name!r}"
        if package != "aws":
            raise DeploymentError(
                f"{where} is of the package {package!r}, which is not supported by the local"
                " deployment; supported: aws."
            )
        provider = provider_from(settings, where=where, account=self._account)
        identifier = secrets.token_hex(8)
        with self._lock:
            self._by_reference[f"{urn}::{identifier}"] = provider
        return identifier

    def get(self, reference: str) -> Provider:
        """Return the provider that a resource or an invoke refers to; an empty reference is the default.

        Raises:
            DeploymentError: The program has not created it.
        """
        if not reference:
            return self._default
        with self._lock:
            provider = self._by_reference.get(reference)
        if provider is None:
            raise DeploymentError(f"The provider {reference} is not known; make it in this program.")
        return provider


def provider_from(settings: Mapping[str, Any], *, where: str, account: str) -> Provider:
    """Read a provider's settings; all but the plain texts are JSON.

    Args:
        settings: The settings by Pulumi's names.
        where: What to call them in a message.
        account: The local account's id, for allowedAccountIds and forbiddenAccountIds.

    Raises:
        DeploymentError: A setting is unknown or can't be honoured here.
    """
    given = {name: value for name, value in settings.items() if value not in (None, "")}
    for name in given:
        if name not in HONOURED and name not in REPLACED:
            raise DeploymentError(
                f"{where}: the AWS provider's setting {name!r} is not supported by the local deployment."
                f" Supported: {', '.join(HONOURED)}; credentials, endpoints and connection settings"
                " are replaced by the local ones."
            )
    allowed = _json(given.get("allowedAccountIds"), where, "allowedAccountIds") or []
    forbidden = _json(given.get("forbiddenAccountIds"), where, "forbiddenAccountIds") or []
    if (allowed and account not in allowed) or account in forbidden:
        raise DeploymentError(
            f"{where}: the local account is {account}, which allowedAccountIds or forbiddenAccountIds"
            " excludes."
            f" Add {account} for this stack, or leave the setting out."
        )
    tags = _json(given.get("defaultTags"), where, "defaultTags") or {}
    if not isinstance(tags, dict) or set(tags) - {"tags"}:
        raise DeploymentError(f"{where}: defaultTags has to be an object with `tags`, not {tags!r}.")
    region = given.get("region")
    if region:
        check_region(str(region), where=f"{where}: region", skip=given.get(SKIP))
    return Provider(
        region=str(region) if region else None,
        default_tags=tags.get("tags") or {},
        skip_region_validation=str(given.get(SKIP)).lower() == "true",
    )


def provider_from_config(values: Mapping[str, str], *, account: str) -> Provider:
    """Read the ``aws:`` settings of a stack, for the resources that name no provider.

    Raises:
        DeploymentError: A setting is unknown or can't be honoured here.
    """
    settings = {key.removeprefix("aws:"): value for key, value in values.items() if key.startswith("aws:")}
    check_pulumi_settings(values)
    return provider_from(settings, where="The stack's config (aws:…)", account=account)


def check_pulumi_settings(keys: Iterable[str]) -> None:
    """Refuse the ``pulumi:`` settings that steer the Pulumi CLI and would have no effect here.

    Raises:
        DeploymentError: There is one.
    """
    known = {"pulumi:tags", "pulumi:template"}
    for key in keys:
        if key.startswith("pulumi:") and key not in known:
            raise DeploymentError(
                f"The stack's config key {key} is not supported by the local deployment; supported:"
                f" {', '.join(sorted(known))}."
            )


def _json(value: Any, where: str, name: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise DeploymentError(f"{where}: {name} is not valid JSON: {value!r}.") from error
