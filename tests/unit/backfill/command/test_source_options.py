"""`--source` and `--mapping`: checked with the first rows, before anything is planned."""

import argparse
import json

import pytest
from backfill_fixtures import LIMITS, account, client_error, plain_user, profile
from fake_pool import POOL_ID, FakePool
from source_fixtures import COLUMNS, person, write_lines
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.job_options import add_profile_options, add_segment_options
from userprofiles.backfill.command.source_options import add_source_options, read_source
from userprofiles.backfill.errors import BackfillFailedError, RefusedError
from userprofiles.backfill.sources.source_kinds import refuse_local_source
from userprofiles.table.attribute_value import serialize_item


@pytest.fixture
def tables(create_table, monkeypatch):
    """Return a function that creates the tables that the check finds by name."""
    by_name = {}

    def connect(name, **_):
        table = by_name.get(name) or next(iter(by_name.values()))
        return table.client, table.location

    monkeypatch.setattr("userprofiles.backfill.command.connection.create_client", connect)

    def create(*items, name="v_users_dev", **settings):
        by_name[name] = create_table(*items, name=name, **settings)
        return by_name[name]

    create()
    return create


@pytest.fixture
def read(tmp_path):
    """Return a function that reads the options, and the list of its warnings."""
    warnings = []

    def read_options(*arguments, template="marketplace", mapping=None):
        parser = CommandParser()
        add_source_options(parser)
        add_segment_options(parser)
        add_profile_options(parser)
        if mapping is not None:
            file = tmp_path / "mapping.json"
            file.write_text(mapping if isinstance(mapping, str) else json.dumps(mapping))
            arguments += ("--mapping", str(file))
        arguments += ("--template", template) if template else ()
        namespace = argparse.Namespace(table_name="v_users_dev", limits=LIMITS)
        return read_source(parser.parse_args(arguments, namespace), warn=warnings.append)

    read_options.warnings = warnings
    return read_options


def mapping(columns=COLUMNS, **values):
    return {"format": "userprofiles-mapping", "version": 1, "columns": columns} | values


@pytest.fixture
def users_file(tmp_path):
    path = tmp_path / "users.jsonl"
    every_value = {"phone": "+15550100", "kind": "vendor", "state": "active"}
    write_lines(path, person("u1", **every_value), person("u2", **every_value))
    return path


def test_default_is_the_table_itself(read):
    assert read() == read("--source", "table") == read("--source", "table:v_users_dev") == {"kind": "table"}


def test_file_with_mapping(tables, read, users_file):
    source = read("--source", f"jsonl:{users_file}", "--roles", "vendor", mapping=mapping())

    assert source["kind"] == "jsonl"
    assert source["path"] == str(users_file)
    assert source["columns"] == COLUMNS
    assert source["roles"] == ["vendor"]
    assert source["fingerprint"]["size"] == users_file.stat().st_size
    assert read.warnings == []
    assert json.loads(json.dumps(source)) == source


def test_accounts_require_a_template(tables, read, users_file):
    with pytest.raises(ValueError, match=r"requires --template NAME.* Available: basic, career, marketplace"):
        read("--source", f"jsonl:{users_file}", template=None, mapping=mapping({"id": "sub"}))


def test_default_template_can_be_named_for_accounts(tables, read, users_file):
    source = read("--source", f"jsonl:{users_file}", template="basic", mapping=mapping({"id": "sub"}))

    assert (source["kind"], read.warnings) == ("jsonl", [])


@pytest.mark.parametrize(
    ("source", "option"),
    [
        *[(source, "--shape plain") for source in ("csv:f", "jsonl:f", "pool:p", "table:t", "keyed-table:t")],
        *[(source, "--requests-per-second 2") for source in ("table", "csv:f", "pool-list:f", "export:e")],
        ("pool:p", "--status-values gone"),
        ("pool-list:f", "--flags gone"),
        ("pool:p", "--segments 4"),
        ("export:e", "--segments 4"),
        ("parquet:f", "--segments 4"),
        ("pool:p", "--only 0"),
        ("table", "--roles vendor"),
        ("python:m:f", "--mapping m.json"),
    ],
)
def test_option_without_effect_is_rejected(read, source, option):
    form = "table:NAME" if source == "table:t" else source.partition(":")[0]
    with pytest.raises(RefusedError, match=f"{option.split()[0]} can't be used with --source {form}: "):
        read("--source", source, *option.split())


