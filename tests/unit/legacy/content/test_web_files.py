"""Downloads from web servers: only from the hosts of rules, at public addresses, and never too much."""

import io
import itertools
import socket
from types import SimpleNamespace

import pytest
from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.content import web_files
from userprofiles.legacy.content.media_errors import CopyFailedError, DeadLinkError
from userprofiles.legacy.content.rules_file import check_rules
from userprofiles.legacy.content.timed_socket import TimedSocket
from userprofiles.legacy.content.web_files import WebFiles, WebLimits

LIMITS = WebLimits(tries=3, first_wait_s=0.0001, timeout_s=5.0)


class Server:
    """A web server whose answers are ready before the requests arrive.

    Attributes:
        answers: The answers, in the order of the requests.
        requests: The first lines and hosts of the requests.
        address: The address of every host.
    """

    def __init__(self):
        self.answers = []
        self.address = "93.184.215.14"
        self.connections = []
        self._ends = []

    def look_up(self, host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (self.address, port))]

    def connect(self, address, timeout):
        self.connections.append(address)
        if not self.answers:
            raise ConnectionRefusedError
        client_end, server_end = socket.socketpair()
        server_end.sendall(self.answers.pop(0))
        server_end.shutdown(socket.SHUT_WR)
        self._ends.append(server_end)
        return client_end

    def requests(self):
        texts = [end.recv(65536).decode() for end in self._ends]
        return [text.split(" HTTP", 1)[0] for text in texts]

    def close(self):
        for end in self._ends:
            end.close()


@pytest.fixture
def server(monkeypatch):
    web_server = Server()
    monkeypatch.setattr(web_files.socket, "getaddrinfo", web_server.look_up)
    monkeypatch.setattr(web_files.socket, "create_connection", web_server.connect)
    yield web_server
    web_server.close()


def answer(status="200 OK", body=b"", **headers):
    lines = [f"HTTP/1.1 {status}"]
    lines += [
        f"{name.replace('_', '-')}: {value}"
        for name, value in {"Content_Length": len(body), **headers}.items()
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def download(url="http://old.example/files/a.mp3", stop=None, **settings):
    rule = {"from": "http://old.example/files/", "url": "http://old.example/new/files/"}
    options = {name: settings.pop(name) for name in ("private_addresses",) if name in settings}
    rules = check_rules({"rules": [{**rule, **options}], **settings})
    old_file = rules.locate(url)
    file = io.BytesIO()
    content_type = WebFiles(rules, stop or Stop(), LIMITS).download(old_file.rule.place, old_file, file)
    return file.getvalue(), content_type


def test_file_is_downloaded_from_the_place_of_the_rule(server):
    server.answers = [answer(body=b"sound", Content_Type="audio/mpeg")]

    assert download("http://old.example/files/%C3%BC%20a.mp3?id=1&x=%20y") == (b"sound", "audio/mpeg")
    assert server.requests() == ["GET /new/files/%C3%BC%20a.mp3?id=1&x=%20y"]
    assert server.connections == [("93.184.215.14", 80)]


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "100.64.0.1", "0.0.0.0"),
        *("::1", "fd00:ec2::254", "fe80::1%eth0", "::ffff:127.0.0.1"),
    ],
)
def test_name_that_leads_to_an_internal_address_is_not_read(server, address):
    server.address = address
    server.answers = [answer(body=b"secret")]

    with pytest.raises(DeadLinkError, match="has an address that is not public"):
        download()

    assert server.connections == []


def test_rule_can_allow_a_private_address(server):
    server.address = "10.1.2.3"
    server.answers = [answer(body=b"sound")]

    assert download(private_addresses=True)[0] == b"sound"


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "410 Gone", "401 Unauthorized"])
def test_refused_file_is_a_dead_link(server, status):
    server.answers = [answer(status)]

    with pytest.raises(DeadLinkError, match=f"the old server answered with the status {status[:3]}"):
        download()


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://evil.example/files/a.mp3",
        "file:///etc/passwd",
        "http://old.example/files/../../secret",
        "http://old.example/admin",
        "http://[x/",
    ],
)
def test_redirect_to_a_place_without_a_rule_is_not_followed(server, location):
    server.answers = [answer("302 Found", Location=location), answer(body=b"secret")]

    with pytest.raises(DeadLinkError, match="redirects to a place without a rule"):
        download()

    assert len(server.connections) <= 4


