"""The gateway's rules without HTTP: one request in, one answer out, and the emulator behind ``upstream``."""

import re
import time
from collections import deque
from collections.abc import Callable
from enum import Enum, auto

from pulumi_localaws.gateway import partiql
from pulumi_localaws.gateway.aws_lambda.http_api_permissions import HttpApiPermissions, addressed
from pulumi_localaws.gateway.aws_lambda.lambda_client import LambdaClient
from pulumi_localaws.gateway.cognito import code_delivery, dispatch, pre_sign_up_relay
from pulumi_localaws.gateway.cognito.call import COGNITO_TARGET, Dependencies
from pulumi_localaws.gateway.cognito.codes import CodeAttempts, NewAddressCodes
from pulumi_localaws.gateway.cognito.name_locks import NameLocks
from pulumi_localaws.gateway.cognito.pre_sign_up_relay import PreSignUpRelay
from pulumi_localaws.gateway.cognito.triggers import TIME_LIMIT, Triggers
from pulumi_localaws.gateway.cognito.user_directory import UserDirectory
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule, detect_rules
from pulumi_localaws.gateway.wire.http_messages import JournalEntry, Request, Response, SendToEmulator
from pulumi_localaws.gateway.wire.root_client import RootClient

JOURNAL_LENGTH = 2_000
"""Requests that the journal remembers."""

_DYNAMODB_TARGET = "DynamoDB_20120810."
_API_WRITE = re.compile(r"/v2/apis(/|$|\?)")
_POLICY_WRITE = re.compile(r"/2015-03-31/functions/.*/policy")
_RESET = re.compile(r"/_(ministack|localstack)/(state/)?reset")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestKind(Enum):
    """The kinds of requests that the core has to see; the server streams all others through by itself."""

    COGNITO = auto()
    PARTIQL = auto()
    HTTP_API = auto()
    RELAY = auto()
    """The emulator fires PreSignUp."""
    EMAIL_INBOX = auto()
    API_WRITE = auto()
    """A change of an HTTP API or of a function's policy."""
    RESET = auto()


_JOURNAL_SERVICES = {
    RequestKind.COGNITO: "cognito-idp",
    RequestKind.PARTIQL: "dynamodb",
    RequestKind.HTTP_API: "execute-api",
}


class RequestRouter:
    """Decides for each request whether it passes to the emulator as it stands, or what AWS would do besides.

    Args:
        upstream: Sends a request to the emulator.
        endpoint: The gateway's own public URL, ``http://127.0.0.1:<port>``; the PreSignUp relay posts there.
        region: The region of the gateway's own calls.
        account_id: The emulator's account.
        gaps: What the backend leaves to the gateway; asked from it with the first request when left out.
        trigger_time_limit: Seconds that one call of a trigger may take.
        clock: Seconds that only move forward, for the age of codes and of what is remembered.
    """

    def __init__(
        self,
        *,
        upstream: SendToEmulator,
        endpoint: str,
        region: str,
        account_id: str,
        rules: frozenset[GatewayRule] | None = None,
        trigger_time_limit: float = TIME_LIMIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.upstream = upstream
        self.journal: deque[JournalEntry] = deque(maxlen=JOURNAL_LENGTH)
        self._rules = rules
        root = RootClient(upstream, region)
        directory, functions = UserDirectory(root), LambdaClient(root)
        triggers = Triggers(functions, trigger_time_limit)
        self._services = Dependencies(
            upstream=upstream,
            root=root,
            directory=directory,
            triggers=triggers,
            pre_sign_up=PreSignUpRelay(root, directory, triggers, endpoint),
            codes=CodeAttempts(clock),
            outgoing=code_delivery.CodeSender(root),
            address_codes=NewAddressCodes(clock),
            name_locks=NameLocks(),
        )
        self._apis = HttpApiPermissions(root, functions, account_id, clock)

    @staticmethod
    def kind_of(request: Request) -> RequestKind | None:
        """Return the kind of a request (its body is not needed), or None if the core need not see it."""
        aws_target = request.header("x-amz-target")
        path = request.target.partition("?")[0]
        is_write = request.method not in _READS
        conditions = {
            RequestKind.COGNITO: aws_target.startswith(COGNITO_TARGET),
            RequestKind.PARTIQL: aws_target.startswith(_DYNAMODB_TARGET)
            and aws_target.removeprefix(_DYNAMODB_TARGET) in partiql.ACTIONS,
            RequestKind.HTTP_API: addressed(request)[0] != "",
            RequestKind.RELAY: path.startswith(pre_sign_up_relay.RELAY_PATH),
            RequestKind.EMAIL_INBOX: code_delivery.is_email_inbox(request),
            RequestKind.API_WRITE: is_write and bool(_API_WRITE.match(path) or _POLICY_WRITE.match(path)),
            RequestKind.RESET: is_write and _RESET.match(path) is not None,
        }
        return next((kind for kind, is_met in conditions.items() if is_met), None)

    async def handle(self, request: Request, kind: RequestKind) -> Response:
        """Answer one request.

        Args:
            request: As it came.
            kind: As `kind_of` returns it.
        """
        if kind is RequestKind.RELAY:
            # Part of a SignUp that stands in the journal by itself.
            return await self._services.pre_sign_up.relayed(request)
        if self._rules is None:
            self._rules = await detect_rules(self.upstream)
        self._services.rules = self._rules
        action = request.header("x-amz-target").rpartition(".")[2] or _method_and_path(request)
        notes: list[str] = []
        response = await self._answer(kind, request, action, notes)
        if service := _JOURNAL_SERVICES.get(kind):
            self.journal.append(JournalEntry(time.time(), service, action, response.status, tuple(notes)))
        return response

    async def _answer(self, kind: RequestKind, request: Request, action: str, notes: list[str]) -> Response:
        rules = self._services.rules
        match kind:
            case RequestKind.COGNITO:
                return await dispatch.handle(request, action, self._services, notes)
            case RequestKind.PARTIQL if GatewayRule.PARTIQL_ACTIONS in rules:
                root = self._services.root
                return await partiql.handle(request, action, upstream=self.upstream, root=root, notes=notes)
            case RequestKind.HTTP_API if GatewayRule.API_INVOKE_PERMISSION in rules:
                return await self._apis.handle(request, self.upstream, notes)
            case RequestKind.EMAIL_INBOX:
                return self._services.outgoing.overlay(await self.upstream(request))
        response = await self.upstream(request)
        if kind is RequestKind.API_WRITE:
            self._apis.saw_write(request)
        elif kind is RequestKind.RESET:
            self._forget()
        return response

    def _forget(self) -> None:
        self._apis.forget()
        self._services.directory.forget()
        self._services.pre_sign_up.forget()
        self._services.codes.forget()
        self._services.outgoing.forget()
        self._services.address_codes.forget()


def _method_and_path(request: Request) -> str:
    path = request.target.partition("?")[0]
    # The path of an API may hold an id: the journal keeps where a request went, not what it asked for.
    return f"{request.method} {'/'.join(path.split('/')[:4])}"