def test_missing_values_of_the_first_rows_are_a_warning(tables, read, tmp_path):
    path = tmp_path / "users.jsonl"
    write_lines(path, person("u1"), person("u2", mail=None), person("u3", mail=""), person("u4"))
    columns = {"id": "sub", "email": "mail"}
    read("--source", f"jsonl:{path}", mapping=mapping(columns))

    assert read.warnings == ["the column 'mail' (for email) has no value in 2 of the first 4 rows (50%)."]


def test_csv_has_its_header_in_the_source(tables, read, tmp_path):
    path = tmp_path / "users.csv"
    path.write_text("key;mail\nu1;a@example.com\n")
    columns = {"id": "key", "email": "mail"}
    source = read("--source", f"csv:{path}", mapping=mapping(columns, delimiter=";"))

    assert (source["header"], source["first"], source["delimiter"]) == (["key", "mail"], 9, ";")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "is not JSON"),
        ([], "must be a JSON object"),
        ({"columns": {"id": "x"}}, 'must have "format": "userprofiles-mapping"'),
        (mapping(extra=1), "unknown key 'extra'; allowed: format, version, columns, delimiter"),
        (mapping({}), "columns must be an object"),
        (mapping({"email": "mail"}), 'columns must have "id"'),
        (mapping({"id": "sub", "emial": "mail"}), "unknown target 'emial' .* Did you mean 'email'"),
        (mapping({"id": "sub", "email": 3}), "the column of 'email' must be a name, got 3"),
        (mapping({"id": "sub"}, delimiter="\n"), "delimiter must be one ASCII character"),
        (mapping({"id": "sub", "email": "e-mail", "name": "x"}), "has the column 'e-mail', 'x'"),
    ],
)
def test_wrong_mapping_is_refused(tables, read, users_file, document, message):
    with pytest.raises(RefusedError, match=message):
        read("--source", f"jsonl:{users_file}", mapping=document)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--source", "oracle:x"], "allowed are table, table:NAME, keyed-table:NAME"),
        (["--source", "pool:"], "allowed are table"),
        (["--source", "jsonl:users.jsonl"], "requires --mapping FILE.json"),
        (["--source", f"pool:{POOL_ID}", "--requests-per-second", "0"], "must be above 0"),
        (["--source", f"pool:{POOL_ID}", "--roles", "king"], "--roles contains the role 'king'"),
        (["--source", f"pool:{POOL_ID}", "--approval-roles", "customer"], "--approval-roles contains"),
        (
            ["--source", f"pool:{POOL_ID}", "--default-role", "king"],
            "--default-role contains the role 'king'",
        ),
        (["--roles", "vendor"], "--roles can't be used with --source table"),
    ],
)
def test_wrong_options_are_refused(tables, read, arguments, message):
    with pytest.raises(RefusedError, match=message):
        read(*arguments)


def test_mapping_can_not_be_used_with_a_pool(tables, read):
    with pytest.raises(RefusedError, match="--mapping can't be used with --source pool"):
        read("--source", f"pool:{POOL_ID}", mapping=mapping())


@pytest.mark.parametrize("line", ["u1,ann@example.com", "sub;mail"])
def test_values_of_a_csv_without_names_of_columns_are_not_shown(tables, read, tmp_path, line):
    path = tmp_path / "users.csv"
    path.write_text(f"{line}\n{line}\n")
    with pytest.raises(RefusedError, match="Check that the first line has the names of the columns") as error:
        read("--source", f"csv:{path}", mapping=mapping({"id": "sub", "email": "mail"}))

    assert line.split(",")[-1] not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"sub,mail\nu1,a@example.com\n", "none of the first 2 lines can be read as jsonl"),
        (None, "can't be read: No such file"),
    ],
)
def test_unreadable_file_is_refused(tables, read, tmp_path, content, message):
    path = tmp_path / "users.jsonl"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises((RefusedError, BackfillFailedError), match=message):
        read("--source", f"jsonl:{path}", mapping=mapping())


