"""The files of `deploy/` say the same as the programs that they start."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app import __main__, config
from app.domain.schedule import SCHEDULE
from app.supervisor.services import SERVICE_STOP_S
from app.web import pulse
from scheduler import EXIT_CONFIG as SCHEDULER_EXIT_CONFIG
from worker import EXIT_CONFIG as WORKER_EXIT_CONFIG
from worker import LOOK_EVERY_S, STOP_WITHIN_S

ROOT = Path(__file__).resolve().parents[2]
SYSTEMD = ROOT / "deploy" / "systemd"
NSSM = ROOT / "deploy" / "nssm"
PREFIX = "/opt/bellhop"
UNITS = sorted(path.name for path in SYSTEMD.glob("*.service"))
COMMON = SYSTEMD / "bellhop-.service.d" / "10-common.conf"
SCRIPTS = ("install.cmd", "uninstall.cmd")
#: Seconds in which a worker says goodbye after its last message.
CLOSING_S = 5
#: `systemd-analyze security` calls up to 2.0 of 10 "OK" at worst; it wants tenths.
MOST_EXPOSED = 20


class Unit(configparser.RawConfigParser):
    """A unit file; of a setting that stands there twice the last one counts."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=False, delimiters=("=",), comment_prefixes=("#",))
        self.optionxform = str  # type: ignore[assignment, method-assign]
        self.read_string(path.read_text(encoding="utf-8"))

    def service(self, name: str) -> str:
        """Return a setting of the section [Service]."""
        return self.get("Service", name)


