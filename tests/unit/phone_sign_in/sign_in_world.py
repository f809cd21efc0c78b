"""A sign-in by code in one process: KMS, the table of codes and the queue in memory, and Cognito's part."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from userprofiles.phone_sign_in import define_challenge
from userprofiles.phone_sign_in.code_checks import CodeChecks
from userprofiles.phone_sign_in.code_requests import CodeRequests
from userprofiles.phone_sign_in.code_settings import CodeSettings
from userprofiles.phone_sign_in.code_store import CodeStore
from userprofiles.phone_sign_in.create_challenge import CreateChallenge
from userprofiles.phone_sign_in.mac_key import MacKey
from userprofiles.phone_sign_in.verify_challenge import VerifyChallenge
from userprofiles.telemetry import Report
from userprofiles.text_messages.code_message import CodeQueue

PHONE = "+14155550123"
START = 1_770_220_800.0
ENVIRONMENT = {"CODES_TABLE": "codes", "CODE_KEY_ID": "key", "ALLOWED_COUNTRIES": "US,GB"}


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


class MemoryKms:
    """A client of KMS with one key."""

    def generate_mac(self, *, KeyId: str, MacAlgorithm: str, Message: bytes) -> dict[str, Any]:  # noqa: N803
        assert (KeyId, MacAlgorithm) == ("key", "HMAC_SHA_256")
        assert len(Message) == 32
        return {"Mac": hmac.digest(b"the key in KMS", Message, hashlib.sha256)}


class MemoryQueue:
    """A client of SQS with one queue."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        assert QueueUrl == "https://sqs/codes"
        self.messages.append(json.loads(MessageBody))


class RecordedClient:
    """Records the calls of a client, and fails if a test says so.

    Attributes:
        errors: The error of each failing operation.
        is_applied: Whether a failing operation is carried out, as if its answer was lost.
        before: A function to run before an operation, once.
    """

    def __init__(self, client: Any, calls: list[tuple[str, dict[str, Any]]]) -> None:
        self.client = client
        self.errors: dict[str, Exception] = {}
        self.is_applied = False
        self.before: dict[str, Callable[[], object]] = {}
        self._calls = calls

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self.before.pop(operation, lambda: None)()
            self._calls.append((operation, parameters))
            error = self.errors.get(operation)
            if error is None or self.is_applied:
                response = getattr(self.client, operation)(**parameters)
            if error is not None:
                raise error
            return response

        return call


class CountingReport(Report):
    """Counts metrics and writes nothing: log lines take longer than all other steps of a sign-in."""

    def __init__(self) -> None:
        self.counts: Counter[str | None] = Counter()

    def _count(self, message: str, *, metric: str | None = None, **_: Any) -> None:
        self.count(metric)

    info = warning = error = _count

    def count(self, metric: str | None) -> None:  # type: ignore[override]
        self.counts[metric] += 1


