"""A user pool in memory, for the life of a user: sign-up, change of the address, deletion, groups."""

from botocore.exceptions import ClientError
from erasure_world import POOL_ID


def _error(code):
    return ClientError({"Error": {"Code": code, "Message": "a message that may repeat canary values"}}, "Op")


class LifePool:
    """A client of Cognito. The user name of every user is the sub, as in a pool with e-mail as user name."""

    def __init__(self):
        self.users = {}
        self.sign_outs = []
        self.next_sub = ""  # of AdminCreateUser
        self.now = None

    def add(self, sub, email, status, created_at):
        self.users[sub] = {
            "email": email,
            "status": status,
            "enabled": True,
            "groups": set(),
            "created_at": created_at,
        }

    def attributes(self, sub):
        return {"sub": sub, "email": self.users[sub]["email"], "email_verified": "true"}

    def _user(self, pool_id, name):
        assert pool_id == POOL_ID
        if name not in self.users:
            raise _error("UserNotFoundException")
        return self.users[name]

    def _document(self, sub):
        attributes = [{"Name": name, "Value": value} for name, value in self.attributes(sub).items()]
        user = self.users[sub]
        return {
            "Username": sub,
            "UserAttributes": attributes,
            "Attributes": attributes,
            "UserStatus": user["status"],
            "Enabled": user["enabled"],
            "UserCreateDate": user["created_at"],
        }

    def admin_get_user(self, *, UserPoolId, Username):  # noqa: N803
        self._user(UserPoolId, Username)
        return self._document(Username)

    def list_users(self, *, UserPoolId, Limit, Filter="", PaginationToken="0"):  # noqa: N803
        assert UserPoolId == POOL_ID
        documents = [self._document(sub) for sub in sorted(self.users) if Filter in {"", f'sub = "{sub}"'}]
        start = int(PaginationToken)
        end = start + Limit
        return {
            "Users": documents[start:end],
            **({"PaginationToken": str(end)} if end < len(documents) else {}),
        }

    def admin_create_user(self, *, UserPoolId, Username, UserAttributes, **_):  # noqa: N803
        assert UserPoolId == POOL_ID
        if any(user["email"] == Username for user in self.users.values()):
            raise _error("UsernameExistsException")
        self.add(self.next_sub, Username, "FORCE_CHANGE_PASSWORD", self.now)
        return {"User": self._document(self.next_sub)}

    def admin_delete_user(self, *, UserPoolId, Username):  # noqa: N803
        self._user(UserPoolId, Username)
        del self.users[Username]

    def admin_disable_user(self, *, UserPoolId, Username):  # noqa: N803
        self._user(UserPoolId, Username)["enabled"] = False

    def admin_enable_user(self, *, UserPoolId, Username):  # noqa: N803
        self._user(UserPoolId, Username)["enabled"] = True

    def admin_user_global_sign_out(self, *, UserPoolId, Username):  # noqa: N803
        self._user(UserPoolId, Username)
        self.sign_outs.append(Username)

    def admin_add_user_to_group(self, *, UserPoolId, Username, GroupName):  # noqa: N803
        self._user(UserPoolId, Username)["groups"].add(GroupName)

    def admin_remove_user_from_group(self, *, UserPoolId, Username, GroupName):  # noqa: N803
        self._user(UserPoolId, Username)["groups"].discard(GroupName)