def test_csv_with_a_repeated_column_is_refused(tables, read, tmp_path):
    path = tmp_path / "users.csv"
    path.write_text("sub,mail,mail\n")

    with pytest.raises(RefusedError, match="has the column 'mail' more than once"):
        read("--source", f"csv:{path}", mapping=mapping())


def test_list_of_a_pool_is_recognized(tables, read, tmp_path, users_file):
    path = tmp_path / "pool.jsonl"
    write_lines(path, {"sub": "u1", "status": "CONFIRMED", "enabled": True, "attributes": {"sub": "u1"}})

    assert read("--source", f"pool-list:{path}")["kind"] == "pool-list"
    write_lines(path, {"user": "u1"})
    with pytest.raises(RefusedError, match="not a list of `userprofiles pool list`"):
        read("--source", f"pool-list:{path}")


def test_keys_and_shape_of_a_table_are_found(tables, read):
    tables(serialize_item({"user_id": "u1"}), name="shop", keys=("user_id",), key_types=("S",))
    tables(plain_user("u1"), profile("u1"), name="seed")
    tables(account("u1"), profile("u1"), name="ours")

    assert read("--source", "keyed-table:shop")["key"] == ["user_id"]
    seed = read("--source", "table:seed")
    assert (seed["kind"], seed["key"], seed["shape"]) == ("table", ["PK", "SK"], "plain")
    assert read("--source", "table:ours")["shape"] == "stack"


def test_wrong_kind_of_table_is_refused(tables, read):
    tables(serialize_item({"user_id": "u1"}), name="shop", keys=("user_id",), key_types=("S",))

    with pytest.raises(RefusedError, match="Use --source keyed-table:shop"):
        read("--source", "table:shop")


def test_table_without_the_id_column_is_refused(tables, read):
    tables(serialize_item({"uid": "u1"}), name="shop", keys=("uid",), key_types=("S",))

    with pytest.raises(RefusedError, match=r"has the column 'user_id'. The rows have: uid"):
        read("--source", "keyed-table:shop")
    columns = {"id": "uid", "email": "uid"}
    assert read("--source", "keyed-table:shop", mapping=mapping(columns))["columns"] == columns


def test_target_in_the_plain_shape_is_refused(tables, read, users_file):
    tables(plain_user("u1"), name="v_users_dev2")
    parser = CommandParser()
    add_source_options(parser)
    namespace = argparse.Namespace(template="basic", table_name="v_users_dev2")

    with pytest.raises(RefusedError, match="has user rows in the plain shape"):
        read_source(parser.parse_args(["--source", "pool:us-east-1_x"], namespace))


def test_pool_is_read_once_to_check_the_rights(tables, read, monkeypatch):
    pool = FakePool()
    monkeypatch.setattr("userprofiles.backfill.sources.clients.aws.client", lambda *_, **__: pool)

    source = read("--source", f"pool:{POOL_ID}")
    assert source == {"kind": "pool", "poolId": POOL_ID, "requestsPerSecond": 5.0, "roles": ["customer"]}
    pool.errors = [client_error("ListUsers", "AccessDeniedException")]
    with pytest.raises(BackfillFailedError, match="cognito-idp:ListUsers"):
        read("--source", f"pool:{POOL_ID}")


@pytest.mark.parametrize("kind", ["jsonl", "csv", "pool-list"])
def test_local_file_is_refused_for_a_state_machine(kind):
    with pytest.raises(RefusedError, match="Copy the file to S3"):
        refuse_local_source({"kind": kind, "path": "/data/users"})
    refuse_local_source({"kind": kind, "path": "s3://bucket/users"})
    refuse_local_source({"kind": "table"})
