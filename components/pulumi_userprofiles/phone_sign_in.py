"""Sign-in with a phone number and a one-time code, through Cognito's custom challenge."""

from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles import policies
from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.phone_sign_in_alarms import (
    ALARM_CHILDREN,
    cognito_codes_alarms,
    own_alarms,
    sender_alarms,
    spend_alarm,
    throttles_alarms,
)
from pulumi_userprofiles.phone_sign_in_arguments import PhoneSignInArgs
from pulumi_userprofiles.phone_sign_in_functions import (
    CHALLENGES,
    COGNITO_CODES,
    CREATE,
    SENDER_SECONDS,
    VERIFY,
    CodeResources,
    challenge_function,
    cognito_codes_function,
    sender_function,
)
from pulumi_userprofiles.phone_sign_in_settings import CheckedPhoneSignIn
from pulumi_userprofiles.python_function import PythonFunction
from pulumi_userprofiles.python_function_settings import reserved_concurrency
from pulumi_userprofiles.validation import boolean

RETENTION_SECONDS = 180
"""How long the queue keeps a message: as long as its code is valid."""

_VISIBILITY_SECONDS = 3 * SENDER_SECONDS
"""AWS recommends six times the function's time-out (AWS Lambda Developer Guide, "Using Lambda with Amazon
SQS"). A code would have expired by then."""


