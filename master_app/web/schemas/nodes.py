"""Shapes of nodes and join links."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import (
    Boolean,
    Dict,
    Float,
    Integer,
    List,
    Nested,
    String,
)
from apiflask.validators import Length, Range

from core.domain.node import NodeAdmin
from master_app.web.schemas.base import ReasonIn, moment, one_of, page_of, text


class ResourcesOut(Schema):
    cpu_cores = Float(required=True)
    memory_bytes = Integer(required=True)
    disk_bytes = Integer(required=True)
    gpus = Integer(required=True)
    gpu_memory_bytes = Integer(required=True)


class NodeOut(Schema):
    node_id = String(required=True)
    name = String(required=True)
    mine = Boolean(required=True)
    owner = String(allow_none=True)
    admin = String(required=True)
    health = String(required=True)
    owner_state = String()
    owner_reason = String()
    schedulable = Boolean(required=True)
    why_not = String(required=True)
    arch = String()
    os = String()
    host_os = String()
    runtime = String()
    slots = Integer(required=True)
    running = Integer(required=True)
    capacity = Nested(ResourcesOut, required=True)
    reserved = Nested(ResourcesOut, required=True)
    host_load = Dict(required=True, attribute="load", data_key="load")
    gpus = List(Dict())
    labels = Dict(keys=String(), values=String(), allow_none=True)
    version = String()
    created_at = moment()
    last_seen_at = moment()
    quarantined_until = moment()
    certificate_expires_at = moment()


class NodeDetailOut(NodeOut):
    """One node by itself."""


class JoinLinkIn(Schema):
    owner = String(load_default="", validate=Length(max=80))
    uses = Integer(load_default=1, validate=Range(1, 10_000))
    expires_seconds = Integer(load_default=900, validate=Range(1, 30 * 86_400))
    labels = Dict(keys=String(validate=Length(1, 63)), values=String(validate=Length(max=200)), load_default=dict)
    name_pattern = String(load_default="{host}", validate=Length(1, 64))
    approve = Boolean(load_default=False)


class JoinLinkOut(Schema):
    link = text("A bearer secret: shown now and never again.", required=True)
    expires_at = moment()


class JoinLinkRowOut(Schema):
    link_id = String(required=True)
    owner = String(allow_none=True)
    made_by = String(allow_none=True)
    created_at = moment()
    expires_at = moment()
    uses_left = Integer(required=True)
    labels = Dict(keys=String(), values=String())
    name_pattern = String(required=True)
    approve = Boolean(required=True)


class NodeActionIn(ReasonIn):
    deadline_seconds = Integer(
        load_default=0,
        validate=Range(0, 30 * 86_400),
        metadata={"description": "Of drain: what still runs then is given back; 0: no limit."},
    )


class NodeAdminOut(Schema):
    node_id = String(required=True)
    admin = one_of(NodeAdmin, required=True)


NodePage = page_of(NodeOut)
JoinLinkPage = page_of(JoinLinkRowOut)
