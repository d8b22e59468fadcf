"""One class, one method a thing that people do."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from urllib.parse import quote

import httpx2

from core.client.errors import ConflictError, TransientError
from core.client.hashing import digest
from core.client.models import Login, LogPiece, Money, Node, SubmittedTask, Task, Transfer
from core.client.notices import NoticesClient
from core.client.templates import TemplatesClient
from core.client.transport import Transport
from core.client.vpn import VpnClient

#: Bytes that are there, bytes in all (0: not known).
Progress = Callable[[int, int], None]
PIECE_BYTES: Final = 8 << 20
_LONGEST_WAIT_S: Final = 30.0
_RESUMES: Final = 20


class HiveMind:
    """A connection to one master. Close it, or use it with `with`. For one thread at a time."""

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
        """`ca_file`: the certificate of a pool's own authority. `transport` is for tests."""
        self._http = Transport(
            url, token=token, timeout_s=timeout_s, ca_file=ca_file, transport=transport, user_agent=user_agent
        )
        self.vpn: Final = VpnClient(self._http)
        self.notices: Final = NoticesClient(self._http)
        self.templates: Final = TemplatesClient(self._http)

    def __enter__(self) -> HiveMind:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # ---- account

    def register(self, username: str, password: str, *, invite: str = "") -> Mapping[str, Any]:
        """Make an account. It does not sign in."""
        body = {"username": username, "password": password, "invite": invite}
        return dict(self._http.call("POST", "/register", body=body))

    def login(self, username: str, password: str, *, link: str = "") -> Login:
        """Sign in and use the token from now on. With a one-use `link`, `password` becomes the new one."""
        body = {"username": username, "password": password, "link": link}
        found = Login.read(self._http.call("POST", "/login", body=body))
        self._http.set_token(found.token)
        return found

    def logout(self) -> None:
        """End the token that is in use."""
        self._http.call("POST", "/logout")
        self._http.set_token("")

    def me(self) -> Mapping[str, Any]:
        """Return who the token is, with its roles and scopes."""
        return dict(self._http.call("GET", "/me"))

    def tokens(self) -> Sequence[Mapping[str, Any]]:
        """Return your live tokens, logins and sessions."""
        items: Sequence[Mapping[str, Any]] = self._http.call("GET", "/tokens")["items"]
        return items

    def make_token(self, name: str, scopes: Sequence[str], *, expires_days: int = 90) -> Mapping[str, Any]:
        """Make an API token; its text is under `token`, once."""
        body = {"name": name, "scopes": list(scopes), "expires_days": expires_days}
        return dict(self._http.call("POST", "/tokens", body=body))

    def revoke_token(self, token_id: str) -> None:
        self._http.call("DELETE", f"/tokens/{token_id}")

    def secrets(self) -> Sequence[Mapping[str, Any]]:
        """Return names and dates of your secrets; values never come back."""
        items: Sequence[Mapping[str, Any]] = self._http.call("GET", "/secrets")["items"]
        return items

    def set_secret(self, name: str, value: str) -> None:
        """Keep a secret that tasks may name in `[secrets] env`."""
        self._http.call("PUT", f"/secrets/{quote(name, safe='')}", body={"value": value})

    def remove_secret(self, name: str) -> None:
        self._http.call("DELETE", f"/secrets/{quote(name, safe='')}")

    def change_password(self, old: str, new: str) -> None:
        """Change your password. Other logins end; API tokens stay."""
        self._http.call("POST", "/password", body={"old_password": old, "new_password": new})

    def quota(self) -> Mapping[str, Any]:
        """Return what you may use, and what you use of it."""
        return dict(self._http.call("GET", "/quota"))

    # ---- sending

    def upload(self, path: Path, progress: Progress | None = None) -> str:
        """Upload a file in pieces, going on where an earlier try stopped; return its SHA-256."""
        sha256, size = digest(path)
        report = progress or _silent
        missing = self._http.call("POST", "/blobs/missing", body={"blobs": [sha256]})["missing"]
        if not missing:
            report(size, size)
            return sha256
        offset, troubles = int(missing[0]["offset"]), 0
        with open(path, "rb") as source:
            while True:
                source.seek(offset)
                piece = source.read(PIECE_BYTES)
                try:
                    done = self._put(sha256, offset, size, piece)
                except (ConflictError, TransientError) as error:
                    troubles += 1
                    if troubles > _RESUMES or error.status == 507:
                        raise
                    offset = self._offset(sha256, size)
                    if offset < 0:
                        break
                    continue
                offset = int(done["offset"])
                report(offset, size)
                if done["complete"]:
                    break
        return sha256

    def _put(self, sha256: str, offset: int, size: int, piece: bytes) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self._http.call(
            "PUT",
            f"/blobs/{sha256}",
            content=piece,
            params={"offset": offset, "size": size},
            headers={"Content-Type": "application/octet-stream"},
            timeout_s=max(self._http.timeout_s, 120.0),
        )
        return answer

    def _offset(self, sha256: str, size: int) -> int:
        """Return where an upload stands; -1 when it is whole."""
        missing = self._http.call("POST", "/blobs/missing", body={"blobs": [sha256]})["missing"]
        return min(int(missing[0]["offset"]), size) if missing else -1

    def submit(
        self,
        zip_path: Path,
        fields: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str = "",
        progress: Progress | None = None,
    ) -> SubmittedTask:
        """Upload a zip and make a task of it. Without a key of yours a fresh one guards against repeats."""
        sha256 = self.upload(zip_path, progress)
        answer = self._http.call(
            "POST",
            "/tasks",
            body={"file_name": zip_path.name, **(fields or {}), "bundle": sha256},
            headers={"Idempotency-Key": idempotency_key or secrets.token_hex(16)},
            timeout_s=max(self._http.timeout_s, 600.0),
        )
        return SubmittedTask.read(answer)

    def check(
        self, zip_path: Path, fields: Mapping[str, Any] | None = None, *, progress: Progress | None = None
    ) -> Mapping[str, Any]:
        """Let the master check a zip without submitting it: what it would be, and what it would cost."""
        sha256 = self.upload(zip_path, progress)
        answer: Mapping[str, Any] = self._http.call(
            "POST",
            "/tasks/check",
            body={**(fields or {}), "bundle": sha256},
            timeout_s=max(self._http.timeout_s, 600.0),
        )
        return answer

    # ---- looking and steering

    def tasks(self, *, states: Sequence[str] = (), name: str = "", limit: int = 0) -> Iterator[Task]:
        """Yield tasks, newest first; pages are fetched as they are needed. `limit` 0: all."""
        params = {"state": ",".join(states), "name": name}
        return (Task.read(each) for each in self._pages("/tasks", params, limit))

    def task(self, task_id: str, *, wait_s: float = 0.0) -> Task:
        """Return a task, at the latest after `wait_s` (at most 60) or when it has ended."""
        return Task.read(
            self._http.call(
                "GET",
                f"/tasks/{task_id}",
                params={"wait": wait_s or None},
                timeout_s=self._http.timeout_s + wait_s,
            )
        )

    def wait(
        self, task_id: str, *, timeout_s: float = 0.0, on_change: Callable[[Task], None] | None = None
    ) -> Task:
        """Return the task when it has ended. Raises TransientError (WAIT_TIMEOUT) first; 0: wait for ever."""
        until = time.monotonic() + timeout_s if timeout_s else 0.0
        last: Mapping[str, Any] = {}
        step_s = 2.0 if on_change is not None else _LONGEST_WAIT_S
        while True:
            left = until - time.monotonic() if until else step_s
            began = time.monotonic()
            task = self.task(task_id, wait_s=max(0.0, min(step_s, left)))
            if on_change is not None and task.raw != last:
                on_change(task)
                last = task.raw
            if task.has_ended:
                return task
            if until and time.monotonic() >= until:
                raise TransientError(
                    f"The task is {task.state} after {timeout_s:g} s.",
                    code="WAIT_TIMEOUT",
                    fix="Wait longer, or look why it waits.",
                )
            # A master with many waiters answers at once; do not ask it without pause.
            if time.monotonic() - began < min(1.0, step_s):
                time.sleep(min(1.0, max(0.0, left)))

    def subtasks(self, task_id: str, *, limit: int = 0) -> Iterator[Mapping[str, Any]]:
        return self._pages(f"/tasks/{task_id}/subtasks", {}, limit)

    def events(self, task_id: str, *, after: int = 0) -> Iterator[Mapping[str, Any]]:
        """Yield what happened to a task since event `after`, oldest first."""
        while True:
            found = self._http.call("GET", f"/tasks/{task_id}/events", params={"after": after})
            yield from found["items"]
            if found["next"] is None:
                return
            after = int(found["next"])

    def why(self, task_id: str) -> Mapping[str, Any]:
        """Return why a task waits."""
        return dict(self._http.call("GET", f"/tasks/{task_id}/why"))

    def log(self, task_id: str, *, subtask: int = 0, stream: str = "out", offset: int = 0) -> LogPiece:
        """Return a piece of a log from an offset."""
        params = {"subtask": subtask, "stream": stream, "offset": offset}
        return LogPiece.read(self._http.call("GET", f"/tasks/{task_id}/logs", params=params))

    def cancel(self, task_id: str, reason: str = "") -> str:
        """Stop a task for good; return its state."""
        return str(self._http.call("POST", f"/tasks/{task_id}/cancel", body={"reason": reason})["state"])

    def change(self, task_id: str, **values: Any) -> str:
        """Change `priority`, `max_credits`, or what its parts ask for from here on: `cpu_cores`, `memory_gb`,
        `disk_gb`, `gpus`, `timeout_seconds`. Return its state.
        """
        return str(self._http.call("PATCH", f"/tasks/{task_id}", body=values)["state"])

    def give_up_files(self, task_id: str) -> str:
        """Let bundle and results of an ended task go now, which frees your storage; return its state."""
        return str(self._http.call("DELETE", f"/tasks/{task_id}/files")["state"])

    def pause(self, task_id: str) -> str:
        return str(self._http.call("POST", f"/tasks/{task_id}/pause")["state"])

    def resume(self, task_id: str) -> str:
        return str(self._http.call("POST", f"/tasks/{task_id}/resume")["state"])

    def retry(self, task_id: str, *, all_of_it: bool = False) -> str:
        return str(self._http.call("POST", f"/tasks/{task_id}/retry", body={"all": all_of_it})["state"])

    # ---- results

    def artifacts(self, task_id: str, *, limit: int = 0) -> Iterator[Mapping[str, Any]]:
        """Yield name, size and SHA-256 of each file of the result."""
        return self._pages(f"/tasks/{task_id}/artifacts", {}, limit)

    def usage(self, task_id: str) -> Mapping[str, Any]:
        """Return the usage and cost report."""
        return dict(self._http.call("GET", f"/tasks/{task_id}/usage"))

    def download_result(
        self,
        task_id: str,
        target: Path,
        *,
        extras: Sequence[str] = (),
        partial: bool = False,
        progress: Progress | None = None,
    ) -> int:
        """Write the result zip to `target`, going on after a broken connection; return its size.

        The file appears under its name when it is whole. `extras`: "logs", "report".
        """
        unfinished = target.with_name(f".{target.name}.part")
        params = {"with": ",".join(extras), "partial": "true" if partial else None}
        try:
            self._fetch(f"/tasks/{task_id}/result", params, unfinished, progress or _silent)
            unfinished.replace(target)
        finally:
            with suppress(FileNotFoundError):
                unfinished.unlink()
        return target.stat().st_size

    def _fetch(self, path: str, params: Mapping[str, Any], target: Path, report: Progress) -> None:
        etag, have = "", 0
        for trouble in range(_RESUMES + 1):
            headers = {"Range": f"bytes={have}-", "If-Range": f'"{etag}"'} if have and etag else {}
            try:
                with self._http.stream(path, params=params, headers=headers) as response:
                    if response.status_code != 206:
                        have = 0
                    etag = response.headers.get("ETag", "").strip('"')
                    length = response.headers.get("Content-Length", "")
                    total = have + int(length) if length.isdigit() else 0
                    with open(target, "r+b" if have else "wb") as sink:
                        sink.seek(have)
                        for piece in response.iter_bytes():
                            sink.write(piece)
                            have += len(piece)
                            report(have, total)
                return
            except TransientError:
                if trouble == _RESUMES:
                    raise
                time.sleep(min(5.0, 0.2 * 2**trouble))

    # ---- pool and money

    def nodes(self) -> Iterator[Node]:
        return (Node.read(each) for each in self._pages("/nodes", {}, 0))

    def balance(self) -> Money:
        """Return what you have; what is held for tasks is not in it."""
        return Money.read(self._http.call("GET", "/balance")["balance"])

    def ledger(self, *, limit: int = 0) -> Iterator[Transfer]:
        """Yield your transfers, newest first."""
        return (Transfer.read(each) for each in self._pages("/ledger", {}, limit))

    def explain(self, transfer_id: str) -> Mapping[str, Any]:
        """Return why an amount is what it is."""
        return dict(self._http.call("GET", f"/ledger/{transfer_id}/explain"))

    def transfer(self, to_username: str, amount_cpt: str, *, idempotency_key: str = "") -> Transfer:
        """Send credits. Pass a key of your own to be able to repeat it."""
        return Transfer.read(
            self._http.call(
                "POST",
                "/transfer",
                body={"to": to_username, "amount": amount_cpt},
                headers={"Idempotency-Key": idempotency_key or secrets.token_hex(16)},
            )
        )

    def join_link(self, *, uses: int = 1, expires_s: int = 900, owner: str = "") -> str:
        """Return a join link: a bearer secret."""
        body = {"uses": uses, "expires_seconds": expires_s, "owner": owner}
        return str(self._http.call("POST", "/join-links", body=body)["link"])

    def version(self) -> str:
        """Return the master's version."""
        return str(self._http.call("GET", "/version").get("version", ""))

    def _pages(self, path: str, params: Mapping[str, Any], limit: int) -> Iterator[Mapping[str, Any]]:
        cursor: str | None = None
        count = 0
        while True:
            size = min(500, limit - count) if limit else 200
            page = self._http.call("GET", path, params={**params, "cursor": cursor, "limit": size})
            for item in page["items"]:
                yield item
                count += 1
            cursor = page["next"]
            if cursor is None or (limit and count >= limit):
                return


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""
