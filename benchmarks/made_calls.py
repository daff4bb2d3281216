"""A folder of synthetic calls with a manifest: what is said, and by whom, is known; agents have habits.

The voice is hibari's, a small synthesiser that comes with its weights:
`.venv/bin/python -m pip install --no-deps hibari-tts==0.2.1`. Customers speak with the same
voice, lower by resampling.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Final, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

SCRIPTS: Final = Path(__file__).with_name("speech") / "call_scripts.json"
VOICE_RATE: Final = 24_000
LINE_RATE: Final = 8_000
"""As a telephone system records; two channels of mu-law."""
ROLES: Final = ("agent", "customer")
LOWER: Final = 0.84
"""Of the customer's pitch and pace."""
LINE_NOISE_DBFS: Final = -62.0
TAIL_S: Final = 1.0
AUDIBLE: Final = 0.01
"""Of full scale; the silence around a line is left out."""

Sound = npt.NDArray[np.float32]
Speak = Callable[[str], Sound]
"""A line, spoken: float32, VOICE_RATE, shape (samples,)."""


class Script(TypedDict):
    queue: str
    turns: list[list[str]]
    """Role and line."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Whose calls they are, and what can be heard of it."""

    name: str
    holds: float = 0.05
    """How likely a long silence is before a line of the agent's."""
    cuts_in: float = 0.05
    """How likely the agent begins before the customer has ended."""
    noise_dbfs: float = LINE_NOISE_DBFS
    level_db: float = 0.0
    repeats: float = 0.0
    """How likely the agent says a line again."""


AGENTS: Final = (
    Agent("Ana"),
    Agent("Jonas", holds=0.45),
    Agent("Kim", cuts_in=0.5),
    Agent("Lee", noise_dbfs=-26.0),
    Agent("Mia", level_db=-24.0),
    Agent("Raj", repeats=0.6),
)


class Spoken(NamedTuple):
    channel: int
    start: int
    """In samples of the line."""
    sound: Sound
    text: str


@dataclass(slots=True)
class MadeCall:
    name: str
    agent: Agent
    queue: str
    spoken: list[Spoken] = field(default_factory=list)

    @property
    def texts(self) -> dict[str, str]:
        """What each party says, in order."""
        return {
            role: " ".join(each.text for each in self.spoken if each.channel == channel)
            for channel, role in enumerate(ROLES)
        }

    def write(self, path: Path, random: Random) -> None:
        length = max(each.start + len(each.sound) for each in self.spoken) + int(TAIL_S * LINE_RATE)
        rng = np.random.default_rng(random.randrange(2**32))
        noise = 10 ** (np.array([self.agent.noise_dbfs, LINE_NOISE_DBFS]) / 20)
        sound = rng.standard_normal((length, len(ROLES))) * noise
        gains = 10 ** (np.array([self.agent.level_db, 0.0]) / 20)
        for channel, start, spoken, _ in self.spoken:
            sound[start : start + len(spoken), channel] += gains[channel] * spoken
        soundfile.write(path, np.clip(sound, -0.99, 0.99), LINE_RATE, subtype="ULAW")


def make_calls(folder: Path, *, count: int, seed: int, speak: Speak) -> list[MadeCall]:
    """Writes `count` calls and `calls.csv` into the folder; the same seed gives the same calls."""
    random = Random(seed)  # noqa: S311 - no secret
    voices = {role: _cached(speak, pitch) for role, pitch in zip(ROLES, (1.0, LOWER), strict=True)}
    calls = [_call(number, random, voices) for number in range(count)]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("file", "custom_id", "agent", "queue"))
        for call in calls:
            call.write(folder / f"{call.name}.wav", random)
            rows.writerow((f"{call.name}.wav", call.name, call.agent.name, call.queue))
    return calls


def hibari() -> Speak:
    """The synthesiser; the same line always sounds the same."""
    from hibari import Hibari  # noqa: PLC0415 - installed for this alone

    voice = Hibari()
    return lambda line: np.asarray(voice(line, seed=0), np.float32)


def _cached(speak: Speak, pitch: float) -> Speak:
    @cache
    def spoken(line: str) -> Sound:
        sound = soxr.resample(speak(line), VOICE_RATE * pitch, LINE_RATE)
        loud = np.flatnonzero(np.abs(sound) > AUDIBLE)
        return np.asarray(sound[loud[0] : loud[-1] + 1], np.float32)

    return spoken


def _call(number: int, random: Random, voices: Mapping[str, Speak]) -> MadeCall:
    script: Script = random.choice(_scripts())
    agent = AGENTS[number % len(AGENTS)]
    call = MadeCall(f"call-{number:04}", agent, script["queue"])
    end = random.randrange(LINE_RATE // 2, 2 * LINE_RATE)
    for role, line in _lines(script, agent, random):
        sound = voices[role](line)
        start = max(end + _gap(role, agent, random), 0)
        call.spoken.append(Spoken(ROLES.index(role), start, sound, line))
        end = start + len(sound)
    return call


def _lines(script: Script, agent: Agent, random: Random) -> Iterator[tuple[str, str]]:
    """From the first to the last or to one of those before it."""
    turns = script["turns"]
    for role, line in turns[: random.randrange(len(turns) - 2, len(turns) + 1)]:
        yield role, line
        if role == "agent" and random.random() < agent.repeats:
            yield role, line


def _gap(role: str, agent: Agent, random: Random) -> int:
    """Samples between the end of what was said and what follows; negative where it is cut into."""
    if role == "agent" and random.random() < agent.holds:
        return random.randrange(11 * LINE_RATE, 18 * LINE_RATE)
    if role == "agent" and random.random() < agent.cuts_in:
        return -random.randrange(LINE_RATE * 3 // 4, LINE_RATE * 3 // 2)
    return random.randrange(LINE_RATE // 5, LINE_RATE * 6 // 5)


@cache
def _scripts() -> list[Script]:
    scripts: list[Script] = json.loads(SCRIPTS.read_text(encoding="utf-8"))
    return scripts
