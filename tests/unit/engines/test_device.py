from __future__ import annotations

import pytest
import torch

from core.errors import DeviceUnavailable
from workers.engines import device as devices
from workers.engines.settings import EngineSettings

CPU = torch.device("cpu")
CUDA = torch.device("cuda:0")


class TestChosenDevice:
    def test_is_the_one_that_is_asked_for(self) -> None:
        assert devices.chosen_device(EngineSettings(device="cuda:1")) == torch.device("cuda:1")

    def test_without_a_number_is_the_first(self) -> None:
        assert devices.chosen_device(EngineSettings(device="cuda")) == CUDA

    def test_is_the_cpu_where_there_is_no_gpu(self) -> None:
        expected = CUDA if torch.cuda.is_available() else CPU

        assert devices.chosen_device(EngineSettings(device="auto")) == expected


class TestRequire:
    def test_refuses_a_gpu_that_is_not_there(self) -> None:
        with pytest.raises(DeviceUnavailable, match="There is no cuda:99 here"):
            devices.require(torch.device("cuda:99"))

    def test_lets_the_cpu_pass(self) -> None:
        devices.require(CPU)


class TestUseThreads:
    def test_leaves_the_number_to_torch_unless_told(self) -> None:
        before = torch.get_num_threads()

        devices.use_threads(EngineSettings())

        assert torch.get_num_threads() == before

    def test_takes_as_many_as_it_is_told(self) -> None:
        before = torch.get_num_threads()

        devices.use_threads(EngineSettings(threads=1))

        assert torch.get_num_threads() == 1
        torch.set_num_threads(before)


class TestChosenDtype:
    def test_is_float16_on_a_gpu(self) -> None:
        assert devices.chosen_dtype(EngineSettings(), CUDA) is torch.float16

    def test_on_a_cpu_is_bfloat16_only_where_that_is_faster(self) -> None:
        expected = torch.bfloat16 if devices.has_fast_bfloat16() else torch.float32

        assert devices.chosen_dtype(EngineSettings(), CPU) is expected

    @pytest.mark.parametrize("device", [CPU, CUDA])
    def test_is_the_one_that_is_asked_for(self, device: torch.device) -> None:
        assert devices.chosen_dtype(EngineSettings(dtype="float32"), device) is torch.float32


class TestAffordableRows:
    def test_are_few_on_a_cpu_however_small_they_are(self) -> None:
        assert devices.affordable_rows(CPU, 1) == devices.CPU_ROWS
