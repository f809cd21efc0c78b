"""The application in memory: the real code of triggers, API, outbox, erasure and reconciliation, on fakes."""

import copy
import json
from datetime import timedelta

from erasure_world import POOL_ID, QUEUE_URL
from kill_switch import KilledError
from life_stores import LifeStores
from log_lines import create_logger
from userprofiles import settings
from userprofiles.api.access_token import Caller
from userprofiles.api.administrator import Administration
from userprofiles.api.deletion import Deletion, ErasureQueue
from userprofiles.api.errors import ApiError
from userprofiles.api.profile_service import ProfileService
from userprofiles.lifecycle.erasure.erasure_replay import find_returned_users
from userprofiles.lifecycle.erasure.erasure_sweep import Position, Sweep
from userprofiles.lifecycle.erasure.erasure_worker import ErasureMessageFailedError, ErasureWorker
from userprofiles.registration import post_confirmation, pre_token_generation
from userprofiles.registration.outbox import (
    NotYetConfirmedError,
    OutboxMessage,
    OutboxMessageFailedError,
    OutboxRegistrar,
    process_message,
)
from userprofiles.registration.post_confirmation import CONFIRM_SIGN_UP, ConfirmationProcessor
from userprofiles.registration.pre_token_generation import TokenProcessor
from userprofiles.registration.registrar import Registrar
from userprofiles.table.store_errors import StoreBusyError
from userprofiles.telemetry import Report

GRACE = timedelta(days=30)


def never_stop(*_):
    """Don't stop."""


class LifeWorld(LifeStores):
    """All functions of the application, with one clock."""

    def __init__(self, template):
        super().__init__(template)
        self.report = Report(create_logger(self.log))
        self.is_table_broken = False
        self.calls.before_each = self._break_table

        def clock():
            return self.now

        roles = settings.roles({}, template)
        self.registrars = {
            source: Registrar(self.store, template, roles, source, clock)
            for source in (CONFIRM_SIGN_UP, "outbox", "api", "admin:operator", "reconciler", "operator")
        }
        self.confirmations = ConfirmationProcessor(self.registrars[CONFIRM_SIGN_UP], self.outbox, self.report)
        self.outbox_worker = OutboxRegistrar(self.registrars["outbox"], self.pool)
        self.tokens = TokenProcessor(self.store, template, roles.default, self.report, clock)
        self.profiles = ProfileService(self.registrars["api"], self.pool, POOL_ID, never_stop)
        self.deletion = Deletion(self.profiles, GRACE, never_stop)
        self.administration = Administration(
            self.registrars["admin:operator"], self.pool, POOL_ID, None, never_stop
        )
        self.erasure_queue = ErasureQueue(QUEUE_URL, self.queues)
        self.worker = ErasureWorker(
            self.erasure,
            Sweep(self.dynamodb, self.tables.users, self.receipts, clock),
            self.queues,
            QUEUE_URL,
            self.report,
        )

    def _break_table(self, operation):
        if self.is_table_broken and operation in {"transact_write_items", "batch_get_item"}:
            raise StoreBusyError("TableBroken")

    # Triggers

    def event(self, sub, source, email):
        attributes = {
            "sub": sub,
            "email": email,
            "email_verified": "true",
            "cognito:user_status": "CONFIRMED",
        }
        return {
            "version": "1",
            "triggerSource": source,
            "region": "us-east-1",
            "userPoolId": POOL_ID,
            "userName": sub,
            "callerContext": {},
            "request": {"userAttributes": attributes},
            "response": {},
        }

    def post_confirmation(self, event):
        event = copy.deepcopy(event)
        assert post_confirmation.handle_event(self.confirmations.process, event, self.report) is event

    def sign_in(self, sub, email):
        """Return the claims that the trigger adds to a token."""
        event = self.event(sub, "TokenGeneration_Authentication", email)
        event["request"]["groupConfiguration"] = {}
        return pre_token_generation.handle_event(self.tokens.process, event, self.report)["response"]

    def deliver_outbox_message(self, body):
        """Process a message; return whether SQS may delete it."""
        try:
            process_message(self.outbox_worker, {"messageId": "1", "body": body}, self.report)
        except (OutboxMessageFailedError, NotYetConfirmedError):
            return False
        return True

    # API

    def answer(self, operation, *arguments):
        """Return the code of an operation of the API: `ok`, or that of the error."""
        try:
            operation(*arguments)
        except ApiError as error:
            return error.code
        return "ok"

    @staticmethod
    def caller(sub):
        return Caller(sub, sub)

    # Erasure

    def drain_queues(self):
        """Process the messages of the erasure queue and of the team's queue, until both are empty."""
        for _ in range(20):
            messages, self.queues.messages[QUEUE_URL] = self.queues.messages[QUEUE_URL], []
            answers = self.consume()
            for team_queue in self.queues.messages.values():
                team_queue.clear()
            if not messages and not answers:
                return
            for document in [*messages, *answers]:
                try:
                    self.worker.process_message({"body": json.dumps(document)}, never_stop)
                except ErasureMessageFailedError as error:
                    raise AssertionError(f"the erasure failed: {error}") from None
        raise AssertionError("the queues are not empty after 20 rounds")

    def sweep(self):
        self.worker.run_sweep(Position(), never_stop)
        self.drain_queues()

    def kill_during(self, operation, calls):
        """Run an operation whose process is killed after some calls of AWS. Return whether it was killed."""
        self.calls.calls.clear()
        self.calls.kill_after = calls
        try:
            operation()
        except KilledError:
            return True
        finally:
            self.calls.kill_after = None
        return False

    def replay(self):
        """Erase again the users who exist again, as `userprofiles erase replay` does."""
        for receipt in list(find_returned_users(self.erasure, never_stop, never_stop)):
            self.erasure.erase(receipt.sub, "operator")
        self.drain_queues()


def outbox_body(sub):
    return OutboxMessage(POOL_ID, sub, "TableBroken").to_json()
