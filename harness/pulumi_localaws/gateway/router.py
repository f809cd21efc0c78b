"""The gateway without HTTP: classify each request and apply the rules for it."""

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto

from pulumi_localaws.gateway import partiql, presigned_urls
from pulumi_localaws.gateway.aws_lambda.http_apis import PATH_PREFIX, HttpApis, parse_api_request
from pulumi_localaws.gateway.aws_lambda.lambda_client import LambdaClient
from pulumi_localaws.gateway.cognito import dispatch, pre_sign_up_relay, token_generation
from pulumi_localaws.gateway.cognito.call import COGNITO_TARGET, Dependencies
from pulumi_localaws.gateway.cognito.challenge_sessions import ChallengeSessions
from pulumi_localaws.gateway.cognito.code_delivery import CodeSender, is_email_inbox_request
from pulumi_localaws.gateway.cognito.codes import CodeAttempts, NewAddressCodes
from pulumi_localaws.gateway.cognito.pre_sign_up_relay import PreSignUpRelay
from pulumi_localaws.gateway.cognito.token_generation import TokenRelay
from pulumi_localaws.gateway.cognito.trigger_runs import TriggerRuns
from pulumi_localaws.gateway.cognito.triggers import TRIGGER_TIMEOUT_SECONDS, Triggers
from pulumi_localaws.gateway.cognito.user_directory import UserDirectory
from pulumi_localaws.gateway.cognito.user_names import UserNameLocks
from pulumi_localaws.gateway.localstack_paths import LocalStackPaths, is_localstack_request
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule, detect_rules
from pulumi_localaws.gateway.wire.http_messages import Request, Response, SendToEmulator
from pulumi_localaws.gateway.wire.journal import JOURNAL_LENGTH, JournalEntry, shorten_path
from pulumi_localaws.gateway.wire.root_client import RootClient

_DYNAMODB_TARGET = "DynamoDB_20120810."
_API_WRITE = re.compile(r"/v2/apis(/|$|\?)")
_POLICY_WRITE = re.compile(r"/2015-03-31/functions/.*/policy")
_OAUTH_PATH = "/oauth2/token"
_RESET = re.compile(r"/_ministack/reset|/_localstack/state/reset")
_EMULATOR_RESET = "/_ministack/reset"
_DATA_BASELINE_PATH = "/_localaws/data-baseline"
_READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestKind(Enum):
    """The kinds of requests that the router handles; the server streams all others to the emulator."""

    COGNITO = auto()
    PARTIQL = auto()
    HTTP_API = auto()
    PRE_SIGN_UP_RELAY = auto()
    """The emulator fires PreSignUp."""
    TOKEN_RELAY = auto()
    """The emulator fires PreTokenGeneration."""
    OAUTH_TOKEN = auto()
    """The OAuth token endpoint of a pool's domain."""
    EMAIL_INBOX = auto()
    LOCALSTACK = auto()
    """A path of LocalStack's own."""
    PRESIGNED_VERSION_2 = auto()
    """A presigned S3 URL of Signature Version 2."""
    API_WRITE = auto()
    """A change of an HTTP API or of a function's policy."""
    RESET = auto()
    DATA_BASELINE = auto()
    """The emulator remembers its data, or returns to the remembered data."""


_JOURNAL_SERVICES = {
    RequestKind.COGNITO: "cognito-idp",
    RequestKind.PARTIQL: "dynamodb",
    RequestKind.HTTP_API: "execute-api",
    RequestKind.OAUTH_TOKEN: "cognito-idp",
    RequestKind.PRESIGNED_VERSION_2: "s3",
}


