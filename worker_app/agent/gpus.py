"""The machine's NVIDIA GPUs. The only place that imports pynvml, which is absent or fails where there is none."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
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
        """Return the GPUs, each by its UUID; none when the driver does not answer."""
        nvml = self._library
        if nvml is None:
            return ()
        try:
            return tuple(
                Gpu(
                    uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
                    name=_text(nvml.nvmlDeviceGetName(handle)),
                    memory_bytes=int(nvml.nvmlDeviceGetMemoryInfo(handle).total),
                )
                for handle in self._handles()
            )
        except nvml.NVMLError as error:
            logger.warning("the GPUs cannot be listed", extra={"reason": str(error)})
            return ()

    def use(self, uuids: Sequence[str]) -> tuple[tuple[float, ...], int]:
        """Return the use in percent of each GPU of `uuids`, and the memory in use on all of them."""
        nvml = self._library
        if nvml is None or not uuids:
            return (), 0
        percents, memory_bytes = [], 0
        try:
            for uuid in uuids:
                handle = nvml.nvmlDeviceGetHandleByUUID(uuid.encode())
                percents.append(float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu))
                memory_bytes += int(nvml.nvmlDeviceGetMemoryInfo(handle).used)
        except nvml.NVMLError as error:
            logger.warning("a GPU does not say its use", extra={"reason": str(error)})
        return tuple(percents), memory_bytes

    def _handles(self) -> list[Any]:
        nvml = self._library
        return [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