def test_redirect_inside_the_rule_is_followed(server):
    server.answers = [answer("301 Moved", Location="/files/b.mp3"), answer(body=b"sound")]

    assert download()[0] == b"sound"
    assert server.requests()[1] == "GET /new/files/b.mp3"


def test_redirect_to_another_private_rule_is_not_followed(server):
    """Otherwise a redirect of a page that everybody can read would lead to the files of all users."""
    server.answers = [answer("302 Found", Location="/private/17/diary.mp3"), answer(body=b"secret")]
    public = {"from": "http://old.example/files/", "url": "http://old.example/files/"}
    private = {**dict.fromkeys(("from", "url"), "http://old.example/private/"), "private_addresses": True}
    rules = check_rules({"rules": [public, private]})
    old_file = rules.locate("http://old.example/files/a.mp3")

    with pytest.raises(DeadLinkError, match="redirects to a place without a rule"):
        WebFiles(rules, Stop(), LIMITS).download(old_file.rule.place, old_file, io.BytesIO())

    assert len(server.connections) == 1


def test_redirects_end(server):
    server.answers = [answer("302 Found", Location="/files/b.mp3")] * 9

    with pytest.raises(DeadLinkError):
        download()

    assert len(server.connections) == 4


def test_server_that_is_busy_is_asked_again(server):
    server.answers = [answer("503 Busy"), answer("429 Slow down"), answer(body=b"sound")]

    assert download()[0] == b"sound"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([answer("500 Error")] * 3, "the old server answered with the status 500"),
        ([], "the old server did not answer"),
        ([answer(body=b"so", Content_Length=5)] * 3, "the old server sent a part of the file only"),
        ([b"nonsense\r\n\r\n"] * 3, "the old server did not answer"),
    ],
)
def test_file_that_no_attempt_gets_fails_and_is_not_a_dead_link(server, answers, reason):
    server.answers = list(answers)

    with pytest.raises(CopyFailedError, match=reason):
        download()

    assert len(server.connections) == 3


def test_partial_data_of_an_attempt_is_discarded(server):
    server.answers = [answer(body=b"so", Content_Length=5), answer(body=b"s")]

    assert download()[0] == b"s"


@pytest.mark.parametrize("body", [answer(body=b"12345"), answer(body=b"5\r\n12345\r\n0\r\n\r\n")])
def test_file_that_is_too_large_fails_without_another_attempt(server, body):
    server.answers = [body]

    with pytest.raises(CopyFailedError, match="larger than max_bytes"):
        download(max_bytes=4)


@pytest.mark.parametrize(
    "data",
    [answer(body=b"sound", Content_Length=9_999_999), b"HTTP/1.1 200 OK\r\nX-Endless: 1", b"HTTP/1.1"],
    ids=["body", "header", "first line"],
)
def test_server_that_sends_too_little_in_a_minute_is_not_asked_again(server, data):
    server.answers = [data]
    clock = itertools.count(0, 61)

    with pytest.raises(CopyFailedError, match="sent less than 32 KiB per second"):
        download(stop=Stop(clock=lambda: float(next(clock))))

    assert len(server.connections) == 1


def test_slow_file_that_is_complete_within_a_minute_is_copied(server):
    server.answers = [answer(body=b"sound")]
    clock = itertools.count(0, 25)

    assert download(stop=Stop(clock=lambda: float(next(clock))))[0] == b"sound"


@pytest.mark.parametrize(("seconds_per_read", "is_complete"), [(0.2, True), (0.3, False)])
def test_time_for_a_file_depends_on_its_size(seconds_per_read, is_complete):
    """8 KiB in 0.2 seconds are 40 KiB per second. A minute of 27 KiB per second is too slow."""
    clock = itertools.count(0, seconds_per_read)
    parts = 600
    source = SimpleNamespace(makefile=lambda *_, **__: io.BytesIO(b"x" * 8192 * parts))
    file = TimedSocket(source, Stop(clock=lambda: next(clock))).makefile("rb")

    def read():
        return sum(len(file.read(8192)) for _ in range(parts))

    if is_complete:
        assert read() == 8192 * parts
    else:
        with pytest.raises(CopyFailedError):
            read()


def test_stop_ends_a_download(server):
    stop = Stop()
    stop.request()
    server.answers = [answer(body=b"sound")]

    with pytest.raises(StoppedError):
        download(stop=stop)


def test_stop_ends_the_attempts(server):
    stop = Stop()
    stop.request()

    with pytest.raises(StoppedError):
        download(stop=stop)
