"""node.proto, master to agent. Offers are the hot path: built in place, no list twice."""

from __future__ import annotations

from core.domain.session import (
    Ack,
    ItemSlice,
    Offer,
    Offers,
    Orders,
    Receipt,
    Refused,
    Resync,
    StopOrder,
    SyncReply,
    TaskBrief,
    Verdict,
    Welcome,
    Wheel,
)
from core.pb import node_pb2 as pb
from core.rpc.codec.agent_messages import pin_from_pb, pin_to_pb
from core.rpc.codec.values import (
    EnumMap,
    file_to_pb,
    files_from_pb,
    finite,
    resources_from_pb,
    resources_to_pb,
)

VERDICTS = EnumMap(dict(pb.Verdict.items()), "VERDICT", Verdict)


def welcome_to_pb(value: Welcome) -> pb.Welcome:
    return pb.Welcome(
        session_id=value.session_id,
        term=value.term,
        protocol=value.protocol,
        master_time_ms=value.master_time_ms,
        report_interval_s=value.report_interval_s,
        node_name=value.node_name,
        owner_id=value.owner_id,
        reward_rule=value.reward_rule,
    )


def welcome_from_pb(message: pb.Welcome) -> Welcome:
    return Welcome(
        session_id=message.session_id,
        term=message.term,
        protocol=message.protocol,
        master_time_ms=message.master_time_ms,
        report_interval_s=finite(message.report_interval_s),
        node_name=message.node_name,
        owner_id=message.owner_id,
        reward_rule=message.reward_rule,
    )


def refused_to_pb(value: Refused) -> pb.Refused:
    return pb.Refused(code=value.code, message=value.message, fix=value.fix, retry_after_s=value.retry_after_s)


def refused_from_pb(message: pb.Refused) -> Refused:
    return Refused(
        code=message.code, message=message.message, fix=message.fix, retry_after_s=message.retry_after_s
    )


def sync_reply_to_pb(value: SyncReply) -> pb.SyncReply:
    numbers = VERDICTS.numbers
    return pb.SyncReply(
        session_id=value.session_id,
        verdicts=[
            pb.AttemptVerdict(attempt_id=attempt_id, verdict=numbers[verdict])
            for attempt_id, verdict in value.verdicts
        ],
    )


def sync_reply_from_pb(message: pb.SyncReply) -> SyncReply:
    return SyncReply(
        session_id=message.session_id,
        verdicts=tuple([(each.attempt_id, VERDICTS[each.verdict]) for each in message.verdicts]),
    )


def brief_to_pb(value: TaskBrief) -> pb.TaskBrief:
    return pb.TaskBrief(
        task_id=value.task_id,
        revision=value.revision,
        owner_id=value.owner_id,
        owner_name=value.owner_name,
        spec_json=value.spec_json,
        bundle_id=value.bundle_id,
        pin=pin_to_pb(value.pin),
        wheels=[pb.Wheel(filename=w.filename, sha256=w.sha256, size=w.size) for w in value.wheels],
    )


def brief_from_pb(message: pb.TaskBrief) -> TaskBrief:
    return TaskBrief(
        task_id=message.task_id,
        revision=message.revision,
        owner_id=message.owner_id,
        owner_name=message.owner_name,
        spec_json=message.spec_json,
        bundle_id=message.bundle_id,
        pin=pin_from_pb(message.pin) if message.HasField("pin") else None,
        wheels=tuple([Wheel(filename=w.filename, sha256=w.sha256, size=w.size) for w in message.wheels]),
    )


def item_to_pb(value: ItemSlice) -> pb.ItemSlice:
    return pb.ItemSlice(
        blob=value.blob,
        offset=value.offset,
        length=value.length,
        sha256=value.sha256,
        content=value.content,
    )


def item_from_pb(message: pb.ItemSlice) -> ItemSlice:
    return ItemSlice(
        blob=message.blob,
        offset=message.offset,
        length=message.length,
        sha256=message.sha256,
        content=message.content,
    )


