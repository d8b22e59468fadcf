"""What a subtask needs and what a node has, as integers, so that sums are exact."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1 << 30
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """An amount of each resource: asked for, reserved, free or had. `cpu_millis` is thousandths of a core."""

    cpu_millis: int = 0
    memory_bytes: int = 0
    disk_bytes: int = 0
    gpus: int = 0
    gpu_memory_bytes: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(
            cpu_millis=self.cpu_millis + other.cpu_millis,
            memory_bytes=self.memory_bytes + other.memory_bytes,
            disk_bytes=self.disk_bytes + other.disk_bytes,
            gpus=self.gpus + other.gpus,
            # GPU memory is a property that each GPU must have, not something that adds up.
            gpu_memory_bytes=max(self.gpu_memory_bytes, other.gpu_memory_bytes),
        )

    def __sub__(self, other: Resources) -> Resources:
        return Resources(
            cpu_millis=self.cpu_millis - other.cpu_millis,
            memory_bytes=self.memory_bytes - other.memory_bytes,
            disk_bytes=self.disk_bytes - other.disk_bytes,
            gpus=self.gpus - other.gpus,
            gpu_memory_bytes=self.gpu_memory_bytes,
        )

    def fits(self, room: Resources) -> bool:
        """Tell whether this amount can be taken out of `room`."""
        return (
            self.cpu_millis <= room.cpu_millis
            and self.memory_bytes <= room.memory_bytes
            and self.disk_bytes <= room.disk_bytes
            and self.gpus <= room.gpus
            and (self.gpus == 0 or self.gpu_memory_bytes <= room.gpu_memory_bytes)
        )
