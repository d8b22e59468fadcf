"""What an operator may set of a master: file `master.toml` in the data folder, `HIVEMIND_*`, or flags."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from core.domain.vpn import network_of
from core.settings import Settings


class MasterSettings(Settings):
    """Defaults are safe for one computer: loopback only, SQLite and blobs in the data folder."""

    data_dir: Path | None = None
    #: HOST:PORT each; port 0 takes a free one.
    web: str = "127.0.0.1:5000"
    node: str = "0.0.0.0:50051"
    control: str = "0.0.0.0:50052"
    #: Host name or address that nodes and browsers use; empty: this computer's name.
    public_name: str = ""
    #: A database URL; empty: SQLite in the data folder.
    database: str = ""
    #: Where bundles and results are kept; empty: `blobs` in the data folder.
    storage: Path | None = None
    behind_proxy: bool = False
    #: `own`: the web door's certificate is signed by the pool's own authority, and renewed with the doors'.
    tls: str = Field(default="", pattern="^(own)?$")
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    pool_name: str = "HiveMind"
    #: open, invite or closed; empty: open on loopback alone, else by invitation.
    sign_up: str = Field(default="", pattern="^(open|invite|closed)?$")
    #: Decimal CPT in quotes.
    sign_up_grant: str = "150"
    retention_days: int = Field(default=30, ge=1, le=3650)
    #: Besides the catalogue: image names (any tag unless one is named), or patterns with *. Operators decide.
    images_allowed: list[str] = Field(default_factory=list, max_length=200)
    wheel_folder: Path | None = None
    package_index: bool = True
    report_interval_s: float = Field(default=30.0, ge=1.0, le=30.0)
    fill: str = Field(default="spread", pattern="^(spread|pack)$")
    #: WireGuard: the private network of the pool's devices; the master is its first address.
    vpn_network: str = "10.99.0.0/16"
    #: HOST or HOST:PORT at which devices reach the hub; empty: the public name.
    vpn_endpoint: str = ""
    vpn_port: int = Field(default=51820, ge=1, le=65535)
    vpn_interface: str = Field(default="hivemind0", pattern="^[a-z][a-z0-9_-]{0,14}$")
    #: The master sets up the hub's interface itself (Linux, root, wireguard-tools); else it says the command.
    vpn_apply: bool = False
    #: Mail goes out through this server; empty: no face offers mail.
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    #: starttls (587), tls (465), or none, which only a server on this computer may be.
    smtp_security: str = Field(default="starttls", pattern="^(starttls|tls|none)$")
    smtp_username: str = ""
    #: A file with the password alone, readable by the master only.
    smtp_password_file: Path | None = None
    smtp_from: str = ""
    #: Certificate of the mail server's own authority; empty: what the system trusts.
    smtp_ca: Path | None = None
    #: Networks (10.1.0.0/16) that webhooks may reach although they are not on the internet.
    webhook_networks: list[str] = Field(default_factory=list, max_length=50)
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("web", "node", "control")
    @classmethod
    def _address(cls, value: str) -> str:
        host, separator, port = value.rpartition(":")
        if not separator or not host or not port.isdigit() or int(port) > 65535:
            raise ValueError("must be HOST:PORT, for example 127.0.0.1:5000")
        return value

    @field_validator("webhook_networks")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        return [str(ip_network(each)) for each in value]

    @model_validator(mode="after")
    def _mail(self) -> MasterSettings:
        if not self.smtp_host:
            return self
        if "@" not in self.smtp_from:
            raise ValueError("smtp_from must be a mail address where smtp_host is set")
        if self.smtp_security == "none" and not is_loopback(self.smtp_host):
            raise ValueError("smtp_security none is for a mail server on this computer; say starttls or tls")
        return self

    @field_validator("vpn_network")
    @classmethod
    def _network(cls, value: str) -> str:
        return str(network_of(value))


def split_address(value: str) -> tuple[str, int]:
    """Return host (without brackets) and port of HOST:PORT."""
    host, _, port = value.rpartition(":")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def encryption_of(settings: MasterSettings) -> str:
    """Return who encrypts the web pages: none, own, files or proxy."""
    if settings.tls_certificate is not None:
        return "files"
    if settings.behind_proxy:
        return "proxy"
    return settings.tls or "none"
