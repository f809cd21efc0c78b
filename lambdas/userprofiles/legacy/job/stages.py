"""Creates the stages of an import, in their order."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from userprofiles.legacy.content.rules_file import check_rules
from userprofiles.legacy.data_stages import open_data_stages
from userprofiles.legacy.job.stage import Stage
from userprofiles.legacy.job.stage_context import StageContext
from userprofiles.legacy.table_inserts import TableInserts
from userprofiles.legacy.users.decisions import Decisions
from userprofiles.legacy.users.pool_features import PoolFeatures
from userprofiles.legacy.users.users_stage import UsersSettings, UsersStage


@contextmanager
def open_stages(context: StageContext) -> Iterator[list[Stage[Any]]]:
    """Create the stages of a run, and end their threads and files at the end of the block.

    Args:
        context: What they are created from.

    Raises:
        LegacyError: The pool can't be used, the decisions do not fit the conflicts, or the media rules are
            wrong.
    """
    with ExitStack() as stack:
        inserts = TableInserts(
            context.dynamodb, context.stack["users_table"], stop=context.stop, limits=context.limits
        )
        stack.callback(inserts.close)
        users = _create_users_stage(context, inserts)
        stack.callback(users.close)
        data_stages = stack.enter_context(
            open_data_stages(
                context.dynamodb,
                context.s3,
                inserts,
                table=context.stack["users_table"],
                media_bucket=context.stack["media_bucket"],
                media_rules=context.media_rules,
                source=context.source_name,
                run_id=context.run_id,
                stop=context.stop,
                limits=context.limits,
                users_list_friends=context.users_list_friends,
            )
        )
        yield [users, *data_stages]


def _create_users_stage(context: StageContext, inserts: TableInserts) -> UsersStage:
    pool_id = context.stack["user_pool_id"]
    settings = UsersSettings(
        source=context.source_name,
        run_id=context.run_id,
        pool_id=pool_id,
        table=context.stack["users_table"],
        template=context.template,
        rates=context.rates,
        decisions=Decisions.create(context.choices, context.conflicts),
        rewrite_url=check_rules(context.media_rules).rewrite,
    )
    return UsersStage(
        settings,
        context.dynamodb,
        context.cognito,
        inserts,
        PoolFeatures.read(context.cognito, pool_id),
        stop=context.stop,
        limits=context.limits,
    )
