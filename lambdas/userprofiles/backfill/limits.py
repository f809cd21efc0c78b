"""Sizes and times that a run works with, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Sizes and times of a run.

    The defaults are those of the command line. DynamoDB's limits for an item and for a scan, which are not a
    matter of choice, are in `record` and `job`.
    """

    page_rows: int = 1_000
    """Rows in one page of a scan. Eight threads hold eight pages, so memory stays small."""

    probe_rows: int = 100
    """Rows in one page of the scan that finds out the table's shape. The first rows nearly always decide."""

    chunk_rows: int = 300
    """Rows between two safe places to stop: at most three batch reads and twelve batch inserts."""

    read_batch_keys: int = 100
    """Keys in one BatchGetItem: the most that DynamoDB accepts."""

    insert_batch_items: int = 25
    """Statements in one BatchExecuteStatement: the most that DynamoDB accepts."""

    insert_batch_bytes: int = 1024 * 1024
    """Bytes of the items in one BatchExecuteStatement: a few huge profiles would make the call too long."""

    reason_characters: int = 300
    """Characters of a failure's reason in the report: DynamoDB's own messages can be long."""

    threads: int = 8
    """Segments that are worked on at the same time, each by one thread: the default number of segments."""

    checkpoint_every_s: float = 1.0
    """Seconds between two checkpoints: the most work that a killed process has to repeat."""

    first_wait_s: float = 0.1
    """Longest pause, in seconds, before the first repetition of a throttled call. It doubles each time."""

    longest_wait_s: float = 10.0
    """Longest pause, in seconds, before any repetition: a table that scales up is used soon after."""

    patience_s: float = 180.0
    """Seconds without any successful call after which a run gives up. Scaling up a table takes minutes."""

    attempts: int = 3
    """Attempts that botocore makes for one call. Few, so that a wrong endpoint is reported soon."""

    connect_timeout_s: float = 5.0
    """Seconds to wait for a connection."""

    read_timeout_s: float = 20.0
    """Seconds to wait for data of an answer. A batch of 25 inserts takes well under a second."""

    connections: int = 16
    """Connections that the client keeps open: two for each thread."""

    bar_every_s: float = 0.1
    """Seconds between two updates of the bar on a terminal: fluent to the eye."""

    line_every_s: float = 10.0
    """Seconds between two lines of progress in a file or pipe: a log of an hour has 360 of them."""

    worker_reserve_s: float = 60.0
    """Seconds before the function's time limit at which a worker stops, enough for its last checkpoint."""

    worker_segments: int = 2_000
    """Segments of one execution. More would not fit into the 256 KiB that a state's payload may have."""

    worker_report_bytes: int = 8 * 1024 * 1024
    """Bytes of a report that the worker keeps in memory. A larger one goes to the function's disk."""


COMMAND_LINE = Limits()

# A worker has one segment and writes its checkpoint to S3, where each write has its price.
WORKER = Limits(threads=1, checkpoint_every_s=5.0)
