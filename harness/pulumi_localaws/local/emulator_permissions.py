"""Actions and resources of IAM that the emulator names in another way than AWS.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

import json
from email.utils import parseaddr


def name_actions_and_resources_as_aws() -> None:
    """Change how the running emulator names the action and the resource of a request."""
    _name_batches_of_messages()
    _name_senders_of_emails()


def _name_batches_of_messages() -> None:
    """Authorize SendMessageBatch by the action SendMessage, and the other batches of SQS in the same way.

    AWS has no actions for batches (Amazon SQS API Reference, AddPermission: the permission for SendMessage,
    DeleteMessage or ChangeMessageVisibility is also the permission for its batch version).
    """
    from ministack.core import iam_actions  # noqa: PLC0415

    find_action = iam_actions._action_from_target  # noqa: SLF001 - the emulator's version is pinned

    def find_action_for_one_message(headers: dict[str, str]) -> str | None:
        action: str | None = find_action(headers)
        is_sqs = headers.get("x-amz-target", "").startswith("AmazonSQS.")
        return action.removesuffix("Batch") if action and is_sqs else action

    iam_actions._action_from_target = find_action_for_one_message  # noqa: SLF001 - as above


def _name_senders_of_emails() -> None:
    """Authorize SendEmail of SES on the identity of the sender; the emulator knows only the resource `*`.

    The identity is the address if it is one, else its domain (Amazon SES Developer Guide, "Verified
    identities").
    """
    from ministack.core import iam_actions  # noqa: PLC0415
    from ministack.services import ses_v2  # noqa: PLC0415

    find_arn = iam_actions._ses_v2_resource_arn  # noqa: SLF001 - the emulator's version is pinned

    def find_sender_arn(method: str, path: str, body: bytes, region: str, account_id: str) -> str:
        address = _read_sender(body) if path.rstrip("/") == "/v2/email/outbound-emails" else ""
        if not address:
            return str(find_arn(method, path, body, region, account_id))
        is_identity = ses_v2._identities.get(address) is not None  # noqa: SLF001 - as above
        identity = address if is_identity else address.rpartition("@")[2]
        return f"arn:aws:ses:{region}:{account_id}:identity/{identity}"

    iam_actions._ses_v2_resource_arn = find_sender_arn  # noqa: SLF001 - as above


def _read_sender(body: bytes) -> str:
    """Return the address of the sender; empty if there is none."""
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    sender = document.get("FromEmailAddress") if isinstance(document, dict) else None
    return parseaddr(sender)[1] if isinstance(sender, str) else ""
