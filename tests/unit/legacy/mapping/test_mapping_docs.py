"""docs/legacy-mapping.md has a mapping that is valid, and every target with its name in the preset."""

import json
import re
from pathlib import Path

import pytest
from userprofiles.legacy.mapping.targets import CONTENT_TARGETS, LINK_TARGETS, USER_TARGETS

TEXT = (Path(__file__).resolve().parents[4] / "docs" / "legacy-mapping.md").read_text(encoding="utf-8")


def test_mapping_of_the_document_is_valid(load_mapping):
    [block] = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)

    mapping = load_mapping(json.loads(block))
    user = mapping.read_user(
        {
            "_id": "a",
            "contact": {"phones": ["123"]},
            "privacy": 2,
            "state": "banned",
            "contacts": [{"account": {"_id": "b"}}],
            "plan": {"name": "free"},
        }
    )
    content = mapping.read_content("recordings", {"_id": 1, "account": "a", "audio": "u1", "images": ["u2"]})
    link = mapping.read_link("follows", {"followed": "a", "follower": "b"})

    assert (user.phone_number, user.country_code, user.visibility) == ("123", "1", "public")
    assert (user.is_disabled, user.friends, user.premium, user.problems) == (True, ("b",), None, ())
    assert (content.owner_id, content.media, content.problems) == ("a", ("u1", "u2"), ())
    assert (link.kind, link.owner_id, link.other_id) == ("subscribers", "a", "b")


@pytest.mark.parametrize("targets", [USER_TARGETS, CONTENT_TARGETS, LINK_TARGETS])
def test_document_has_every_target(targets):
    assert [name for name in targets if f"`{name}`" not in TEXT] == []


def test_document_has_every_name_of_the_preset(biograph):
    names = {source for entry in biograph.collections for field in entry.fields for source in field.sources}

    assert sorted(name for name in names if f"`{name}`" not in TEXT) == []
