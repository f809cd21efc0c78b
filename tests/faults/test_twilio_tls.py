"""The sender talks to Twilio over verified TLS only."""

import contextlib
import datetime as dt
import ssl

import pytest
import twilio_server as twilio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from userprofiles.settings import SettingsError
from userprofiles.text_messages.http_post import HttpServer


def test_certificate_is_verified(sending, tmp_path, monkeypatch):
    """A server with an unknown certificate gets neither the credentials nor the message."""
    certificate = create_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = twilio.TwilioServer(context)
    with contextlib.closing(server):
        sending.url = f"https://localhost:{server.port}"
        assert sending.deliver() == "SSLCertVerificationError"
        assert server.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        sending.url = f"https://127.0.0.1:{server.port}"
        assert sending.deliver("m-2") == "SSLCertVerificationError", "the certificate is for another name"
        sending.url = f"https://localhost:{server.port}"
        assert sending.deliver("m-3") is None

    assert len(server.messages) == 1


def create_certificate(folder):
    """Write a certificate of `localhost` and its key to a file, and return its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.mark.parametrize(
    "url",
    [
        "http://api.twilio.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "https://",
        "https://user@api.twilio.com",
        "https://api.twilio.com/path",
        "https://api.twilio.com?query",
        "api.twilio.com",
        "",
    ],
)
def test_url_without_tls_is_refused(url):
    with pytest.raises(SettingsError, match="TWILIO_URL"):
        HttpServer("TWILIO_URL", url, connect_seconds=1, read_seconds=1)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.twilio.com",
        "https://api.dublin.ie1.twilio.com/",
        "http://localhost:8000",
        "http://[::1]:80",
    ],
)
def test_url_with_tls_or_on_this_machine_is_accepted(url):
    HttpServer("TWILIO_URL", url, connect_seconds=1, read_seconds=1)
