"""Sizes and times of a run, all in one place."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Limits:
    """Sizes and times of a run.

    The defaults are those of the command line. The fixed limits of DynamoDB for an item and for a scan are in
    `record` and `job`.
    """

    page_rows: int = 1_000
    """Rows in one page of a scan. Eight threads hold eight pages, so memory stays small."""

    probe_rows: int = 100
    """Rows that are read first, to check the keys of the table and detect its shape."""

    chunk_rows: int = 300
    """Rows between two safe places to stop: at most three batch reads and twelve batch inserts."""

    read_batch_keys: int = 100
    """Keys in one BatchGetItem: the maximum that DynamoDB accepts."""

    insert_batch_items: int = 25
    """Statements in one BatchExecuteStatement: the maximum that DynamoDB accepts."""

    insert_batch_bytes: int = 1024 * 1024
    """Bytes of the items in one BatchExecuteStatement: with huge profiles, the call would take too long."""

    reason_characters: int = 300
    """Characters of a failure's reason in the report: DynamoDB's own messages can be long."""

    threads: int = 8
    """Segments that are processed at the same time, each by one thread: the default number of segments."""

    checkpoint_every_s: float = 1.0
    """Seconds between two checkpoints: a run that resumes after a kill repeats no more than that."""

    heartbeat_s: float = 2.0
    """Seconds between two renewals of a lease, which store the counts and read a request to stop."""

    checkpoint_days: float = 30.0
    """Days after which the checkpoint of a killed run is deleted. It has IDs of users."""

    first_wait_s: float = 0.1
    """Longest pause, in seconds, before the first retry of a throttled call. It doubles each time."""

    longest_wait_s: float = 10.0
    """Longest pause, in seconds, before any retry: new capacity of a table is used soon."""

    patience_s: float = 180.0
    """Seconds without any successful call after which a run ends. A table takes minutes to scale up."""

    server_error_tries: int = 3
    """Tries of an insert that the server fails to execute while others succeed. Then its user has failed."""

    server_error_wait_s: float = 1.0
    """Longest pause, in seconds, before the next try of such an insert: a short outage is not a failure."""

    attempts: int = 3
    """Attempts of botocore for one call. Few, so that a wrong endpoint is reported soon."""

    connect_timeout_s: float = 5.0
    """Seconds to wait for a connection."""

    read_timeout_s: float = 20.0
    """Seconds to wait for data of a response. A batch of 25 inserts takes well under a second."""

    connections: int = 16
    """Connections that the client keeps open: two for each thread."""

    bar_every_s: float = 0.1
    """Seconds between two updates of the progress bar on a terminal: it looks continuous."""

    line_every_s: float = 10.0
    """Seconds between two progress lines in a file or a pipe: 360 lines for one hour."""

    worker_share: float = 0.8
    """Share of the function's time after which a worker stops: the rest is enough for the last save."""

    worker_segments: int = 2_000
    """Segments of one execution: their numbers are far below the 256 KiB limit of a state's payload, and
    each has enough work for an invocation even in a table with a billion users."""

    worker_report_bytes: int = 8 * 1024 * 1024
    """Bytes of a report that the worker keeps in memory. A larger report goes to the function's disk."""


COMMAND_LINE = Limits()


def limits_of_billed_ledger(limits: Limits) -> Limits:
    """Return the limits of a run whose ledger is a table, where each write is billed.

    Fewer, larger chunks need fewer writes. A kill loses no count, however old the checkpoint is.
    """
    return replace(
        limits,
        chunk_rows=max(limits.chunk_rows, limits.page_rows),
        checkpoint_every_s=5 * limits.checkpoint_every_s,
        heartbeat_s=2.5 * limits.heartbeat_s,
    )


WORKER = limits_of_billed_ledger(Limits(threads=1))
