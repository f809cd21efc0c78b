"""The queue with the users to erase, which the profile API and the erasure worker send to."""

from typing import NotRequired, TypedDict, Unpack

import pulumi

from pulumi_userprofiles.component import NO_ARGUMENTS, Transforms
from pulumi_userprofiles.queue_pair import QueuePair, pair_children

ERASURE_SECONDS = 300
"""Time-out of the erasure worker. It stops earlier, and continues with a new message."""

ERASURE_ATTEMPTS = 5
"""How often SQS delivers a message before it moves it to the dead-letter queue."""


class ErasureQueueArgs(TypedDict):
    """Arguments of `ErasureQueue`; all are optional."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts both queues. Default: keys that Amazon SQS manages."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that the alarm notifies. Default: the alarm only changes its state."""


class ErasureQueue(QueuePair):
    """The queue with the users to erase, and its dead-letter queue.

    Create it before `ProfileApi`, which sends to it, and `ErasureWorker` after it.
    """

    _CHILDREN = (*pair_children("queue", "dead-letter-queue"), "dead-letter-alarm")

    queue_arn: pulumi.Output[str]
    """ARN of the queue."""

    queue_url: pulumi.Output[str]
    """URL of the queue."""

    dead_letter_queue_arn: pulumi.Output[str]
    """ARN of the queue with the messages that the erasure worker could not process."""

    def __init__(
        self,
        name: str,
        args: ErasureQueueArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[ErasureQueueArgs],
    ) -> None:
        """Create both queues and the alarm.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children.
            keywords: Arguments as keywords, such as `kms_key_arn=key.arn`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        super().__init__(name, args, opts, transforms)

        self.queue, self.dead_letter_queue = self._make_queue_pair(
            args,
            "queue",
            "dead-letter-queue",
            function_seconds=ERASURE_SECONDS,
            attempts=ERASURE_ATTEMPTS,
        )
        self._alarm_on_dead_letters(
            "dead-letter-alarm",
            args,
            self.dead_letter_queue,
            "Users could not be erased: see the erasure worker's log, then empty the dead-letter queue",
        )

        self.queue_arn = self.queue.arn
        self.queue_url = self.queue.url
        self.dead_letter_queue_arn = self.dead_letter_queue.arn
        self._register_outputs()
