"""Every shape of the local door survives its trip, field by field."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest

from core.domain import agent_views, earning_views, lending
from core.domain.agent_views import AgentShown, AgentStatus, Line, RuleRow, WhyView
from core.domain.errors import ProtocolError
from core.domain.lending import LendingRules, OnEnter, Preset, Profile, preset_rules
from core.pb import agent_pb2 as pb
from core.rpc.codec.agent import from_pb, to_pb

SHAPES = [
    shape
    for module in (agent_views, earning_views, lending)
    for shape in vars(module).values()
    if isinstance(shape, type) and is_dataclass(shape) and shape.__module__ == module.__name__
]


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.__name__ for shape in SHAPES])
def test_each_shape_has_a_message_with_the_same_fields(shape: type) -> None:
    message = getattr(pb, shape.__name__).DESCRIPTOR
    assert [field.name for field in message.fields] == [field.name for field in fields(shape)]


@pytest.mark.parametrize("preset", Preset)
def test_rules_survive(preset: Preset) -> None:
    rules = preset_rules(preset, cores=8, memory_gb=16)
    assert from_pb(LendingRules, to_pb(rules)) == rules


def test_a_delta_has_only_what_changed() -> None:
    why = WhyView(rows=(RuleRow(rule="idle", have=Line(code="idle", values={"idle_s": "5"})),), need_s=600.0)
    shown = AgentShown(status=AgentStatus(running=3), why=why)
    back = from_pb(AgentShown, to_pb(shown))
    assert back == shown and back.link is None


def test_what_is_no_rule_is_a_protocol_error() -> None:
    message = to_pb(LendingRules(in_use=Profile(on_enter=OnEnter.STOP)))
    message.week = "short"
    with pytest.raises(ProtocolError):
        from_pb(LendingRules, message)
    message = to_pb(LendingRules())
    message.preset = "reckless"
    with pytest.raises(ProtocolError):
        from_pb(LendingRules, message)
