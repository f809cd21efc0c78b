"""`userprofiles setup test` without a stack: refusals, failures, clean-up."""

import pytest
from userprofiles.backfill.errors import RefusedError, StoppedError
from userprofiles.backfill.stop import Stop
from userprofiles.stack_setup.check_result import Status
from userprofiles.stack_setup.sign_up_test import SignUpTest

SUB = "6f1c2f7e-0000-4000-8000-000000000000"


class World:
    """The pool and the tables that the fake clients change."""

    def __init__(self, clients):
        self.users = {}
        self.items = {"users": [], "audit": []}
        self.clients = clients
        clients["cognito-idp"].responses |= {
            "sign_up": self.sign_up,
            "admin_confirm_sign_up": self.confirm,
            "admin_get_user": self.get_user,
            "admin_delete_user": lambda **parameters: self.users.pop(parameters["Username"]) and {},
        }
        clients["dynamodb"].responses |= {
            "query": lambda **parameters: {"Items": list(self.items[parameters["TableName"]])},
            "delete_item": self.delete_item,
        }

    def sign_up(self, *, Username, UserAttributes, **_):  # noqa: N803
        self.users[Username] = {entry["Name"]: entry["Value"] for entry in UserAttributes}
        return {}

    def confirm(self, **_):
        for sort_key in ("ACCOUNT#MAIN", "PROFILE#MAIN"):
            self.items["users"].append({"PK": {"S": f"USER#{SUB}"}, "SK": {"S": sort_key}})
        self.items["audit"].append(
            {"PK": {"S": f"USER#{SUB}"}, "SK": {"S": "1"}, "action": {"S": "REGISTERED"}}
        )
        return {}

    def get_user(self, *, Username, **_):  # noqa: N803
        if Username not in self.users:
            return self.missing_user_error
        return {"UserAttributes": [{"Name": "sub", "Value": SUB}]}

    def delete_item(self, *, TableName, Key):  # noqa: N803
        self.items[TableName] = [item for item in self.items[TableName] if item["SK"] != Key["SK"]]
        return {}

    @property
    def is_empty(self):
        return not self.users and not any(self.items.values())


@pytest.fixture
def world(clients, aws_error):
    world = World(clients)
    world.missing_user_error = aws_error("UserNotFoundException")
    return world


@pytest.fixture
def results():
    return []


@pytest.fixture
def create_test(stack, world, results):
    """Return a function that creates a test with a short patience."""
    return lambda stop=None, report=results.append: SignUpTest(stack, stop or Stop(), report, 0.2)


def test_all_steps_succeed_and_everything_is_deleted(create_test, world, results):
    assert create_test().run()

    assert {result.status for result in results} == {Status.OK}
    assert [result.name for result in results][-3:] == [
        "deletion of the user",
        "deletion of account and profile",
        "deletion of audit rows",
    ]
    assert world.is_empty


def test_required_attributes_have_values(create_test, world, clients):
    pool = clients["cognito-idp"].responses["describe_user_pool"]["UserPool"]
    pool["SchemaAttributes"] += [{"Name": name, "Required": True} for name in ("name", "birthdate")]
    test = create_test()
    test.run()

    [parameters] = [values for name, values in clients["cognito-idp"].calls if name == "sign_up"]
    assert {entry["Name"]: entry["Value"] for entry in parameters["UserAttributes"]} == {
        "email": test.email,
        "name": "setup-test",
        "birthdate": "2000-01-01",
    }


@pytest.mark.parametrize(
    "case",
    [
        ("cognito-idp", "sign_up", "sign-up"),
        ("cognito-idp", "admin_confirm_sign_up", "confirmation"),
        ("dynamodb", "delete_item", "deletion of account and profile"),
    ],
)
def test_failing_call_is_reported(create_test, world, results, aws_error, case):
    service, operation, failed_step = case
    world.clients[service].responses[operation] = aws_error("InternalErrorException")

    assert not create_test().run()

    failed_results = [result for result in results if result.status is Status.FAILED]
    assert failed_results[0].name == failed_step
    assert "InternalErrorException" in failed_results[0].detail
    assert failed_results[0].fix
    assert world.users == {}


def test_missing_profile_is_reported(create_test, world, clients, results):
    clients["cognito-idp"].responses["admin_confirm_sign_up"] = {}

    assert not create_test().run()
    assert results[2].detail == "the table has no ACCOUNT#MAIN, PROFILE#MAIN for the user"
    assert world.is_empty


def test_stop_deletes_everything(create_test, world, results):
    stop = Stop()

    def report(result):
        results.append(result)
        stop.request()

    assert not create_test(stop, report).run()
    assert [result.name for result in results][:2] == ["sign-up", "deletion of the user"]
    assert world.is_empty


def test_closed_output_does_not_stop_the_deletion(create_test, world):
    def report(_):
        raise StoppedError("Standard output was closed.")

    with pytest.raises(StoppedError):
        create_test(report=report).run()

    assert world.is_empty


def test_failing_deletion_names_what_remains(create_test, world, clients, results, aws_error):
    clients["cognito-idp"].responses["admin_delete_user"] = aws_error("AccessDeniedException")
    test = create_test()

    assert not test.run()

    [failed_result] = [result for result in results if result.status is Status.FAILED]
    assert failed_result.fix.endswith(f"--username {test.email}")
    assert world.items == {"users": [], "audit": []}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda pool: pool.update(LambdaConfig={}), "the pool has no PostConfirmation trigger"),
        (lambda pool: pool.update(UsernameAttributes=["phone_number"]), "with an e-mail address alone"),
        (
            lambda pool: pool["SchemaAttributes"].append({"Name": "phone_number", "Required": True}),
            "would receive a text message",
        ),
    ],
)
def test_pool_that_is_not_suitable_is_refused(create_test, world, clients, change, problem):
    change(clients["cognito-idp"].responses["describe_user_pool"]["UserPool"])

    with pytest.raises(RefusedError, match=problem):
        create_test()

    assert world.is_empty


def test_trigger_of_other_tables_is_refused(stack, world):
    stack.clients["lambda"].responses["get_function_configuration"] = lambda **_: {
        "Handler": "userprofiles.handlers.post_confirmation.handler",
        "Environment": {"Variables": {"USERS_TABLE": "production", "AUDIT_TABLE": "audit"}},
    }

    with pytest.raises(RefusedError, match="USERS_TABLE of post_confirmation is 'production', not 'users'"):
        SignUpTest(stack, Stop(), print)
