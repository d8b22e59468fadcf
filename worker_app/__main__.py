"""The worker's command line: `run`, `status`, `retry-now`, `doctor` and more; without one the tray app opens."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Any

from core import logs, paths
from core import settings as core_settings
from core.allocator import keep_freed_memory
from core.domain.errors import HiveMindError, Invalid
from worker_app.host.tunnel import tunnel
from worker_app.settings import FILE_NAME, WorkerSettings

logger = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Parse, run, and return the exit code: 0 fine, 1 an error that was explained, 2 wrong usage."""
    given = sys.argv[1:] if argv is None else argv
    if given and given[0].startswith("hivemind:"):
        # A link that was clicked: the system calls us with it alone. What a page may have smuggled in behind it
        # is no argument of ours.
        given = ["--link", given[0]]
    arguments = _parser().parse_args(given)
    try:
        code: int = arguments.command(arguments)
    except HiveMindError as error:
        _explain(error)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _explain(error: HiveMindError) -> None:
    print(f"{error.message} [{error.code}]", file=sys.stderr)
    for problem in getattr(error, "problems", ()):
        where = f"line {problem.line}: " if problem.line else ""
        print(f"  {where}{problem.reason} {problem.fix}", file=sys.stderr)
    if error.fix:
        print(error.fix, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="worker_app", description="Lend this computer to a HiveMind pool.")
    parser.set_defaults(command=_tray)
    parser.add_argument("--minimized", action="store_true", help="open in the tray, without a window")
    parser.add_argument("--link", default="", metavar="LINK", help="a hivemind: link that was opened")
    _common(parser)
    commands = parser.add_subparsers(dest="name")
    run = commands.add_parser("run", help="run the agent: connect to the master and work")
    run.set_defaults(command=_run)
    _common(run)
    run.add_argument("--join", metavar="LINK", help="join a pool first; - reads the link from standard input")
    run.add_argument("--slots", type=int)
    run.add_argument("--cpu-cores", type=float)
    run.add_argument("--memory-gb", type=float)
    run.add_argument("--label", action="append", metavar="K=V", default=None)
    _vpn(run)
    join = commands.add_parser("join", help="join a pool; a running agent that its master turns away joins anew")
    join.set_defaults(command=_join)
    _common(join)
    join.add_argument("--again", action="store_true", help="as a new node, whatever this computer was before")
    join.add_argument("link", metavar="LINK", help="the join link; - reads it from standard input")
    _vpn(join)
    once = commands.add_parser("run-once", help="run one subtask of a folder on this computer's own engine")
    once.set_defaults(command=_run_once)
    _common(once)
    once.add_argument("folder", type=Path)
    once.add_argument("--index", type=int, default=0)
    clean = commands.add_parser("clean", help="remove what tasks left in the engine and on the disk")
    clean.set_defaults(command=_clean)
    _common(clean)
    wrong = commands.add_parser("conditions", help="what is wrong with the running agent, and what comes next")
    wrong.set_defaults(command=_conditions)
    _common(wrong)
    wrong.add_argument("--json", action="store_true")
    status = commands.add_parser("status", help="how the running agent is: link, work, and what is wrong")
    status.set_defaults(command=_status)
    _common(status)
    status.add_argument("--json", action="store_true")
    retry = commands.add_parser("retry-now", help="have the running agent dial the master now")
    retry.set_defaults(command=_retry_now)
    _common(retry)
    practise = commands.add_parser("practise", help="have the running agent run the pool's practice subtask once")
    practise.set_defaults(command=_practise)
    _common(practise)
    practise.add_argument("--json", action="store_true")
    doctor = commands.add_parser("doctor", help="try whether this computer can be a node")
    doctor.set_defaults(command=_doctor)
    _common(doctor)
    doctor.add_argument("--json", action="store_true")
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--runtime", choices=["docker", "process"])


