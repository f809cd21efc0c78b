"""Base of the components with a queue and a dead-letter queue: encrypted, and only with TLS."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles import policies
from pulumi_userprofiles.component import Component

_DAY_SECONDS = 24 * 60 * 60
_VISIBILITY_FACTOR = 6
"""The visibility time-out of a queue is at least six times the time-out of its function (AWS Lambda Developer
Guide, "Using Lambda with Amazon SQS")."""


def pair_children(queue: str, dead_letters: str) -> tuple[str, ...]:
    """Return the children of a component for a queue and its dead-letter queue."""
    return (queue, f"{queue}-policy", dead_letters, f"{dead_letters}-policy", f"{dead_letters}-source")


class QueuePair(Component):
    """A component with a queue whose messages a function receives, and its dead-letter queue."""

    def _make_queue_pair(
        self, args: Mapping[str, Any], queue: str, dead_letters: str, *, function_seconds: int, attempts: int
    ) -> tuple[aws.sqs.Queue, aws.sqs.Queue]:
        """Create both queues with their policies.

        Args:
            args: The component's arguments, of which `kms_key_arn` is used.
            queue: Child name of the queue.
            dead_letters: Child name of the dead-letter queue.
            function_seconds: Time-out of the function that receives the messages.
            attempts: How often SQS delivers a message before it moves it to the dead-letter queue.

        Returns:
            The queue and the dead-letter queue.
        """
        dead_letter_queue = self._make_queue(dead_letters, args)
        main_queue = self._make_queue(
            queue,
            args,
            retention_days=4,
            visibility_timeout_seconds=_VISIBILITY_FACTOR * function_seconds,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead_letter_queue.arn, "maxReceiveCount": attempts}
            ),
        )
        self._make(
            aws.sqs.RedriveAllowPolicy,
            f"{dead_letters}-source",
            queue_url=dead_letter_queue.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [main_queue.arn]}
            ),
        )
        return main_queue, dead_letter_queue

    def _make_queue(
        self, child: str, args: Mapping[str, Any], *, retention_days: int = 14, **inputs: Any
    ) -> aws.sqs.Queue:
        """Create a queue and its policy.

        Args:
            child: Child name of the queue. Its policy is the child `<child>-policy`.
            args: The component's arguments, of which `kms_key_arn` is used.
            retention_days: Days that SQS keeps a message; by default its maximum.
            inputs: Further inputs of the queue.

        Returns:
            The queue.
        """
        key = args.get("kms_key_arn")
        encryption = {"sqs_managed_sse_enabled": True} if key is None else {"kms_master_key_id": key}
        queue = self._make(
            aws.sqs.Queue,
            child,
            message_retention_seconds=retention_days * _DAY_SECONDS,
            **encryption,
            **inputs,
        )
        self._make(
            aws.sqs.QueuePolicy,
            f"{child}-policy",
            queue_url=queue.url,
            policy=policies.tls_only("sqs", queue.arn),
        )
        return queue

    def _alarm_on_dead_letters(
        self, child: str, args: Mapping[str, Any], queue: aws.sqs.Queue, description: str
    ) -> None:
        """Create an alarm on the messages in a dead-letter queue."""
        self._alarm(
            child,
            args,
            description=description,
            metric="AWS/SQS ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue.name},
            statistic="Maximum",
        )
