"""The typed client of the REST API: no Qt, Flask, SQLAlchemy or Docker.

    with HiveMind("http://localhost:5000", token="hm_...") as hive:
        task = hive.submit(Path("task.zip"), {"cpu_cores": 2})
        hive.wait(task.task_id)
        hive.download_result(task.task_id, Path("result.zip"))

Each call has a timeout. Only calls that may be repeated are repeated. Errors tell the cause: `core.client.errors`.
"""

from core.client.client import HiveMind
from core.client.errors import (
    AuthError,
    ClientError,
    ConflictError,
    NotFoundError,
    QuotaError,
    TransientError,
    ValidationFailed,
)

__all__ = [
    "AuthError",
    "ClientError",
    "ConflictError",
    "HiveMind",
    "NotFoundError",
    "QuotaError",
    "TransientError",
    "ValidationFailed",
]
