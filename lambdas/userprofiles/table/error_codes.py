"""Error codes of DynamoDB that both the functions and the backfill handle."""

# Throttling and conflicts, which another attempt can overcome. A whole call, a statement of a batch and an
# action of a transaction have different codes for the same reason:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
THROTTLING_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingException",
        "ThrottlingError",
        "Throttling",
        "LimitExceededException",
        "TransactionConflict",
    }
)

# DynamoDB rejects a call, or an action of a transaction, as invalid. No other attempt can succeed.
INVALID_REQUEST_CODES = frozenset({"ValidationException", "ValidationError"})
