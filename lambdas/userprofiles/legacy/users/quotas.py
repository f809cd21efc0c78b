"""The request rates of Cognito: one quota for each category of operations, shared by an account's pools.

Sources, all of Amazon Web Services:

* "Quotas in Amazon Cognito" (Amazon Cognito Developer Guide): the categories and their defaults.
  `UserCreation` includes AdminCreateUser. `UserAccountRecovery` has the operations that "change or update a
  user's password", so AdminSetUserPassword. `UserRead` has those that "retrieve a user". `UserUpdate` has
  those "to manage users and user attributes", so AdminDisableUser, AdminDeleteUser and
  AdminUpdateUserAttributes.
* "GetProvisionedLimit" and "LimitType" (Amazon Cognito User Pools API Reference): the rate that Cognito
  currently enforces for an account.
* "ListServiceQuotas" (Service Quotas API Reference): the names are `Rate of <category> requests`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

DEFAULT_SHARE = 0.5
"""Part of each quota that an import uses. The rest is for users who sign up and sign in at the same time."""

SERVICE_CODE = "cognito-idp"


class QuotaClass(StrEnum):
    """A category of operations of Cognito that an import calls."""

    USER_CREATION = "UserCreation"
    USER_ACCOUNT_RECOVERY = "UserAccountRecovery"
    USER_READ = "UserRead"
    USER_UPDATE = "UserUpdate"


DEFAULT_QUOTAS: Mapping[QuotaClass, float] = {
    QuotaClass.USER_CREATION: 50,
    QuotaClass.USER_ACCOUNT_RECOVERY: 30,
    QuotaClass.USER_READ: 120,
    QuotaClass.USER_UPDATE: 25,
}
"""Requests per second of an account without increased quotas."""

OPERATIONS: Mapping[str, QuotaClass] = {
    "admin_create_user": QuotaClass.USER_CREATION,
    "admin_set_user_password": QuotaClass.USER_ACCOUNT_RECOVERY,
    "admin_get_user": QuotaClass.USER_READ,
    "admin_disable_user": QuotaClass.USER_UPDATE,
    "admin_delete_user": QuotaClass.USER_UPDATE,
}
"""The operations of an import and their categories."""


@dataclass(frozen=True)
class Quota:
    """The quota of a category.

    Attributes:
        rate: Requests per second.
        source: Where the rate comes from: `enforced`, `account` or `default`.
    """

    rate: float
    source: str


def read_quotas(cognito: Any, service_quotas: Any = None) -> dict[QuotaClass, Quota]:
    """Read the quotas of the account: first the enforced rate, then Service Quotas, then the default.

    Missing permissions are no error. They are `cognito-idp:GetProvisionedLimit` and
    `servicequotas:ListServiceQuotas`.

    Args:
        cognito: A botocore client of Cognito.
        service_quotas: A botocore client of Service Quotas; None to leave them out.
    """
    quotas = {quota_class: Quota(rate, "default") for quota_class, rate in DEFAULT_QUOTAS.items()}
    if service_quotas is not None:
        for quota_class, rate in _account_quotas(service_quotas).items():
            quotas[quota_class] = Quota(rate, "account")
    for quota_class in QuotaClass:
        enforced_rate = _enforced_rate(cognito, quota_class)
        if enforced_rate is not None:
            quotas[quota_class] = Quota(enforced_rate, "enforced")
    return quotas


def import_rates(
    quotas: Mapping[QuotaClass, Quota], *, share: float = DEFAULT_SHARE, rate: float | None = None
) -> dict[QuotaClass, float]:
    """Return the calls per second of an import by category.

    Args:
        quotas: The result of `read_quotas`.
        share: The part of each quota that the import uses, above 0 and at most 1.
        rate: The calls per second in each category, instead of a share; never more than the quota.
    """
    if rate is not None:
        return {quota_class: min(rate, quota.rate) for quota_class, quota in quotas.items()}
    return {quota_class: share * quota.rate for quota_class, quota in quotas.items()}


def duration_s(calls: Mapping[str, int], rates: Mapping[QuotaClass, float]) -> float:
    """Return the seconds that calls take: those of the slowest category, because all are called in parallel.

    Args:
        calls: The number of calls by category, as `StageEstimate` has them.
        rates: The calls per second by category.
    """
    return max(durations_s(calls, rates).values(), default=0.0)


def durations_s(calls: Mapping[str, int], rates: Mapping[QuotaClass, float]) -> dict[str, float]:
    """Return the seconds that the calls of each category take."""
    return {name: number / rates[QuotaClass(name)] for name, number in calls.items() if number}


def _enforced_rate(cognito: Any, quota_class: QuotaClass) -> float | None:
    """Return the rate that Cognito enforces; None if Cognito does not say, as for a fixed quota."""
    operation = getattr(cognito, "get_provisioned_limit", None)
    if operation is None:  # an older botocore
        return None
    definition = {"LimitClass": "API_CATEGORY", "Attributes": {"Category": quota_class.value}}
    try:
        rate = operation(LimitDefinition=definition)["Limit"]["ProvisionedLimitValue"]
    except (ClientError, BotoCoreError, KeyError):
        return None
    return float(rate) if rate > 0 else None


def _account_quotas(service_quotas: Any) -> dict[QuotaClass, float]:
    names = {f"Rate of {quota_class} requests": quota_class for quota_class in QuotaClass}
    try:
        return {
            names[quota["QuotaName"]]: float(quota["Value"])
            for quota in _listed_quotas(service_quotas)
            if quota.get("QuotaName") in names and quota.get("Value", 0) > 0
        }
    except (ClientError, BotoCoreError):
        return {}


def _listed_quotas(service_quotas: Any) -> Iterator[Mapping[str, Any]]:
    position: dict[str, str] = {}
    while True:
        response = service_quotas.list_service_quotas(ServiceCode=SERVICE_CODE, **position)
        yield from response.get("Quotas", ())
        if not response.get("NextToken"):
            return
        position = {"NextToken": response["NextToken"]}