class World:
    """The functions of phone sign-in and the AWS services that they call.

    Attributes:
        calls: Operation and parameters of each AWS call.
    """

    def __init__(self, table: Any, report: Report, load_event: Callable[[str], Any], **settings: str) -> None:
        self.clock = Clock()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.table = table
        self.kms = RecordedClient(MemoryKms(), self.calls)
        self.dynamodb = RecordedClient(table, self.calls)
        self._queue = MemoryQueue()
        self.sqs = RecordedClient(self._queue, self.calls)
        self.settings = CodeSettings.from_environment(ENVIRONMENT | settings)
        limits = self.settings.limits
        self.mac_key = mac_key = MacKey(self.kms, self.settings.code_key_id)
        store = CodeStore(self.dynamodb, self.settings.codes_table, limits)
        queue = CodeQueue(self.sqs, "https://sqs/codes")
        self.requests = CodeRequests(mac_key, store, queue, limits, report, clock=self.clock)
        self.checks = CodeChecks(mac_key, store, limits, report, clock=self.clock)
        self.create = CreateChallenge(self.requests, self.settings, report).process
        self.verify = VerifyChallenge(self.checks, report).process
        self.report = report
        self.load_event = load_event

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All messages that were sent to the queue."""
        return self._queue.messages

    @property
    def text_messages(self) -> list[dict[str, Any]]:
        """The messages that the sender sends: decoys are dropped."""
        return [message for message in self.messages if not message["decoy"]]

    @property
    def operations(self) -> list[str]:
        """The operations of all AWS calls."""
        return [operation for operation, _ in self.calls]

    @property
    def item(self) -> dict[str, Any]:
        """The only item of the table."""
        [item] = self.table.items()
        return dict(item)

    def sign_in(self, **user: Any) -> "SignIn":
        """Start a sign-in of a user; see SignIn."""
        return SignIn(self, **user)

    def wrong_code(self) -> str:
        """Return a code that is not the one of the last message."""
        code = self.messages[-1]["code"] if self.messages else "000000"
        return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


class SignIn:
    """One session of InitiateAuth and RespondToAuthChallenge, as Cognito runs the three triggers.

    Args:
        world: The functions.
        phone: The user's phone number.
        is_verified: Whether it is verified.
        is_known: Whether the user exists; the user name is the phone number otherwise.
        name: The user name.
        locale: The user's language.
        runs: How often Cognito runs CreateAuthChallenge.
    """

    def __init__(
        self,
        world: World,
        *,
        phone: str = PHONE,
        is_verified: bool = True,
        is_known: bool = True,
        name: str | None = None,
        locale: str | None = None,
        runs: int = 1,
    ) -> None:
        self.world = world
        self.user_name = name or ("7c9e6679-7425-40de-944b-e07fc1f90ae7" if is_known else phone)
        self.is_known = is_known
        self.attributes = {"phone_number": phone, "phone_number_verified": str(is_verified).lower()}
        self.attributes |= {"locale": locale} if locale else {}
        self.session: list[dict[str, Any]] = []
        self.challenge: dict[str, Any] = {}
        self.status = self._continue(runs)

    def answer(self, code: str) -> str:
        """Answer the challenge and return TOKENS, CHALLENGE or FAILED."""
        assert self.status == "CHALLENGE"
        event = self._event("VerifyAuthChallengeResponse")
        event["request"] |= {
            "privateChallengeParameters": self.challenge["privateChallengeParameters"],
            "challengeAnswer": code,
        }
        response = self.world.verify(event)["response"]
        self.session.append(
            {
                "challengeName": "CUSTOM_CHALLENGE",
                "challengeResult": response["answerCorrect"],
                "challengeMetadata": self.challenge["challengeMetadata"],
            }
        )
        self.status = self._continue()
        return self.status

    def answer_right(self) -> str:
        """Answer with the code of the last text message."""
        return self.answer(self.world.messages[-1]["code"])

    def answer_wrong(self) -> str:
        """Answer with another code."""
        return self.answer(self.world.wrong_code())

    def copy(self) -> "SignIn":
        """Return the same session again, as a thief of the session has it."""
        session = SignIn.__new__(SignIn)
        session.__dict__ |= {**self.__dict__, "session": list(self.session)}
        return session

    def _continue(self, runs: int = 1) -> str:
        event = self._event("DefineAuthChallenge")
        response = define_challenge.handle_event(event, self.world.report)["response"]
        if response["issueTokens"]:
            return "TOKENS"
        if response["failAuthentication"]:
            return "FAILED"
        for _ in range(runs):
            event = self._event("CreateAuthChallenge")
            event["request"]["challengeName"] = response["challengeName"]
            self.challenge = self.world.create(event)["response"]
        return "CHALLENGE"

    def _event(self, trigger: str) -> dict[str, Any]:
        event: dict[str, Any] = self.world.load_event(f"{trigger}_Authentication")
        event["userName"] = self.user_name
        event["request"] |= {
            "session": list(self.session),
            "userAttributes": dict(self.attributes) if self.is_known else {},
            "userNotFound": not self.is_known,
        }
        return event


class MotoCodes:
    """The table of codes in moto, with the items as MemoryCodes returns them."""

    def __init__(self, tables: Any) -> None:
        self._tables = tables
        tables._create("codes", ("PK", "SK"), {})
        self.get_item = tables.client.get_item
        self.update_item = tables.client.update_item

    def items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._tables.items("codes")
        return items