def _vpn(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vpn", metavar="FILE", help="reach the master through the tunnel of this WireGuard file")


def _settings(arguments: argparse.Namespace, folder: Path) -> WorkerSettings:
    flags: dict[str, Any] = {
        name: getattr(arguments, name, None) for name in ("slots", "cpu_cores", "memory_gb", "runtime", "vpn")
    }
    labels = getattr(arguments, "label", None)
    if labels:
        pairs = [text.partition("=") for text in labels]
        if not all(key and equals for key, equals, _ in pairs):
            raise Invalid("A label is written KEY=VALUE.", code="LABEL_INVALID")
        flags["label"] = {key: value for key, _, value in pairs}
    return core_settings.load(WorkerSettings, file=folder / FILE_NAME, environ=os.environ, flags=flags)


def _vpn_file(settings: WorkerSettings) -> Path | None:
    return Path(settings.vpn).expanduser() if settings.vpn else None


def _folders(arguments: argparse.Namespace) -> paths.Folders:
    given = arguments.data_dir or os.environ.get("HIVEMIND_DATA_DIR")
    return paths.folders("worker", data_dir=Path(given) if given else None)


def _tray(arguments: argparse.Namespace) -> int:
    """Open the window and the tray icon; the agent runs beside them, or is started."""
    from worker_app.tray.app import Options, run

    folders = _folders(arguments)
    folder = paths.private_folder(folders.data)
    program = paths.program("worker_app")
    more = ["--data-dir", str(folder)] if arguments.data_dir else []
    agent = [*program, "run", *more, *(["--runtime", arguments.runtime] if arguments.runtime else [])]
    with logs.configure(file=folders.logs / "tray.log", level="INFO"):
        logs.catch_unhandled()
        return run(
            Options(
                folder=folder,
                agent_command=agent,
                login_command=[*paths.program("worker_app", window=True), *more, "--minimized"],
                link_command=[*paths.program("worker_app", window=True), *more, "--link"],
                minimized=arguments.minimized,
                link=arguments.link,
            )
        )


def _run(arguments: argparse.Namespace) -> int:
    from worker_app import bootstrap
    from worker_app.agent.tail import AgentTail
    from worker_app.agent.workspace import Workspace

    keep_freed_memory()
    folders = _folders(arguments)
    workspace = Workspace(folders.data)
    settings = _settings(arguments, folders.data)
    with (
        logs.configure(file=folders.logs / "agent.log", level=settings.log_level) as configured,
        workspace,
        tunnel(_vpn_file(settings)),
    ):
        logs.catch_unhandled()
        identity = workspace.identity()
        if arguments.join and identity is None:
            link = sys.stdin.readline().strip() if arguments.join == "-" else arguments.join
            configured.secrets.add(link)
            identity = asyncio.run(bootstrap.join(workspace, settings, link))
            logger.info("joined", extra={"node_id": identity.node_id, "pool": identity.pool_name})
        if identity is None:
            logger.info("this worker has joined no pool; it waits for a join link at its local door")
        tail = AgentTail(configured.secrets.mask)
        logging.getLogger().addHandler(tail)
        try:
            return asyncio.run(bootstrap.run_agent(workspace, settings, tail))
        finally:
            logging.getLogger().removeHandler(tail)


def _join(arguments: argparse.Namespace) -> int:
    from worker_app import bootstrap
    from worker_app.agent.workspace import Workspace
    from worker_app.tray import asking

    folders = _folders(arguments)
    workspace = Workspace(folders.data)
    settings = _settings(arguments, folders.data)
    link = sys.stdin.readline().strip() if arguments.link == "-" else arguments.link
    if asking.join(folders.data, link):
        return 0
    with (
        logs.configure(file=folders.logs / "agent.log", level=settings.log_level) as configured,
        workspace,
        tunnel(_vpn_file(settings)),
    ):
        configured.secrets.add(link)
        identity = asyncio.run(bootstrap.join(workspace, settings, link, again=arguments.again))
        print(f"joined pool={identity.pool_name} id={identity.node_id}")
        return 0


def _run_once(arguments: argparse.Namespace) -> int:
    from worker_app import bootstrap
    from worker_app.agent import run_once
    from worker_app.agent.workspace import Workspace

    folders = _folders(arguments)
    workspace = Workspace(folders.data)
    settings = _settings(arguments, folders.data)

    async def once() -> int:
        runtime = bootstrap.make_runtime(settings, workspace.root, "run-once")
        try:
            return await run_once.run(arguments.folder, arguments.index, runtime)
        finally:
            await runtime.shut()

    with logs.configure(file=None, level="WARNING"):
        return asyncio.run(once())


def _clean(arguments: argparse.Namespace) -> int:
    from worker_app import bootstrap
    from worker_app.agent.workspace import Workspace

    folders = _folders(arguments)
    workspace = Workspace(folders.data)
    settings = _settings(arguments, folders.data)
    # The lock of the folder: a running agent must end first.
    with logs.configure(file=None, level="WARNING"), workspace:
        asyncio.run(bootstrap.clean(workspace, settings))
    return 0


def _conditions(arguments: argparse.Namespace) -> int:
    from worker_app.tray import asking

    return asking.conditions(_folders(arguments).data, as_json=arguments.json)


def _status(arguments: argparse.Namespace) -> int:
    from worker_app.tray import asking

    return asking.status(_folders(arguments).data, as_json=arguments.json)


def _retry_now(arguments: argparse.Namespace) -> int:
    from worker_app.tray import asking

    return asking.retry_now(_folders(arguments).data)


def _practise(arguments: argparse.Namespace) -> int:
    from worker_app.tray import asking

    return asking.practise(_folders(arguments).data, as_json=arguments.json)


def _doctor(arguments: argparse.Namespace) -> int:
    from worker_app import bootstrap
    from worker_app.agent.doctor import Doctor, as_json, as_text
    from worker_app.agent.gpus import Gpus
    from worker_app.agent.workspace import Workspace

    folders = _folders(arguments)
    workspace = Workspace(folders.data)
    settings = _settings(arguments, folders.data)

    async def examine() -> int:
        runtime = bootstrap.make_runtime(settings, workspace.root, "doctor")
        try:
            checks = await Doctor(runtime, workspace.root, workspace.identity(), Gpus()).examine()
        finally:
            await runtime.shut()
        print(as_json(checks) if arguments.json else as_text(checks))
        return 0 if all(check.ok or not check.needed for check in checks) else 1

    with logs.configure(file=None, level="ERROR"):
        return asyncio.run(examine())


if __name__ == "__main__":
    sys.exit(main())
