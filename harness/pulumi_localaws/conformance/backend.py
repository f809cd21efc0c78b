"""The endpoint under test: its clients, its name and version, and its inbox."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config

from pulumi_localaws.conformance.fact import NotTriedError
from pulumi_localaws.local.clients import Clients

_HTTP_TIMEOUT_SECONDS = 10
_AWS_WAIT_SECONDS = 60
_CODE = re.compile(r"\b\d{6}\b")


class BackendError(Exception):
    """The endpoint can't be used; the message says why and how to fix it."""


@dataclass
class Backend:
    """An endpoint, or AWS itself.

    Attributes:
        endpoint: Its URL; empty for AWS.
        region: The region of all calls.
        headers: Headers that each request needs, such as the secret header of our emulator.
        code: The code of all messages, if it is constant and can't be read from an inbox.
        label: Name and version, if the endpoint does not report them.
    """

    endpoint: str
    region: str
    headers: Mapping[str, str]
    code: str = ""
    label: str = ""

    @property
    def is_aws(self) -> bool:
        """Whether the facts are run on AWS."""
        return not self.endpoint

    @property
    def wait_seconds(self) -> float:
        """How long a new role or permission may take to have an effect."""
        return _AWS_WAIT_SECONDS if self.is_aws else 0

    @cached_property
    def _clients(self) -> Clients:
        return Clients(self.endpoint, with_boto3=True, attempts=1)

    def client(self, service: str, **kwargs: Any) -> Any:
        """Create a client. On AWS it has the credentials of the caller's environment."""
        if self.is_aws:
            import boto3  # noqa: PLC0415  slow to import

            # Not the endpoint of AWS_ENDPOINT_URL: its facts would be reported as those of AWS.
            only_aws = Config(ignore_configured_endpoint_urls=True)
            config = only_aws.merge(kwargs.pop("config", Config()))
            return boto3.session.Session(region_name=self.region).client(service, config=config, **kwargs)
        client = self._clients.create(service, self.region, **kwargs)
        client.meta.events.register("before-send", self._add_headers)
        return client

    def unsigned_client(self, service: str) -> Any:
        """Create a client like that of a user's device, which has no credentials."""
        return self.client(service, config=Config(signature_version=UNSIGNED))

    def _add_headers(self, request: Any, **_: Any) -> None:
        for name, value in self.headers.items():
            request.headers[name] = value

    def describe(self) -> tuple[str, str]:
        """Return name and version.

        Raises:
            BackendError: The endpoint does not respond.
        """
        if self.label:
            name, _, number = self.label.rpartition(" ")
            return (name, number) if name else (number, "unknown")
        if self.is_aws:
            return "AWS", "none"
        if (self._get_json("/_localaws/health") or {}).get("server") == "pulumi-localaws":
            return "pulumi-localaws", f"{_own_version()}, ministack {self._get_version('/_ministack/health')}"
        for path, name in (("/_ministack/health", "ministack"), ("/_localstack/health", "LocalStack")):
            number = self._get_version(path)
            if number:
                return name, number
        if self._get_json("/moto-api/data.json") is not None:
            return "moto", "unknown"
        self._check_connection()
        return "unknown", "unknown"

    def _get_version(self, path: str) -> str:
        document = self._get_json(path) or {}
        return str(document.get("version") or "")

    def _check_connection(self) -> None:
        try:
            self.get("/")
        except OSError as error:
            raise BackendError(
                f"--endpoint must be the URL of a running server. Got: {self.endpoint}, which does not"
                f" respond ({error}). Start it, or correct the URL."
            ) from error

    def _get_json(self, path: str) -> dict[str, Any] | None:
        try:
            status, body = self.get(path)
        except OSError:
            return None
        try:
            document = json.loads(body)
        except ValueError:
            return None
        return document if status < 400 and isinstance(document, dict) else None  # noqa: PLR2004 an error

    def get(self, path: str) -> tuple[int, bytes]:
        """Get a path of the endpoint; return status and body.

        Raises:
            OSError: The endpoint does not respond.
        """
        return self.send(path, None, {})

    def send(self, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Send a request without credentials; return status and body.

        Raises:
            OSError: The endpoint does not respond.
        """
        base = self.endpoint or f"https://cognito-idp.{self.region}.amazonaws.com"
        request = urllib.request.Request(base + path, body, {**self.headers, **headers})  # noqa: S310 the user's URL
        opener = urllib.request.build_opener() if self.is_aws else _opener_without_proxies()
        try:
            with opener.open(request, timeout=_HTTP_TIMEOUT_SECONDS) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def read_code(self, address: str) -> str:
        """Return the code in the newest e-mail to an address.

        Raises:
            NotTriedError: The endpoint has no inbox that can be read.
        """
        if self.code:
            return self.code
        codes = [code for text in self._read_emails(address) for code in _CODE.findall(text)]
        if not codes:
            raise NotTriedError("the code can't be read here. If all codes are equal, set --code")
        return str(codes[-1])

    def _read_emails(self, address: str) -> list[str]:
        """Return the texts of the e-mails to an address, the oldest first."""
        if self.is_aws:
            return []
        inboxes = (self._get_json("/_ministack/ses/messages") or {}).get("messages") or {}
        emails = [email for emails in inboxes.values() for email in emails]
        texts = [str(e.get("BodyText") or e.get("BodyHtml")) for e in emails if address in e.get("To", ())]
        if texts:
            return texts
        emails = (self._get_json("/_aws/ses") or {}).get("messages") or []
        return [json.dumps(e["Body"]) for e in emails if address in e["Destination"]["ToAddresses"]]


def _opener_without_proxies() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _own_version() -> str:
    try:
        return version("pulumi-userprofiles")
    except PackageNotFoundError:
        return "unknown"
