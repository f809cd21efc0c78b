"""Creates the stages that follow the users: content, links, paid plans, counters and pictures."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.claims import ClaimedUsers
from userprofiles.legacy.content.content_stage import ContentStage
from userprofiles.legacy.content.media_bucket import MediaBucket
from userprofiles.legacy.content.media_copies import MediaCopies
from userprofiles.legacy.content.media_source import MediaSource
from userprofiles.legacy.content.pictures_stage import PicturesStage
from userprofiles.legacy.content.rules_file import check_rules
from userprofiles.legacy.content.web_files import WebFiles
from userprofiles.legacy.errors import LegacyError
from userprofiles.legacy.graph.counters_stage import CountersStage
from userprofiles.legacy.graph.links_stage import LinksStage
from userprofiles.legacy.graph.premium_stage import PremiumStage
from userprofiles.legacy.job.stage import Stage
from userprofiles.legacy.stage_tools import StageTools
from userprofiles.legacy.table_calls import TableCalls
from userprofiles.legacy.table_inserts import TableInserts

COPY_READ_S = 600.0
"""Seconds to wait for the next byte of a response of S3: it answers when a copy is complete."""


@contextmanager
def open_data_stages(
    dynamodb: Any,
    s3: Any,
    inserts: TableInserts,
    *,
    table: str,
    media_bucket: str,
    media_rules: Any,
    source: str,
    run_id: str,
    stop: Stop,
    limits: Limits,
    users_list_friends: bool = True,
) -> Iterator[list[Stage[Any]]]:
    """Create the stages in their order, and end their threads at the end of the block.

    Args:
        dynamodb: A botocore client of DynamoDB.
        s3: A botocore client of S3, which waits for a copy of 5 GB (`COPY_READ_S`).
        inserts: Conditional inserts into the table.
        table: The name of the users table.
        media_bucket: The name of the bucket for media; empty if the stack has none.
        media_rules: The content of the file of media rules; None without one: then all URLs stay as they are.
        source: The name of the old application.
        run_id: The run.
        stop: Ends calls and waits.
        limits: Sizes and times.
        users_list_friends: Whether friends are lists of users, and not documents of their own.

    Raises:
        LegacyError: The rules are not valid, or there is no bucket for the files that they name.
    """
    rules = check_rules(media_rules)
    if rules.rules and not media_bucket:
        raise LegacyError(
            "The media rules name files, but the stack has no bucket for media.\n"
            "Add `social: {}` to the stack's configuration and deploy it, or name a bucket: --media-bucket."
        )
    calls = TableCalls(dynamodb, table, stop=stop, limits=limits)
    tools = StageTools(calls, inserts, ClaimedUsers(calls, source), source, run_id)
    with ExitStack() as stack:
        bucket = MediaBucket(s3, media_bucket, run_id)
        stack.callback(bucket.close)
        copies = MediaCopies(MediaSource(bucket, rules, WebFiles(rules, stop)))
        stack.callback(copies.close)
        content = ContentStage(tools, rules, bucket, copies)
        counters = CountersStage(tools, users_list_friends=users_list_friends)
        pictures = PicturesStage(tools, rules, bucket, copies)
        yield [content, LinksStage(tools), PremiumStage(tools), counters, pictures]
