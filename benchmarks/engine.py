"""GLM-ASR's engine against `generate` on one GPU: real-time factors, and each stage against the limit.

Needs torch, transformers and numpy alone. Random weights at the true size; every contender writes
four tokens for each second of audio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import torch
import typer

from benchmarks import glm_contenders as contenders
from benchmarks import glm_roofline as roofline
from benchmarks.conclusion import Benchmark
from benchmarks.glm_contenders import Run, measured
from benchmarks.glm_random import RandomGlm, build, windows
from benchmarks.marks import Mark
from workers.engines.base import Samples
from workers.engines.glm_asr.stages import EventClock, Stage

MIXES: Final = ("full", "vad", "short")
COUNTS: Final = {"articles_8": 48, "sorted_64": 192, "sorted_128": 256, "ours": 1536}
"""Windows for each contender: enough to be steady, few enough to end in minutes."""
MARKS: Final = (
    Mark("full_ours_rtfx", at_least=3000),
    Mark("vad_ours_rtfx", at_least=2500),
    Mark("full_ours_against_sorted", at_least=10),
    Mark("vad_ours_against_sorted", at_least=10),
)
GIB: Final = 1024**3
Work = Callable[[Sequence[Samples]], int]


def main(
    *,
    out: Annotated[Path | None, typer.Option(help="Where the result is written.")] = None,
    scale: Annotated[float, typer.Option(help="Of the number of windows.")] = 1.0,
    device: Annotated[str, typer.Option(help="cuda:N; cpu only to see that it runs.")] = "cuda:0",
    tiny: Annotated[bool, typer.Option(help="Not the true size: a look without a GPU.")] = False,
) -> None:
    """Run every contender over every mix."""
    on_gpu = device.startswith("cuda")
    if on_gpu and not torch.cuda.is_available():
        raise typer.BadParameter("there is no CUDA device here; `--device cpu --tiny` shows that it runs")
    benchmark = Benchmark("engine")
    glm = build(device=device, dtype=torch.float16 if on_gpu else torch.float32, tiny=tiny)
    figures: dict[str, object] = {
        "device": torch.cuda.get_device_name(device) if on_gpu else device,
        "slots": glm.plan.slots,
        "windows_at_once": glm.plan.windows,
    }
    for mix in MIXES:
        benchmark.console.print(f"{mix} ...")
        figures |= figures_of(glm, mix, scale)
    if on_gpu:
        benchmark.console.print("stages ...")
        figures |= stage_figures(glm, windows("full", max(1, int(COUNTS["ours"] * scale / 2))))
    benchmark.conclude(
        figures,
        marks=MARKS if on_gpu and not tiny else (),
        packages=("torch", "transformers", "numpy"),
        out=out,
    )


def figures_of(glm: RandomGlm, mix: str, scale: float) -> dict[str, object]:
    """The stock ways first, then ours, whose slots take what memory is left."""
    stock: dict[str, Work] = {
        "articles_8": partial(contenders.generate, glm, rows=8, by_length=False),
        "sorted_64": partial(contenders.generate, glm, rows=64, by_length=True),
        "sorted_128": partial(contenders.generate, glm, rows=128, by_length=True),
    }
    runs = {name: tried(work, mix, COUNTS[name], scale) for name, work in stock.items()}
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    engine = glm.engine()
    runs["ours"] = tried(partial(contenders.continuous, engine), mix, COUNTS["ours"], scale)
    engine.close()
    best = max(runs["sorted_64"].rtfx, runs["sorted_128"].rtfx)
    figures: dict[str, object] = {}
    for name, run in runs.items():
        figures[f"{mix}_{name}_rtfx"] = round(run.rtfx, 1)
        figures[f"{mix}_{name}_peak_gib"] = round(run.peak_bytes / GIB, 1)
    figures[f"{mix}_ours_tokens_per_second"] = round(runs["ours"].tokens / runs["ours"].seconds)
    figures[f"{mix}_ours_host_share"] = round(runs["ours"].host_seconds / runs["ours"].seconds, 3)
    figures[f"{mix}_ours_against_articles"] = round(runs["ours"].rtfx / runs["articles_8"].rtfx, 1)
    figures[f"{mix}_ours_against_sorted"] = round(runs["ours"].rtfx / best, 1)
    return figures


def tried(work: Work, mix: str, count: int, scale: float) -> Run:
    """After a few windows that do not count, in which kernels are chosen."""
    clips = windows(mix, max(1, int(count * scale)))
    work(clips[: max(1, len(clips) // 8)])
    return measured(work, clips)


def stage_figures(glm: RandomGlm, clips: Sequence[Samples]) -> dict[str, object]:
    """Device time by stage, against what the chip was measured to do."""
    chip = roofline.measure_chip(glm.network.device, glm.network.dtype)
    torch.cuda.empty_cache()
    clock = EventClock()
    engine = glm.engine(clock)
    contenders.continuous(engine, clips[: len(clips) // 8])
    clock.forget()
    run = measured(partial(contenders.continuous, engine), clips)
    spent, steps = clock.seconds(), clock.steps
    engine.close()
    shares = roofline.shares_of_limit(chip, roofline.flops_by_stage(glm.network.config, clips), spent)
    bytes_read = roofline.decode_bytes(glm.network.config, clips, slots=glm.plan.slots)
    figures: dict[str, object] = {
        "chip_tflops": round(chip.flops / 1e12),
        "chip_tbytes_per_second": round(chip.bytes / 1e12, 2),
    }
    for stage, seconds in spent.items():
        figures[f"{stage}_ms_per_window"] = round(1000 * seconds / len(clips), 3)
    for stage, share in shares.items():
        figures[f"{stage}_share_of_matrix_limit"] = round(share, 3)
    figures["decode_share_of_memory_limit"] = round(bytes_read / chip.bytes / spent[Stage.DECODE], 3)
    figures["stages_share_of_wall"] = round(sum(spent.values()) / run.seconds, 3)
    figures["decode_ms_per_step"] = round(1000 * spent[Stage.DECODE] / steps, 3)
    figures["host_ms_per_step"] = round(1000 * run.host_seconds / steps, 3)
    return figures


if __name__ == "__main__":
    typer.run(main)