class PhoneSignIn(Component):
    """Functions of the custom challenge, the table and the key of codes, the queue and the sender."""

    _CHILDREN = (
        *("codes-table", "code-key", "queue", "queue-policy", "sender", "sender-mapping"),
        *("sender-key", "cognito-codes", "cognito-codes-retries"),
        *(challenge.child for challenge in CHALLENGES),
        *ALARM_CHILDREN,
    )
    _COMPONENTS: ClassVar = {
        "sender": PythonFunction,
        "cognito-codes": PythonFunction,
        **{challenge.child: PythonFunction for challenge in CHALLENGES},
    }
    _NAME_LIMIT = 29

    define_auth_challenge_alias_arn: pulumi.Output[str]
    """ARN through which a pool invokes the function that decides whether a sign-in continues."""

    create_auth_challenge_alias_arn: pulumi.Output[str]
    """ARN through which a pool invokes the function that creates codes."""

    verify_auth_challenge_response_alias_arn: pulumi.Output[str]
    """ARN through which a pool invokes the function that checks codes."""

    custom_sms_sender_alias_arn: pulumi.Output[str] | None
    """ARN through which a pool invokes the function that takes Cognito's own codes; none without
    `sends_cognito_codes`."""

    sender_key_arn: pulumi.Output[str] | None
    """ARN of the KMS key with which Cognito encrypts its own codes; none without `sends_cognito_codes`."""

    codes_table_name: pulumi.Output[str]
    """Name of the table of codes."""

    codes_table_arn: pulumi.Output[str]
    """ARN of that table."""

    code_key_arn: pulumi.Output[str]
    """ARN of the KMS key that computes the codes' MACs."""

    code_queue_url: pulumi.Output[str]
    """URL of the queue of messages with codes."""

    code_queue_arn: pulumi.Output[str]
    """ARN of that queue."""

    def __init__(
        self,
        name: str,
        args: PhoneSignInArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[PhoneSignInArgs],
    ) -> None:
        """Create table, keys, queue, functions and alarms.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children.
            keywords: Arguments as keywords, such as `default_country_code="44"`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        label = self.label(name)
        settings = CheckedPhoneSignIn(label, args)
        protect = boolean(label, args, "protect", True)
        reserved_concurrency(label, args)
        super().__init__(name, args, opts, transforms)

        self.codes_table = self._make_table(args)
        self.code_key = self._make_key(
            "code-key",
            protect,
            description="Computes MACs of one-time codes and of phone numbers",
            key_usage="GENERATE_VERIFY_MAC",
            customer_master_key_spec="HMAC_256",
        )
        self.queue = self._make_queue(args)
        self.resources = CodeResources(
            self.codes_table.name,
            self.codes_table.arn,
            self.code_key.arn,
            self.queue.url,
            self.queue.arn,
        )
        functions = {
            challenge.child: self._make_component(
                PythonFunction,
                challenge.child,
                challenge_function(challenge, name, args, settings, self.resources),
            )
            for challenge in CHALLENGES
        }
        self.sender = self._make_sender(args, settings)
        self.pool_triggers = {challenge.key: functions[challenge.child].alias_arn for challenge in CHALLENGES}
        self.custom_sms_sender_alias_arn = self.sender_key_arn = None
        if settings.sends_cognito_codes:
            self._make_cognito_codes(args, protect)
        alarms = {
            **sender_alarms(self.sender.function_name, self.queue.name),
            **own_alarms(name),
            **throttles_alarms({child: item.function_name for child, item in functions.items()}),
            **({} if settings.uses_twilio else spend_alarm(settings.spend_alarm_usd)),
        }
        self._make_alarms(args, alarms)

        self.define_auth_challenge_alias_arn = self.pool_triggers["define_auth_challenge"]
        self.create_auth_challenge_alias_arn = self.pool_triggers[CREATE.key]
        self.verify_auth_challenge_response_alias_arn = self.pool_triggers[VERIFY.key]
        self.codes_table_name = self.codes_table.name
        self.codes_table_arn = self.codes_table.arn
        self.code_key_arn = self.code_key.arn
        self.code_queue_url = self.queue.url
        self.code_queue_arn = self.queue.arn
        self._register_outputs()

    def _make_table(self, args: PhoneSignInArgs) -> aws.dynamodb.Table:
        """Create the table of codes: it is not protected, because its items expire within two days."""
        return self._make(
            aws.dynamodb.Table,
            "codes-table",
            attributes=[{"name": key, "type": "S"} for key in ("PK", "SK")],
            hash_key="PK",
            range_key="SK",
            billing_mode="PAY_PER_REQUEST",
            ttl={"attribute_name": "expiration", "enabled": True},
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": args.get("kms_key_arn")},
        )

    def _make_key(self, child: str, protect: bool, **inputs: Any) -> aws.kms.Key:
        """Create a KMS key that the account's IAM policies control.

        This is the policy that KMS gives a key by default (AWS KMS Developer Guide, "Default key policy").
        """
        root = self.codes_table.arn.apply(
            lambda arn: f"arn:{arn.split(':')[1]}:iam::{arn.split(':')[4]}:root"
        )
        return self._make(
            aws.kms.Key,
            child,
            opts=pulumi.ResourceOptions(protect=protect),
            policy=policies.key_of_account(root),
            **inputs,
        )

    def _make_queue(self, args: PhoneSignInArgs) -> aws.sqs.Queue:
        """Create the queue of messages, the only place that holds a code, and no dead-letter queue."""
        queue = self._make(
            aws.sqs.Queue,
            "queue",
            message_retention_seconds=RETENTION_SECONDS,
            visibility_timeout_seconds=_VISIBILITY_SECONDS,
            kms_master_key_id=args.get("kms_key_arn") or "alias/aws/sqs",
        )
        self._make(
            aws.sqs.QueuePolicy,
            "queue-policy",
            queue_url=queue.url,
            policy=policies.tls_only("sqs", queue.arn),
        )
        return queue

    def _make_sender(self, args: PhoneSignInArgs, settings: CheckedPhoneSignIn) -> PythonFunction:
        sender = self._make_component(
            PythonFunction, "sender", sender_function(self._prefix, args, settings, self.resources)
        )
        self._make(
            aws.lambda_.EventSourceMapping,
            "sender-mapping",
            event_source_arn=self.queue.arn,
            function_name=sender.alias_arn,
            batch_size=1,
            function_response_types=["ReportBatchItemFailures"],
        )
        return sender

    def _make_cognito_codes(self, args: PhoneSignInArgs, protect: bool) -> None:
        """Create the key and the function for Cognito's own codes.

        Cognito invokes the function asynchronously. Lambda repeats a failed invocation after one
        minute and after two more (AWS Lambda Developer Guide, "How Lambda handles errors and retries with
        asynchronous invocation"). There is no failure destination, because an event contains a phone number
        and a code.
        """
        key_arn = args.get("sender_key_arn")
        if key_arn is None:
            key_arn = self._make_key(
                "sender-key",
                protect,
                description="Encrypts the codes that Cognito hands over to the sender",
                enable_key_rotation=True,
            ).arn
        self.cognito_codes = self._make_component(
            PythonFunction,
            "cognito-codes",
            cognito_codes_function(self._prefix, args, key_arn, self.resources),
        )
        self._make(
            aws.lambda_.FunctionEventInvokeConfig,
            "cognito-codes-retries",
            function_name=self.cognito_codes.function_name,
            qualifier=self.cognito_codes.alias_name,
            maximum_event_age_in_seconds=RETENTION_SECONDS,
            maximum_retry_attempts=2,
        )
        self._make_alarms(args, cognito_codes_alarms(self._prefix, self.cognito_codes.function_name))
        self.sender_key_arn = pulumi.Output.from_input(key_arn)
        self.custom_sms_sender_alias_arn = self.cognito_codes.alias_arn
        self.pool_triggers[COGNITO_CODES] = self.cognito_codes.alias_arn

    def _make_alarms(self, args: PhoneSignInArgs, alarms: Mapping[str, dict[str, Any]]) -> None:
        for child, inputs in alarms.items():
            self._alarm(child, args, **inputs)