class RequestRouter:
    """Forwards each request to the emulator, or applies AWS rules that the emulator lacks.

    Args:
        send_to_emulator: Sends a request to the emulator.
        endpoint: The gateway's public URL, ``http://127.0.0.1:<port>``; the PreSignUp relay posts there.
        region: The region of the gateway's own calls.
        account_id: The emulator's account.
        rules: The rules to enforce. Default: detected from the backend at the first request.
        trigger_timeout: Seconds that one call of a trigger may take.
        integration_timeout: Seconds that an HTTP API waits for its integration. Default: as on AWS.
        clock: Monotonic seconds, for the age of codes and cache entries.
    """

    def __init__(
        self,
        *,
        send_to_emulator: SendToEmulator,
        endpoint: str,
        region: str,
        account_id: str,
        rules: frozenset[GatewayRule] | None = None,
        trigger_timeout: float = TRIGGER_TIMEOUT_SECONDS,
        integration_timeout: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.send_to_emulator = send_to_emulator
        self.journal: deque[JournalEntry] = deque(maxlen=JOURNAL_LENGTH)
        self._rules = rules
        root_client = RootClient(send_to_emulator, region)
        directory, lambda_client = UserDirectory(root_client), LambdaClient(root_client)
        self.trigger_runs = TriggerRuns()
        triggers = Triggers(lambda_client, trigger_timeout, self.trigger_runs)
        self._dependencies = Dependencies(
            send_to_emulator=send_to_emulator,
            root_client=root_client,
            directory=directory,
            triggers=triggers,
            pre_sign_up_relay=PreSignUpRelay(root_client, directory, triggers, endpoint),
            token_relay=TokenRelay(root_client, directory, triggers, endpoint),
            code_attempts=CodeAttempts(clock),
            code_sender=CodeSender(root_client),
            new_address_codes=NewAddressCodes(clock),
            user_name_locks=UserNameLocks(),
            challenge_sessions=ChallengeSessions(clock),
        )
        self._http_apis = HttpApis(
            root_client, lambda_client, account_id, clock, integration_timeout=integration_timeout
        )
        self._localstack_paths = LocalStackPaths(
            send_to_emulator,
            region=region,
            read_emails=self._dependencies.code_sender.list_emails,
            delete_email=self._dependencies.code_sender.delete_email,
        )

    @staticmethod
    def classify(request: Request) -> RequestKind | None:
        """Return the kind of a request, or None if it is streamed; the body is not needed."""
        aws_target = request.header("x-amz-target")
        path = request.target.partition("?")[0]
        is_write = request.method not in _READ_METHODS
        conditions = {
            RequestKind.COGNITO: aws_target.startswith(COGNITO_TARGET),
            RequestKind.PARTIQL: aws_target.startswith(_DYNAMODB_TARGET)
            and aws_target.removeprefix(_DYNAMODB_TARGET) in partiql.ACTIONS,
            RequestKind.HTTP_API: parse_api_request(request)[0] != "",
            RequestKind.PRE_SIGN_UP_RELAY: path.startswith(pre_sign_up_relay.RELAY_PATH),
            RequestKind.TOKEN_RELAY: path.startswith(token_generation.RELAY_PATH),
            RequestKind.OAUTH_TOKEN: is_write and path == _OAUTH_PATH,
            RequestKind.EMAIL_INBOX: is_email_inbox_request(request),
            RequestKind.LOCALSTACK: is_localstack_request(request),
            RequestKind.PRESIGNED_VERSION_2: presigned_urls.is_signed_with_version_2(request),
            RequestKind.API_WRITE: is_write and bool(_API_WRITE.match(path) or _POLICY_WRITE.match(path)),
            RequestKind.RESET: is_write and _RESET.fullmatch(path) is not None,
            RequestKind.DATA_BASELINE: path == _DATA_BASELINE_PATH,
        }
        return next((kind for kind, is_met in conditions.items() if is_met), None)

    async def handle(self, request: Request, kind: RequestKind) -> Response:
        """Handle one request.

        Args:
            request: The client's request.
            kind: The kind that `classify` returned.
        """
        if kind is RequestKind.PRE_SIGN_UP_RELAY:
            # Part of a SignUp, which has its own journal entry.
            return await self._dependencies.pre_sign_up_relay.handle(request)
        if kind is RequestKind.TOKEN_RELAY:
            return await self._dependencies.token_relay.handle(request)
        if kind is RequestKind.LOCALSTACK:
            return await self._localstack_paths.handle(request)
        if self._rules is None:
            self._rules = await detect_rules(self.send_to_emulator)
        self._dependencies.rules = self._rules
        action = request.header("x-amz-target").rpartition(".")[2] or _method_and_path(request)
        notes: list[str] = []
        response = await self._handle_kind(kind, request, action, notes)
        if service := _JOURNAL_SERVICES.get(kind):
            self.journal.append(JournalEntry(time.time(), service, action, response.status, tuple(notes)))
        return response

    async def _handle_kind(
        self, kind: RequestKind, request: Request, action: str, notes: list[str]
    ) -> Response:
        rules = self._dependencies.rules
        match kind:
            case RequestKind.COGNITO:
                response = await dispatch.handle(request, action, self._dependencies, notes)
            case RequestKind.PARTIQL if GatewayRule.PARTIQL_ACTIONS in rules:
                response = await partiql.handle(
                    request,
                    action,
                    send_to_emulator=self.send_to_emulator,
                    root_client=self._dependencies.root_client,
                    notes=notes,
                )
            case RequestKind.HTTP_API if GatewayRule.HTTP_API in rules:
                response = await self._http_apis.handle(request, self.send_to_emulator, notes)
            case RequestKind.OAUTH_TOKEN:
                async with self._dependencies.token_relay.expect_token_request(notes):
                    response = await self.send_to_emulator(request)
            case RequestKind.PRESIGNED_VERSION_2 if GatewayRule.S3_SIGNATURE_VERSION_4 in rules:
                notes.append("S3: presigned URL of Signature Version 2 rejected")
                response = presigned_urls.reject_version_2()
            case RequestKind.EMAIL_INBOX:
                response = self._dependencies.code_sender.edit_inbox(await self.send_to_emulator(request))
            case RequestKind.RESET:
                response = await self.send_to_emulator(replace(request, target=_EMULATOR_RESET))
            case _:
                response = await self.send_to_emulator(request)
        self._forget_old_state(kind, request)
        return response

    def _forget_old_state(self, kind: RequestKind, request: Request) -> None:
        if kind is RequestKind.API_WRITE:
            self._http_apis.invalidate(request)
        elif kind is RequestKind.RESET:
            self._clear_state()
        elif kind is RequestKind.DATA_BASELINE and request.method == "POST":
            self._clear_state_of_users()

    def _clear_state(self) -> None:
        self._http_apis.clear()
        self._dependencies.directory.clear()
        self._dependencies.pre_sign_up_relay.clear()
        self._dependencies.token_relay.clear()
        self._clear_state_of_users()
        self.trigger_runs.clear()

    def _clear_state_of_users(self) -> None:
        self._dependencies.code_attempts.clear()
        self._dependencies.code_sender.clear()
        self._dependencies.new_address_codes.clear()
        self._dependencies.challenge_sessions.clear()


def _method_and_path(request: Request) -> str:
    # Without the path below an API: it may contain an ID or an address, and the journal keeps no values.
    api_id, _ = parse_api_request(request)
    return f"{request.method} {PATH_PREFIX + api_id if api_id else shorten_path(request.target)}"
