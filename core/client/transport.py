"""HTTP underneath the client: timeouts, problem documents as exceptions, repeats of what may be repeated."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx2
import stamina

from core.client.errors import ClientError, QuotaError, TransientError, error_from

T = TypeVar("T")
_REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_ATTEMPTS: Final = 4
_PATIENCE_S: Final = 30.0
_MAX_ANSWER_BYTES: Final = 64 << 20


class Transport:
    """One master, one token. Use it in one thread at a time."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        timeout_s: float = 30.0,
        ca_file: Path | None = None,
        transport: httpx2.BaseTransport | None = None,
        user_agent: str = "hivemind-client",
    ) -> None:
        verify = True if ca_file is None else _trusting(ca_file)
        self.timeout_s = timeout_s
        with _translated():
            self._client = httpx2.Client(
                base_url=url.rstrip("/") + "/api/v1",
                headers={"User-Agent": user_agent, "Accept": "application/json"},
                timeout=httpx2.Timeout(timeout_s, connect=min(10.0, timeout_s)),
                verify=verify,
                transport=transport,
                follow_redirects=False,
                trust_env=ca_file is None,
            )
        self.set_token(token)

    def set_token(self, token: str) -> None:
        """Use this token from now on; empty: none."""
        self._client.headers.pop("Authorization", None)
        if token:
            self._client.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 0.0,
    ) -> Any:
        """Send a request and return its JSON. Raises ClientError."""
        may_repeat = method in _REPEATABLE or "Idempotency-Key" in (headers or {})

        def once() -> Any:
            with _translated():
                response = self._client.request(
                    method,
                    path,
                    json=body,
                    content=content,
                    params=_given(params),
                    headers=headers,
                    timeout=httpx2.Timeout(timeout_s or self.timeout_s, connect=10.0),
                )
            if response.status_code >= 400:
                raise error_from(
                    response.status_code, _document(response.content), response.headers.get("Retry-After", "")
                )
            return _document(response.content) if response.content else {}

        return self.repeated(once) if may_repeat else once()

    def repeated(self, once: Callable[[], T]) -> T:
        """Do something that may be done again, until it works or patience ends."""
        for attempt in stamina.retry_context(on=_wait_for, attempts=_ATTEMPTS, timeout=_PATIENCE_S):
            with attempt:
                return once()
        raise AssertionError("retry_context returns or raises")

    @contextmanager
    def stream(
        self, path: str, *, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx2.Response]:
        """GET a body that is read as it comes."""
        with (
            _translated(),
            self._client.stream(
                "GET", path, params=_given(params), headers={"Accept": "*/*", **(headers or {})}
            ) as response,
        ):
            if response.status_code >= 400:
                content = response.read()
                raise error_from(response.status_code, _document(content), response.headers.get("Retry-After", ""))
            yield response


def _trusting(ca_file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ClientError(
            f"{ca_file} is no certificate that can be used: {error}.",
            code="CA_FILE_INVALID",
            fix="Name the PEM file of the pool's authority.",
        ) from error


def _given(params: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if params is None:
        return None
    return {name: value for name, value in params.items() if value is not None and value != ""}


def _document(content: bytes) -> dict[str, Any]:
    if len(content) > _MAX_ANSWER_BYTES:
        raise TransientError("The answer is too large to be one of a HiveMind master.", code="ANSWER_INVALID")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _wait_for(error: Exception) -> bool | float:
    """Tell whether to try again, and after how many seconds where the master said so."""
    if isinstance(error, TransientError) and error.status != 507:
        return error.retry_after_s or True
    if isinstance(error, QuotaError) and error.status == 429 and 0 < error.retry_after_s <= 10:
        return error.retry_after_s
    return False


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpx2.TimeoutException as error:
        raise TransientError(
            "The master did not answer in time.", code="TIMEOUT", fix="Try again; is the address right?"
        ) from error
    except httpx2.ConnectError as error:
        raise TransientError(
            f"The master cannot be reached: {error}.",
            code="UNREACHABLE",
            fix="Is it running, and is the address right?",
        ) from error
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
        raise ClientError(
            f"This is no address of a master: {error}.", code="URL_INVALID", fix="Write http://HOST:PORT."
        ) from error
    except httpx2.TransportError as error:
        raise TransientError(f"The connection broke: {error}.", code="CONNECTION_BROKE") from error
