"""The backfill as a state machine: the worker function and its objects in S3."""
