"""What the operator of a pool of real processes does and sees, by REST."""

from __future__ import annotations

import requests

from core.client.client import HiveMind
from tests.support.pool import Pool


class Operator:
    """Signs in as `root` once."""

    def __init__(self, pool: Pool) -> None:
        self._url = f"{pool.url}/api/v1"
        with HiveMind(pool.url) as client:
            self._headers = {"Authorization": f"Bearer {client.login('root', pool.password).token}"}

    def act(self, node_id: str, action: str, **fields: object) -> str:
        body = {"reason": "a test", **fields}
        answer = requests.post(
            f"{self._url}/nodes/{node_id}/{action}", json=body, headers=self._headers, timeout=30
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["admin"])

    def node(self, node_id: str) -> dict[str, object]:
        found: dict[str, object] = requests.get(
            f"{self._url}/nodes/{node_id}", headers=self._headers, timeout=30
        ).json()
        return found

    def conditions(self) -> dict[str, dict[str, str]]:
        answer = requests.get(f"{self._url}/conditions", headers=self._headers, timeout=30).json()
        return {each["code"]: each for each in answer["current"]}
