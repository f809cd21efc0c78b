"""The export of a user with content: all items of the partition, and links to the media."""

import dataclasses
from collections.abc import Callable
from typing import Any

from userprofiles.api.routes import CREATE_CONTENT
from userprofiles.lifecycle.export.export_sources import media_files
from userprofiles.social import links, premium
from userprofiles.table.store import Store

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
TIME = "2026-01-01T00:00:00Z"
MEDIUM = {"content_type": "audio/mp4", "bytes": 5, "sha256": "A" * 43 + "="}


def test_export_has_every_item_and_every_medium(
    *,
    call: Callable[..., Any],
    create_user: Callable[..., None],
    exporter: Any,
    bucket: Any,
    store: Store,
    tables: Any,
) -> None:
    create_user(SUB)
    content_id = call(CREATE_CONTENT, body={"title": "First day", "media": [MEDIUM]}).body["id"]
    tables.put(premium.premium_item(SUB, plan="gold", starts_at=TIME, ends_at=None, created_at=TIME))
    for item in links.link_items(SUB, links.FRIEND, "s-2", created_at=TIME):
        tables.put(item)
    key, foreign = f"media/{SUB}/{content_id}/m1", f"media/{SUB}2/{content_id}/m1"
    for name in (key, foreign):
        bucket.put_object(Bucket="media", Key=name, Body=b"sound")
    exporter = dataclasses.replace(exporter, media=media_files("media", bucket))

    bundle = exporter.export(SUB, SUB, store.read(SUB), lambda _: None)

    sort_keys = {item["SK"]["S"] for item in bundle["parts"]["items"]}
    assert sort_keys == {
        "COUNTERS#MAIN",
        f"CONTENT#{content_id}",
        "FRIEND#s-2",
        "PREMIUM#MAIN",
        "STORAGE#MAIN",
    }
    assert bundle["parts"]["files"] == [{"key": key, "bytes": 5}]
    assert list(bundle["links"]) == [key]
    assert key in bundle["links"][key]