def offers_to_pb(value: Offers) -> pb.Offers:
    message = pb.Offers(
        session_id=value.session_id,
        term=value.term,
        lease_report=value.lease_report,
        briefs=[brief_to_pb(brief) for brief in value.briefs],
    )
    add = message.offers.add
    for offer in value.offers:
        made = add(
            attempt_id=offer.attempt_id,
            task_id=offer.task_id,
            revision=offer.revision,
            index=offer.index,
            epoch=offer.epoch,
            attempt_number=offer.attempt_number,
            resources=resources_to_pb(offer.resources),
            lease_s=offer.lease_s,
            item=None if offer.item is None else item_to_pb(offer.item),
            deadline_ms=offer.deadline_ms,
            parts_blob=offer.parts_blob,
            paid=offer.paid,
            lane=offer.lane,
        )
        if offer.checkpoint:
            made.checkpoint.extend([file_to_pb(file) for file in offer.checkpoint])
    return message


def offer_from_pb(message: pb.Offer) -> Offer:
    return Offer(
        attempt_id=message.attempt_id,
        task_id=message.task_id,
        revision=message.revision,
        index=message.index,
        epoch=message.epoch,
        attempt_number=message.attempt_number,
        resources=resources_from_pb(message.resources),
        lease_s=message.lease_s,
        item=item_from_pb(message.item) if message.HasField("item") else None,
        checkpoint=files_from_pb(message.checkpoint),
        deadline_ms=message.deadline_ms,
        parts_blob=message.parts_blob,
        paid=message.paid,
        lane=message.lane,
    )


def offers_from_pb(message: pb.Offers) -> Offers:
    return Offers(
        session_id=message.session_id,
        term=message.term,
        lease_report=message.lease_report,
        briefs=tuple([brief_from_pb(brief) for brief in message.briefs]),
        offers=tuple([offer_from_pb(offer) for offer in message.offers]),
    )


def orders_to_pb(value: Orders) -> pb.Orders:
    return pb.Orders(
        session_id=value.session_id,
        stops=[
            pb.StopOrder(
                attempt_id=stop.attempt_id,
                reason=stop.reason,
                give_back=stop.give_back,
                if_waiting=stop.if_waiting,
            )
            for stop in value.stops
        ],
        draining=value.draining,
        paused=value.paused,
        report_interval_s=value.report_interval_s,
        notice=value.notice,
    )


def orders_from_pb(message: pb.Orders) -> Orders:
    return Orders(
        session_id=message.session_id,
        stops=tuple(
            [
                StopOrder(
                    attempt_id=stop.attempt_id,
                    reason=stop.reason,
                    give_back=stop.give_back,
                    if_waiting=stop.if_waiting,
                )
                for stop in message.stops
            ]
        ),
        draining=message.draining,
        paused=message.paused,
        report_interval_s=finite(message.report_interval_s),
        notice=message.notice,
    )


def ack_to_pb(value: Ack) -> pb.Ack:
    receipts = [
        pb.Receipt(attempt_id=receipt.attempt_id, ucpt=receipt.ucpt, reason=receipt.reason)
        for receipt in value.receipts
    ]
    return pb.Ack(
        session_id=value.session_id,
        report=value.report,
        updates=value.updates,
        welcome=value.welcome,
        receipts=receipts,
    )


def ack_from_pb(message: pb.Ack) -> Ack:
    return Ack(
        session_id=message.session_id,
        report=message.report,
        updates=tuple(message.updates),
        welcome=message.welcome,
        receipts=tuple(
            [
                Receipt(attempt_id=receipt.attempt_id, ucpt=receipt.ucpt, reason=receipt.reason)
                for receipt in message.receipts
            ]
        ),
    )


def resync_to_pb(value: Resync) -> pb.Resync:
    return pb.Resync(session_id=value.session_id, reason=value.reason)


def resync_from_pb(message: pb.Resync) -> Resync:
    return Resync(session_id=message.session_id, reason=message.reason)
