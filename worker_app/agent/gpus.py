"""The machine's NVIDIA GPUs. The only place that imports pynvml, which is absent or fails where there is none."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from core.domain.node import Gpu

logger = logging.getLogger(__name__)


def _load() -> Any:
    """Return the initialised library, or None where there is no NVIDIA driver."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import pynvml
        except ImportError:
            return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        logger.debug("no NVIDIA driver", extra={"reason": str(error)})
        return None
    return pynvml


class Gpus:
    """What NVML says. A call may block as long as the driver does: never call it on the loop."""

    def __init__(self, library: Any = None) -> None:
        self._library = library if library is not None else _load()

    @classmethod
    def none(cls) -> Gpus:
        """The owner lends no GPU: the driver is not even asked."""
        gpus = cls.__new__(cls)
        gpus._library = None
        return gpus

    def present(self) -> tuple[Gpu, ...]:
        """Return the GPUs, each by its UUID. One that cannot even say that is left out; the others stay."""
        found = (self._gpu(handle) for handle in self._handles())
        return tuple(gpu for gpu in found if gpu is not None)

    def use(self, uuids: Sequence[str]) -> tuple[tuple[float, ...], int]:
        """Return the use in percent of each GPU of `uuids`, and the memory in use on all of them.

        What a GPU does not say counts as nothing; many cards know their memory but not their load.
        """
        nvml = self._library
        if nvml is None or not uuids:
            return (), 0
        percents, memory_bytes = [], 0
        for uuid in uuids:
            handle = self._ask("handle", nvml.nvmlDeviceGetHandleByUUID, uuid.encode())
            if handle is None:
                percents.append(0.0)
                continue
            rates = self._ask("load", nvml.nvmlDeviceGetUtilizationRates, handle)
            memory = self._ask("memory", nvml.nvmlDeviceGetMemoryInfo, handle)
            percents.append(float(rates.gpu) if rates is not None else 0.0)
            memory_bytes += int(memory.used) if memory is not None else 0
        return tuple(percents), memory_bytes

    def _gpu(self, handle: Any) -> Gpu | None:
        nvml = self._library
        uuid = self._ask("uuid", nvml.nvmlDeviceGetUUID, handle)
        if uuid is None:
            return None
        name = self._ask("name", nvml.nvmlDeviceGetName, handle)
        memory = self._ask("memory", nvml.nvmlDeviceGetMemoryInfo, handle)
        return Gpu(
            uuid=_text(uuid),
            name=_text(name) if name is not None else "NVIDIA GPU",
            memory_bytes=int(memory.total) if memory is not None else 0,
        )

    def _handles(self) -> list[Any]:
        nvml = self._library
        if nvml is None:
            return []
        count = self._ask("count", nvml.nvmlDeviceGetCount) or 0
        handles = [self._ask("handle", nvml.nvmlDeviceGetHandleByIndex, index) for index in range(count)]
        return [handle for handle in handles if handle is not None]

    def _ask(self, what: str, call: Callable[..., Any], *arguments: Any) -> Any:
        """Return one reading, None where the driver refuses it: lost, not supported, no permission."""
        try:
            return call(*arguments)
        except self._library.NVMLError as error:
            logger.warning("a GPU does not say its %s", what, extra={"reason": str(error)})
            return None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
