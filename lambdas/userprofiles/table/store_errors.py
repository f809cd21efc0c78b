"""What can go wrong in the store: the errors that its callers handle."""


class StoreError(Exception):
    """DynamoDB did not carry out a request.

    Args:
        code: AWS's error code or botocore's class. Their messages may repeat what a user typed.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class StoreBusyError(StoreError):
    """All attempts failed because of conflicts or throttling. A later call may succeed."""


class InvalidRequestError(StoreError):
    """DynamoDB rejects a request as invalid. No later attempt can succeed."""


class RecordTooLargeError(StoreError):
    """An item is too large for DynamoDB. No later attempt can succeed."""
