"""logs.proto."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.session import LogAck, LogChunk, LogStream
from core.pb import logs_pb2 as pb
from core.rpc.codec.values import EnumMap

LOG_STREAMS = EnumMap(dict(pb.LogStream.items()), "LOG_STREAM", LogStream)


def chunks_to_pb(values: Iterable[LogChunk]) -> pb.LogChunks:
    message = pb.LogChunks()
    for value in values:
        message.chunks.add(
            attempt_id=value.attempt_id,
            stream=LOG_STREAMS.numbers[value.stream],
            offset=value.offset,
            content=value.content,
        )
    return message


def chunks_from_pb(message: pb.LogChunks) -> tuple[LogChunk, ...]:
    return tuple(
        [
            LogChunk(
                attempt_id=chunk.attempt_id,
                stream=LOG_STREAMS[chunk.stream],
                offset=chunk.offset,
                content=chunk.content,
            )
            for chunk in message.chunks
        ]
    )


def acks_to_pb(values: Iterable[LogAck]) -> pb.LogAcks:
    message = pb.LogAcks()
    for value in values:
        message.acks.add(
            attempt_id=value.attempt_id,
            stream=LOG_STREAMS.numbers[value.stream],
            next_offset=value.next_offset,
            full=value.full,
        )
    return message


def acks_from_pb(message: pb.LogAcks) -> tuple[LogAck, ...]:
    return tuple(
        [
            LogAck(
                attempt_id=ack.attempt_id,
                stream=LOG_STREAMS[ack.stream],
                next_offset=ack.next_offset,
                full=ack.full,
            )
            for ack in message.acks
        ]
    )
