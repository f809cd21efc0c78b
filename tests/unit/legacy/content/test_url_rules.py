"""Rules for old URLs, and the attacks that documents can try with them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from userprofiles.legacy.content.content_plan import (
    MAX_FILES,
    TOO_MANY,
    count_old_urls,
    create_item,
    missing_entry,
    plan_content,
    rewrite_text,
)
from userprofiles.legacy.content.rules_file import UrlRulesError, check_rules
from userprofiles.legacy.content.url_rules import NO_RULE, NOT_A_URL, UNSAFE, UrlRules, is_safe_path
from userprofiles.legacy.mapping.records import LegacyContent
from userprofiles.social.content import media_entry
from userprofiles.social.redirects import location_hash, url_hash
from userprofiles.table import record as record_rules
from userprofiles.table.attribute_value import serialize_item

DOCUMENT = {
    "rules": [
        {"from": "https://media.old.example/", "bucket": "old-media"},
        {"from": "https://media.old.example/private/", "bucket": "old-private", "prefix": "p/"},
        {"from": "https://www.old.example:8443/files/", "url": "https://www.old.example:8443/files/"},
    ]
}
RULES = check_rules(DOCUMENT)


class TestLocate:
    @pytest.mark.parametrize(
        ("url", "bucket", "name"),
        [
            ("https://media.old.example/a/b.mp3", "old-media", "a/b.mp3"),
            ("http://MEDIA.old.example:80/a.mp3?X-Amz-Signature=1#t=2", "old-media", "a.mp3"),
            ("//media.old.example/a.mp3", "old-media", "a.mp3"),
            ("https://media.old.example/private/%C3%BC%20x.mp3", "old-private", "ü x.mp3"),
            (" https://media.old.example/a.mp3 ", "old-media", "a.mp3"),
        ],
    )
    def test_longest_prefix_decides(self, url, bucket, name):
        old_file = RULES.locate(url)

        assert (old_file.rule.place.bucket, old_file.name, old_file.problem) == (bucket, name, "")

    def test_relative_urls_belong_to_the_base_url(self):
        rules = check_rules({**DOCUMENT, "base_url": "https://media.old.example/uploads/"})

        assert rules.locate("a.mp3").name == "uploads/a.mp3"
        assert rules.locate("/b.mp3").name == "b.mp3"
        assert RULES.locate("a.mp3").problem == NOT_A_URL

    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.169.254/latest/meta-data/",
            "https://media.old.example@169.254.169.254/a.mp3",
            "https://media.old.example:pw@media.old.example/a.mp3",
            "https://media.old.example.evil.example/a.mp3",
            "https://evil.example/https://media.old.example/a.mp3",
            "https://media.old.example:8080/a.mp3",
            "https://www.old.example:8443/other/a.mp3",
            "http://localhost/a",
            "http://[::1]/a",
        ],
    )
    def test_url_of_another_host_has_no_rule(self, url):
        assert RULES.locate(url).problem == NO_RULE

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https:///a",
            "https://media.old.example\\@evil.example/a",
            "https://media.old.example/a\nHost: evil",
            "https://[::1/a",
            "https://media.old.example:port/a",
            "n/a",
            "",
        ],
    )
    def test_text_that_is_not_a_url(self, url):
        assert RULES.locate(url).problem == NOT_A_URL

    @pytest.mark.parametrize(
        "name",
        [
            "../a",
            "a/../../b",
            "%2e%2e/a",
            "%252e%252e%252fa",
            "a//b",
            "./a",
            "a/",
            "",
            "a%00b",
            "a%5cb",
            "%2Fa",
        ],
    )
    def test_path_that_could_leave_the_prefix_is_not_read(self, name):
        assert RULES.locate(f"https://media.old.example/private/{name}").problem == UNSAFE

    def test_only_web_servers_get_the_query(self):
        web = RULES.locate("https://www.old.example:8443/files/get?id=1")
        bucket = RULES.locate("https://media.old.example/get?id=1")

        assert (web.query, bucket.query) == ("id=1", "")
        assert (web.has_redirect, bucket.has_redirect) == (False, True)
        assert web.media_id != RULES.locate("https://www.old.example:8443/files/get?id=2").media_id
        assert bucket.media_id == RULES.locate("https://media.old.example/get?id=2").media_id


@given(st.lists(st.sampled_from(["..", ".", "a", "%2e", "%2E%2e", "%", "/", "\\", "%2f", "%5c"]), max_size=6))
def test_safe_path_never_has_a_dangerous_segment(parts):
    name = "".join(parts)
    if is_safe_path(name):
        assert not {"..", ".", ""} & set(RULES.locate(f"https://media.old.example/{name}").name.split("/"))


@pytest.mark.parametrize(
    "url", ["http://[x/", "//[", "http://\uff0fold.example/a", "http://a.b\u2100/x"], ids=range(4)
)
def test_a_text_that_can_not_be_parsed_is_a_dead_link(url):
    """One hostile URL must not end the import of all users."""
    old_file = UrlRules().locate(url)

    assert (old_file.problem, old_file.path, len(old_file.media_id)) == (NOT_A_URL, "", 32)
    assert not old_file.is_served


def test_texts_that_can_not_be_parsed_have_different_ids():
    rules = UrlRules()

    assert rules.locate("http://[a/").media_id != rules.locate("http://[b/").media_id


def test_path_that_was_encoded_very_often_is_not_safe():
    """To decode 1 MB completely would take hours."""
    assert not is_safe_path("%" + "25" * 500_000 + "41")


class TestTexts:
    def test_all_urls_of_rules_are_replaced(self):
        text = "a https://media.old.example/x.mp3 b //media.old.example/x.mp3y c"

        rewritten, files = rewrite_text(text, RULES)

        assert rewritten == " ".join(
            ["a", f"media:{files[0].media_id}", "b", f"media:{files[1].media_id}", "c"]
        )
        assert count_old_urls({"text": text}, RULES) == 2
        assert count_old_urls({"text": rewritten}, RULES) == 0

    @pytest.mark.parametrize("text", ["media.old.example", "https://other.example/x", "", "=HYPERLINK(1)"])
    def test_other_texts_stay(self, text):
        assert rewrite_text(text, RULES) == (text, [])

    @given(st.text(alphabet="ab/:.% \"'<>()h", max_size=30), st.text(alphabet="ab/%.?#", max_size=20))
    def test_nothing_of_an_old_host_is_left(self, before, path):
        text = f"{before} https://media.old.example/{path}"

        rewritten, _ = rewrite_text(text, RULES)

        assert count_old_urls({"text": rewritten}, RULES) == 0

    @pytest.mark.long
    def test_a_record_can_not_cause_any_number_of_copies(self):
        """No item has room for so many files, so the record fails after a limited number of copies."""
        text = " ".join(f"https://media.old.example/{number}" for number in range(MAX_FILES + 500))
        record = LegacyContent(
            old_id="1",
            owner_id="2",
            title="",
            text=text,
            record_time="2020-01-01T00:00:00.000Z",
            media=(),
            updated_at="",
            digest="",
            problems=(),
        )

        rules = check_rules(one_rule("https://media.old.example/", bucket="old-media", public=True))

        plan = plan_content(record, "unknown", "biograph", rules)

        problems = [old_file.problem for old_file in plan.files]
        assert (problems.count(""), problems.count(TOO_MANY)) == (MAX_FILES, 500)
        media = [missing_entry(old_file, "") for old_file in plan.files]
        item = create_item(plan, media, created_at="", run_id="run")
        assert record_rules.is_too_large(serialize_item(item))

    @pytest.mark.long
    def test_the_shortest_entries_of_too_many_files_do_not_fit_into_an_item(self):
        entry = media_entry("0" * 32, "audio/aac", size=None, sha256=None)

        assert record_rules.is_too_large(serialize_item({"PK": "", "media": [entry] * MAX_FILES}))

    def test_media_count_too(self):
        assert count_old_urls({"media": [{"url": "https://media.old.example/x"}]}, RULES) == 1


def one_rule(source="https://a.b/", **place):
    return {"rules": [{"from": source, **place}]}


class TestRewrite:
    rules = check_rules(
        {
            "redirect_url": "https://api.new.example/media/",
            "rules": [
                *one_rule("https://media.old.example/", bucket="old-media", public=True)["rules"],
                *one_rule("https://media.old.example/private/", bucket="old-media")["rules"],
            ],
        }
    )

    def test_url_leads_to_the_redirect_route(self):
        url = "http://MEDIA.old.example/a/%C3%BC%20b.jpg?v=1"

        rewritten = self.rules.rewrite(url)

        assert rewritten == "https://api.new.example/media/media.old.example/a/%C3%BC%20b.jpg"
        host, _, path = rewritten.removeprefix(self.rules.redirect_url).partition("/")
        assert location_hash(host, path) == url_hash(url)

    @pytest.mark.parametrize(
        "url",
        [
            "https://media.old.example/private/a.jpg",
            "https://other.example/a.jpg",
            "https://media.old.example/../a.jpg",
            "n/a",
            "",
        ],
    )
    def test_other_urls_stay(self, url):
        assert self.rules.rewrite(url) == url

    def test_without_the_route_all_urls_stay(self):
        url = "https://media.old.example/a.jpg"

        assert RULES.rewrite(url) == url


class TestFile:
    @pytest.mark.parametrize(
        ("document", "problem"),
        [
            ([], "the document must be an object with the list rules"),
            ({}, "rules: must be a list with at least one rule"),
            ({"rules": []}, "rules: must be a list with at least one rule"),
            ({**DOCUMENT, "x": 1}, "x: unknown name; allowed: base_url, max_bytes, redirect_url, rules"),
            ({"rules": ["x"]}, "rules[0]: must be an object"),
            (one_rule("ftp://a.b/", bucket="bbb"), "rules[0].from: must be a URL of http"),
            (one_rule("https://a.b/c", bucket="bbb"), "that ends with a slash"),
            (one_rule("https://u:p@a.b/", bucket="bbb"), "rules[0].from: must be a URL"),
            (one_rule(), "rules[0]: must have exactly one of bucket, folder, url"),
            (one_rule(bucket="bbb", folder="/"), "rules[0]: must have exactly one of"),
            (one_rule(bucket="B"), "rules[0].bucket: must be the name of a bucket, got 'B'"),
            (one_rule(bucket="bbb", prefix=1), "rules[0].prefix: must be a text, got 1"),
            (one_rule(folder="/missing"), "rules[0].folder: must be a folder that exists, got '/missing'"),
            (one_rule(url="https://a.b/c"), "rules[0].url: must be a URL"),
            (one_rule(bucket="bbb", public="yes"), "rules[0].public: must be true or false, got 'yes'"),
            (
                one_rule(bucket="bbb", trust_media_fields=1),
                "rules[0].trust_media_fields: must be true or false, got 1",
            ),
            (
                one_rule(bucket="bbb", owner="{user_id}"),
                "such as {user_id}/ or */{record_id}-, got '{user_id}'",
            ),
            (one_rule(bucket="bbb", host=1), "rules[0].host: unknown name"),
            (
                {
                    "rules": [
                        *one_rule(bucket="bbb")["rules"],
                        *one_rule("http://A.b/", bucket="ccc")["rules"],
                    ]
                },
                "rules[1].from: another rule has the same prefix",
            ),
            ({**DOCUMENT, "base_url": "media/"}, "base_url: must be an absolute URL"),
            ({**DOCUMENT, "redirect_url": "http://api.b/media/"}, "redirect_url: must be the https URL"),
            ({**DOCUMENT, "redirect_url": "https://api.b/"}, "redirect_url: must be the https URL"),
            ({**DOCUMENT, "max_bytes": 0}, "max_bytes: must be a whole number from 1 to 5368709120, got 0"),
        ],
    )
    def test_problem_names_place_and_rule(self, document, problem):
        with pytest.raises(UrlRulesError) as raised:
            check_rules(document)

        assert problem in str(raised.value)

    def test_all_problems_are_listed_at_once(self):
        with pytest.raises(UrlRulesError) as raised:
            check_rules({"rules": [{"from": 1}, {"bucket": 2}], "max_bytes": "3"})

        assert len(raised.value.problems) == 5

    def test_no_rules(self):
        assert check_rules(None) == UrlRules()

    def test_rules_are_json(self):
        assert check_rules(json.loads(json.dumps(DOCUMENT))) == RULES
