"""The Mosquitto files that the docs give: certificates, one topic tree a gateway, and nothing lost."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from threading import Event
from time import monotonic

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from domain.recording import Recording
from ingest.bindings import Bindings
from ingest.connection import Subscription
from ingest.decode import Decoder
from ingest.mqtt import Subscriber
from ingest.receive import Receiver
from ingest.tls import Tls
from simulator.replay import Way, publish_all
from store.memory import MemoryReadings
from tests.services import listens, mosquitto

DOCS = Path(__file__).parents[2] / "docs" / "deployment"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATIENCE_S = 20
ONE = Recording(meter_id="m1", at_s=np.array([int(NOW.timestamp())]), register_l=np.array([1000.0]))


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("anju-ca")
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        root = self._builder(self._name, self._key.public_key()).add_extension(constraints, critical=True)
        self.root = self._write("ca", root, None)

    def issue(self, name: str) -> Tls:
        """A certificate for this name on loopback, with the authority that it is checked by."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name(name), key.public_key()).add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        certificate = self._write(name, builder, key)
        return Tls(ca_file=str(self.root), cert_file=str(certificate), key_file=str(self._folder / f"{name}.key"))

    def revoke(self, tls: Tls) -> None:
        """Writes ca.crl."""
        certificate = x509.load_pem_x509_certificate(Path(str(tls.cert_file)).read_bytes())
        now = datetime.now(UTC)
        gone = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(now).build()
        revoked = x509.CertificateRevocationListBuilder().issuer_name(self._name).add_revoked_certificate(gone)
        revoked = revoked.last_update(now - timedelta(days=1)).next_update(now + timedelta(days=1))
        pem = revoked.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        (self._folder / "ca.crl").write_bytes(pem)

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))

    def _write(self, name: str, builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey | None) -> Path:
        path = self._folder / f"{name}.crt"
        path.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        if key is not None:
            pem = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            (self._folder / f"{name}.key").write_bytes(pem)
        return path


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@contextmanager
def broker(tmp_path: Path, authority: Authority, *, with_revoked: bool = False) -> Iterator[int]:
    """Mosquitto with the docs' files; only port, paths and user are the test's."""
    authority.issue("server")
    config = (DOCS / "mosquitto.conf").read_text().replace("{", "{{").replace("}", "}}")
    config = config.replace("listener 8883", "listener {port} 127.0.0.1")
    config = config.replace("/etc/mosquitto/certs/", f"{tmp_path}/").replace("/var/lib/mosquitto/", f"{tmp_path}/")
    config = config.replace("/etc/mosquitto/anju.acl", str(DOCS / "anju.acl"))
    if with_revoked:
        config = config.replace("# crlfile", "crlfile")
    with mosquitto(tmp_path, f"user root\n{config}") as started:
        yield started.port


@pytest.fixture
def port(tmp_path: Path, authority: Authority) -> Iterator[int]:
    with broker(tmp_path, authority) as port:
        yield port


@contextmanager
def gateway(port: int, tls: Tls) -> Iterator[Client]:
    answered, let_in = Event(), Event()
    client = Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)

    def on_connect(*_: object) -> None:
        let_in.set()
        answered.set()

    client.on_connect = on_connect
    client.on_disconnect = lambda *_: answered.set()
    client.tls_set_context(tls.context())
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert answered.wait(PATIENCE_S)
        if not let_in.is_set():
            raise ConnectionError("not let in")
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def way(to: str, tls: Tls, said: list[str]) -> Way:
    return Way(
        to=to, speed=0.0, gateway_id="tower-1", tls=tls, clock=monotonic, sleep=lambda _: None, report=said.append
    )


def send(client: Client, topic: str, register_l: int) -> None:
    payload = {"meter_id": "m1", "at": NOW.isoformat(), "register_l": register_l}
    client.publish(topic, json.dumps(payload).encode(), qos=1).wait_for_publish(PATIENCE_S)


def test_a_gateway_is_heard_on_its_own_topics_and_nowhere_else(port: int, authority: Authority) -> None:
    readings, stored = MemoryReadings(), Event()
    receiver = Receiver(
        decoder=Decoder(), bindings=Bindings({"m1": "tower-1"}), readings=readings, on_commit=stored.set
    )
    subscriber = Subscriber(
        Subscription(host="127.0.0.1", port=port, topics=("anju/#",), tls=authority.issue("anju")),
        receiver,
        now=lambda: NOW,
        steady_s=monotonic,
    )
    with listens(subscriber, PATIENCE_S):
        with gateway(port, authority.issue("tower-2")) as client:
            send(client, "anju/tower-1/readings", 666)
            send(client, "tower-2/readings", 666)
        with gateway(port, authority.issue("tower-1")) as client:
            send(client, "anju/tower-1/readings", 1000)
        assert stored.wait(PATIENCE_S)
    assert receiver.counters.received == 1
    assert [register_l for _, register_l in readings.registers("m1", NOW, NOW + timedelta(days=1))] == [1000]


def test_recordings_are_published_with_the_gateways_certificate(port: int, authority: Authority) -> None:
    readings, stored, said = MemoryReadings(), Event(), list[str]()
    receiver = Receiver(
        decoder=Decoder(), bindings=Bindings({"m1": "tower-1"}), readings=readings, on_commit=stored.set
    )
    service = Subscription(host="127.0.0.1", port=port, topics=("anju/#",), tls=authority.issue("anju"))
    subscriber = Subscriber(service, receiver, now=lambda: NOW, steady_s=monotonic)
    with listens(subscriber, PATIENCE_S):
        assert publish_all([ONE], (), way(f"mqtts://127.0.0.1:{port}", authority.issue("tower-1"), said)) == 0
        assert stored.wait(PATIENCE_S)
    assert [register_l for _, register_l in readings.registers("m1", NOW, NOW + timedelta(days=1))] == [1000]


def test_what_a_broker_with_certificates_wants_is_said(port: int, authority: Authority) -> None:
    ca_alone, to = Tls(ca_file=str(authority.root)), f"127.0.0.1:{port}"
    for url, tls, wanted in (
        (f"mqtts://{to}", Tls(), "its certificate is not trusted"),
        (f"mqtts://{to}", ca_alone, "it may want a client certificate"),
        (f"mqtt://{to}", Tls(), "it may speak TLS alone (mqtts://)"),
    ):
        said = list[str]()
        assert publish_all([ONE], (), way(url, tls, said)) == 1
        assert said[-1].startswith(f"broker at {to}: ")
        assert wanted in said[-1]


def test_without_a_certificate_of_ours_nobody_is_let_in(port: int, authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other").issue("tower-1")
    for tls in (
        Tls(ca_file=str(authority.root)),
        Tls(ca_file=str(authority.root), cert_file=stranger.cert_file, key_file=stranger.key_file),
    ):
        with pytest.raises(OSError), gateway(port, tls):  # noqa: PT011  an SSL alert or a reset
            pass


def test_a_gateway_that_was_stolen_is_shut_out_and_the_others_are_not(authority: Authority, tmp_path: Path) -> None:
    stolen, other = authority.issue("tower-1"), authority.issue("tower-2")
    authority.revoke(stolen)
    with broker(tmp_path, authority, with_revoked=True) as port:
        with gateway(port, other):
            pass
        with pytest.raises(OSError), gateway(port, stolen):  # noqa: PT011  an SSL alert or a reset
            pass
