from __future__ import annotations

import pytest
import torch

from core.errors import EngineBroken, EngineOverloaded
from workers.engines.faults import device_faults


class TestDeviceFaults:
    def test_a_cpu_without_memory_is_overloaded(self) -> None:
        with pytest.raises(EngineOverloaded), device_faults():
            torch.empty(1 << 60, dtype=torch.uint8)

    @pytest.mark.parametrize(
        "error",
        [
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
            MemoryError(),
        ],
    )
    def test_a_device_without_memory_is_overloaded(self, error: Exception) -> None:
        with pytest.raises(EngineOverloaded), device_faults():
            raise error

    @pytest.mark.parametrize(
        "error",
        [
            torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
            RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"),
            RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR"),
        ],
    )
    def test_a_device_that_will_not_come_back_is_broken(self, error: Exception) -> None:
        with pytest.raises(EngineBroken), device_faults():
            raise error

    def test_a_bug_stays_a_bug(self) -> None:
        with pytest.raises(RuntimeError, match="shapes"), device_faults():
            raise RuntimeError("shapes cannot be multiplied")
