"""What a node gets when it joins, and its practice subtask. Shapes without behaviour."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What a new node gets. `pending` when an operator must approve it first; it may connect and wait."""

    node_id: str
    node_name: str
    owner_id: str
    certificate_pem: bytes
    ca_pem: bytes
    node_door: str
    pool_name: str = ""
    pending: bool = False
    #: Who runs the pool; the value of SignUp that says who may submit there; and whose node it is.
    operator: str = ""
    sign_up: str = ""
    owner_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeTask:
    """The practice subtask of a node's owner. No `task_id`: the owner had it before."""

    task_id: str = ""
    owner_id: str = ""
