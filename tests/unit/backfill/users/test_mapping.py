"""The targets of a mapping file."""

import json

import pytest
from userprofiles import template
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.users.mapped_user import MappedUserReader
from userprofiles.backfill.users.mapping import attribute_names, read_mapping
from userprofiles.backfill.users.skip_rule import DEFAULT_FLAGS, SkipRule
from userprofiles.settings import roles
from userprofiles.table.attribute_value import serialize_item

MARKETPLACE = template.load("marketplace")


@pytest.fixture
def read(tmp_path):
    def read_columns(columns):
        path = tmp_path / "mapping.json"
        document = {"format": "userprofiles-mapping", "version": 1, "columns": columns}
        path.write_text(json.dumps(document))
        return read_mapping(path, MARKETPLACE)

    return read_columns


@pytest.mark.parametrize("target", ["role", "status", *DEFAULT_FLAGS, *attribute_names(MARKETPLACE)])
def test_every_target_can_be_mapped(read, target):
    assert read({"id": "sub", target: "column"}).columns == {"id": "sub", target: "column"}


def test_attribute_of_the_role_is_not_a_target_of_its_own(read):
    """Only `role` sets the role, so that the rules of the roles apply."""
    assert MARKETPLACE.role_attribute not in attribute_names(MARKETPLACE)
    with pytest.raises(RefusedError, match="unknown target 'custom:role'"):
        read({"id": "sub", "custom:role": "kind"})


def test_role_comes_from_its_column(read):
    mapping = read({"id": "sub", "role": "kind", "name": "name"})
    reader = MappedUserReader(mapping, SkipRule(), roles({}, MARKETPLACE))

    user = reader.read(serialize_item({"sub": "u1", "kind": "vendor", "name": "Ann", "role": "admin"}), {})

    assert (user.role, user.note, user.failure_reason) == ("vendor", "", None)
    assert user.attributes == {"name": "Ann", MARKETPLACE.role_attribute: "vendor"}
    assert reader.columns == {"sub", "kind", "name"}