def batch_lines(name: str) -> list[str]:
    return (NSSM / name).read_text(encoding="ascii").splitlines()


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as `install.sh` writes them, and what they start."""
    prefix = tmp_path / "bellhop"
    for program in (".venv/bin/python", "worker.py", "scheduler.py"):
        (prefix / program).parent.mkdir(parents=True, exist_ok=True)
        (prefix / program).symlink_to(sys.executable)
    units = tmp_path / "units"
    (units / COMMON.parent.name).mkdir(parents=True)
    for path in (*SYSTEMD.glob("*.service"), *SYSTEMD.glob("*.target"), COMMON):
        text = path.read_text(encoding="utf-8").replace(PREFIX, str(prefix))
        (units / path.relative_to(SYSTEMD)).write_text(text, encoding="utf-8")
    return units


def analyze(units: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze on this machine")
    return subprocess.run(
        ["systemd-analyze", *arguments],
        # The colon at the end: and the system's own units.
        env={"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def unit_names() -> list[str]:
    return [name.replace("@.", "@main.") for name in UNITS]


@pytest.mark.parametrize("name", unit_names())
def test_systemd_finds_no_fault_in_the_unit(installed: Path, name: str) -> None:
    found = analyze(installed, "verify", "--man=no", name)

    assert (found.stderr, found.returncode) == ("", 0)


@pytest.mark.parametrize("name", unit_names())
def test_the_unit_leaves_little_to_a_stranger(installed: Path, name: str) -> None:
    found = analyze(
        *(installed, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", name)
    )

    assert found.returncode == 0, found.stdout[-200:]


def test_every_process_has_its_unit_and_starts_what_exists() -> None:
    commands = {name: Unit(SYSTEMD / name).service("ExecStart") for name in UNITS}

    python = f"{PREFIX}/.venv/bin/python"
    assert commands == {
        "bellhop-api.service": f"{python} -m app api",
        "bellhop-migrate.service": f"{python} -m app migrate",
        "bellhop-scheduler.service": f"{python} {PREFIX}/scheduler.py",
        "bellhop-worker@.service": f"{python} {PREFIX}/worker.py --name %i",
    }
    assert {"api", "migrate"} <= set(__main__.COMMANDS)
    assert (ROOT / "worker.py").is_file()
    assert (ROOT / "scheduler.py").is_file()


@pytest.mark.parametrize(
    ("name", "needs_s"),
    [
        ("bellhop-api.service", SERVICE_STOP_S),
        ("bellhop-scheduler.service", SERVICE_STOP_S),
        ("bellhop-worker@.service", STOP_WITHIN_S + CLOSING_S),
    ],
)
def test_systemd_waits_until_a_process_has_stopped(name: str, needs_s: float) -> None:
    assert float(Unit(SYSTEMD / name).service("TimeoutStopSec")) >= needs_s


@pytest.mark.parametrize(
    ("name", "sign_of_life_every_s"),
    [
        ("bellhop-api.service", pulse.ALIVE_EVERY_S + pulse.ANSWER_WITHIN_S),
        ("bellhop-scheduler.service", SCHEDULE["heartbeat"].total_seconds()),
        ("bellhop-worker@.service", LOOK_EVERY_S),
    ],
)
def test_the_watchdog_forgives_a_missed_sign_of_life(
    name: str, sign_of_life_every_s: float
) -> None:
    unit = Unit(SYSTEMD / name)

    assert unit.service("Type") == "notify"
    assert float(unit.service("WatchdogSec")) >= 2 * sign_of_life_every_s


def test_a_wrong_setting_starts_nothing_again() -> None:
    code = Unit(COMMON).service("RestartPreventExitStatus")

    ours = {__main__.EXIT_CONFIG, WORKER_EXIT_CONFIG, SCHEDULER_EXIT_CONFIG}
    assert ours == {int(code)}
    assert f"call :set AppExit {code} Exit" in batch_lines("install.cmd")


def test_the_settings_that_are_named_exist() -> None:
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for folder in (SYSTEMD, NSSM)
        for path in folder.rglob("*.*")
        if path.is_file()
    }

    named = {
        name
        for text in texts.values()
        for name in re.findall(r"\b(?:BELLHOP_[A-Z_]+|REDIS_URL)\b", text)
    }
    named |= set(re.findall(r"^#?([A-Z_]+)=", texts["bellhop.env"], re.MULTILINE))

    assert {"BELLHOP_DATA_DIR", "BELLHOP_API_KEY", "TWILIO_AUTH_TOKEN"} <= named
    assert named <= set(config.names())


def test_the_installer_copies_all_that_the_services_need() -> None:
    script = (SYSTEMD / "install.sh").read_text(encoding="utf-8")
    copied = re.search(r'^CODE="(.+)"$', script, re.MULTILINE)
    units = re.search(r'^UNIT_FILES="([^"]+)"$', script, re.MULTILINE)

    assert copied is not None
    assert units is not None
    assert {"app", "actors", "worker.py", "scheduler.py"} <= set(copied[1].split())
    assert all((ROOT / part).exists() for part in copied[1].split())
    assert set(units[1].split()) == {
        *UNITS,
        "bellhop.target",
        str(COMMON.relative_to(SYSTEMD)),
    }


@pytest.mark.skipif(
    sys.platform == "win32" or Path("/run/systemd/system").exists(),
    reason="it would install Bellhop where systemd runs",
)
@pytest.mark.parametrize("wish", [(), ("--uninstall",), ("--prefix", "/srv/bellhop")])
def test_the_installer_refuses_in_one_sentence_without_systemd_or_root(
    wish: tuple[str, ...],
) -> None:
    ended = run_installer(*wish)

    assert ended.returncode == 1
    assert re.fullmatch(
        r"(This must run as root|systemd does not run).+\n", ended.stderr
    )
    assert ended.stdout == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_the_installer_explains_itself() -> None:
    helped, puzzled = run_installer("--help"), run_installer("--what")

    assert (helped.returncode, puzzled.returncode) == (0, 2)
    assert helped.stdout == puzzled.stderr
    assert "--uninstall" in helped.stdout


def test_the_windows_services_are_the_same_processes_and_have_time_to_stop() -> None:
    services = {
        name: (int(stop_ms) / 1000, arguments)
        for line in batch_lines("install.cmd")
        if (found := re.search(r"call :service (\S+) (\d+) \S+ (.+)", line))
        for name, stop_ms, arguments in [found.groups()]
    }

    assert {name: arguments for name, (_, arguments) in services.items()} == {
        "BellhopApi": "-m app api",
        "BellhopScheduler": "scheduler.py",
        "BellhopWorker": "worker.py",
        "BellhopWorker-%%W": "worker.py --name %%W",
    }
    for name, (stop_s, _) in services.items():
        is_worker = name.startswith("BellhopWorker")
        assert stop_s >= (STOP_WITHIN_S + CLOSING_S if is_worker else SERVICE_STOP_S)


def test_what_is_installed_on_windows_is_also_removed() -> None:
    removed = {
        name
        for line in batch_lines("uninstall.cmd")
        if (found := re.search(r"in \((.+)\) do call :remove (\S+)", line))
        for name in ([found[2]] if found[2] != "%%S" else found[1].split())
    }

    assert removed == {
        "BellhopApi",
        "BellhopScheduler",
        "BellhopWorker",
        "BellhopWorker-%%W",
    }


@pytest.mark.parametrize("name", SCRIPTS)
def test_batch_files_have_windows_line_ends_and_every_label(name: str) -> None:
    content = (NSSM / name).read_bytes()
    labels = {line[1:] for line in batch_lines(name) if line.startswith(":")}
    jumps = re.findall(r"(?:call :|goto )(\w+)", content.decode("ascii"))

    # cmd.exe loses its labels in a file with Unix line ends.
    assert content.count(b"\n") == content.count(b"\r\n")
    assert set(jumps) == labels


def run_installer(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(SYSTEMD / "install.sh"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
