"""A user pool in memory that behaves as Cognito does for an import, with injected faults."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

POOL_ID = "us-east-1_import"
START = datetime(2026, 3, 1, tzinfo=UTC)


def pool_error(code, message="a message that may repeat CANARY values"):
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class LegacyPool:
    """A client of Cognito. A phone number and an e-mail address are names of one user, verified or not.

    Attributes:
        users: The users by sub, as AdminGetUser returns them.
        calls: The names of the calls.
        errors: The error codes of the next calls, by operation; None lets a call succeed.
        messages: Messages that Cognito has sent.
        is_passwordless: Whether the pool offers SMS_OTP.
        has_old_id: Whether the pool has `custom:old_user_id`.
    """

    def __init__(self, *, is_passwordless=False, has_old_id=True):
        self.users = {}
        self.calls = []
        self.errors = {}
        self.messages = []
        self.passwords = {}
        self.is_passwordless = is_passwordless
        self.has_old_id = has_old_id
        self._lock = threading.Lock()
        self.now = START

    def add(self, attributes, status="CONFIRMED", *, enabled=True, created_at=None):
        """Add a user, as a sign-up would, and return the sub."""
        sub = str(uuid.uuid4())
        self.users[sub] = {
            "Username": sub,
            "UserAttributes": _entries({"sub": sub, **attributes}),
            "UserStatus": status,
            "Enabled": enabled,
            "UserCreateDate": created_at or self.now,
            "UserLastModifiedDate": created_at or self.now,
        }
        return sub

    def attributes(self, sub):
        return {entry["Name"]: entry["Value"] for entry in self.users[sub]["UserAttributes"]}

    def touch(self, sub):
        """Change a user, as the user would."""
        self.users[sub]["UserLastModifiedDate"] = self._tick()

    def describe_user_pool(self, *, UserPoolId):  # noqa: N803
        names = ["email", "phone_number", *(["custom:old_user_id"] if self.has_old_id else [])]
        factors = ["PASSWORD", "SMS_OTP"] if self.is_passwordless else ["PASSWORD"]
        return {
            "UserPool": {
                "UsernameAttributes": ["phone_number", "email"],
                "SchemaAttributes": [{"Name": name} for name in names],
                "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": factors}},
            }
        }

    def admin_create_user(self, *, UserPoolId, Username, UserAttributes, MessageAction=None):  # noqa: N803
        self._begin("admin_create_user", UserPoolId)
        attributes = {entry["Name"]: entry["Value"] for entry in UserAttributes}
        with self._lock:
            if any(self._find(attributes.get(name)) for name in ("phone_number", "email")):
                raise pool_error("UsernameExistsException")
            if not self.has_old_id and "custom:old_user_id" in attributes:
                raise pool_error("InvalidParameterException")
            status = "CONFIRMED" if self.is_passwordless else "FORCE_CHANGE_PASSWORD"
            sub = self.add(attributes, status, created_at=self._tick())
            if MessageAction != "SUPPRESS":
                self.messages.append(Username)
            user = self.users[sub]
        return {"User": {**user, "Attributes": user["UserAttributes"]}}

    def admin_set_user_password(self, *, UserPoolId, Username, Password, Permanent):  # noqa: N803
        self._begin("admin_set_user_password", UserPoolId)
        user = self._user(Username)
        assert Permanent
        self.passwords[user["Username"]] = Password
        user["UserStatus"] = "CONFIRMED"
        user["UserLastModifiedDate"] = self._tick()

    def admin_get_user(self, *, UserPoolId, Username):  # noqa: N803
        self._begin("admin_get_user", UserPoolId)
        return dict(self._user(Username))

    def admin_disable_user(self, *, UserPoolId, Username):  # noqa: N803
        self._begin("admin_disable_user", UserPoolId)
        user = self._user(Username)
        user["Enabled"] = False
        user["UserLastModifiedDate"] = self._tick()

    def admin_delete_user(self, *, UserPoolId, Username):  # noqa: N803
        self._begin("admin_delete_user", UserPoolId)
        del self.users[self._user(Username)["Username"]]

    def _begin(self, operation, pool_id):
        assert pool_id == POOL_ID
        self.calls.append(operation)
        errors = self.errors.get(operation)
        code = errors.pop(0) if errors else None
        if code:
            raise pool_error(code)

    def _user(self, name):
        user = self.users.get(name) or self._find(name)
        if user is None:
            raise pool_error("UserNotFoundException")
        return user

    def _find(self, address):
        for sub, user in self.users.items():
            attributes = self.attributes(sub)
            if address and address in (attributes.get("phone_number"), attributes.get("email")):
                return user
        return None

    def _tick(self):
        self.now += timedelta(seconds=1)
        return self.now


def _entries(attributes):
    return [{"Name": name, "Value": value} for name, value in attributes.items()]
