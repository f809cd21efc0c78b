"""Users who can't use the API any more: 410 for a user who is marked for deletion, or who was erased."""

from datetime import datetime

from userprofiles.api.errors import ApiError
from userprofiles.table import deletion
from userprofiles.table.store import UserItems


def erased_error() -> ApiError:
    """Return the error for a user who was erased."""
    return ApiError(410, "erased", "This user was erased.")


def deletion_error(request: deletion.DeletionRequest, moment: datetime) -> ApiError:
    """Return the error for a marked user: `erasure_due` after the grace period, else `deletion_pending`."""
    members = {"eraseAt": request.erase_at}
    if request.is_due(moment):
        detail = "This user is being erased. It is too late to restore the user."
        return ApiError(410, "erasure_due", detail, members=members)
    return ApiError(
        410,
        "deletion_pending",
        f"This user is marked for deletion and will be erased after {request.erase_at}. Until then, the user "
        "can sign in and send POST /me/restore.",
        members=members,
    )


def check_not_erased(user: UserItems) -> None:
    """Check that a user was not erased.

    Raises:
        ApiError: 410 `erased`.
    """
    if user.is_erased:
        raise erased_error()


def check_not_due(user: UserItems, moment: datetime) -> None:
    """Check that the erasure of a user is not due. The user may be marked for deletion.

    Raises:
        ApiError: 410 `erasure_due`.
    """
    request = deletion.find_request(user.account)
    if request is not None and request.is_due(moment):
        raise deletion_error(request, moment)


def check_not_gone(user: UserItems, moment: datetime) -> None:
    """Check that a user was not erased, and is not marked for deletion.

    Raises:
        ApiError: 410 `erased`, `erasure_due` or `deletion_pending`.
    """
    check_not_erased(user)
    request = deletion.find_request(user.account)
    if request is not None:
        raise deletion_error(request, moment)
