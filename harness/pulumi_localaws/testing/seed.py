"""Many users in all states, with and without a phone number, for tests of lists, counts and migrations."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

from pulumi_localaws.testing.users import User, UserState, create_phone_number

DEFAULT_COUNT = 50


def seed_users(
    create_user: Callable[..., User],
    count: int = DEFAULT_COUNT,
    *,
    roles: Sequence[Mapping[str, str]] = ({},),
    groups: Sequence[str] = (),
    states: Sequence[UserState | str] = tuple(UserState),
    user_pool_id: str | None = None,
    client_id: str | None = None,
) -> list[User]:
    """Create users. Each combination of role, group, phone number and state occurs in turn.

    Args:
        create_user: `UserFactory.create`.
        count: The number of users.
        roles: The attributes of each role, such as ``{"custom:role": "vendor"}``.
        groups: Existing groups. If there are any, some users are in one group each, and some are in none.
        states: The states of the users.
        user_pool_id: The pool. Default: the only pool of the deployed stacks.
        client_id: The app client. Default: the only client of the pool that allows SRP.

    Raises:
        ValueError: ``count`` is negative, or ``roles`` or ``states`` is empty.
    """
    if count < 0:
        raise ValueError(f"count must be 0 or more, but it is {count}.")
    if not roles or not states:
        raise ValueError("roles and states must have one or more entries. Omit them for the default.")
    combinations = _list_combinations(roles, groups, states)
    return [
        create_user(
            attributes={**role, **({"phone_number": create_phone_number()} if has_phone else {})},
            groups=[group] if group else [],
            state=state,
            sign_in=False,
            user_pool_id=user_pool_id,
            client_id=client_id,
        )
        for role, group, has_phone, state in itertools.islice(combinations, count)
    ]


def _list_combinations(
    roles: Sequence[Mapping[str, str]], groups: Sequence[str], states: Sequence[UserState | str]
) -> Iterator[tuple[Mapping[str, str], str | None, bool, UserState | str]]:
    # The state changes fastest, so that a few users already have all states.
    return itertools.cycle(
        (role, group, has_phone, state)
        for has_phone, group, role, state in itertools.product((True, False), (None, *groups), roles, states)
    )
