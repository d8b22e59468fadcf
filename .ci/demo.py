"""The main job, seen: a master and three agents on this computer, real tasks over REST, results and the ledger.

    python dev.py demo [--keep]

`--keep` leaves the pool running until Ctrl-C, with its addresses printed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn  # noqa: E402

from core.blobs.bundler import pack_folder  # noqa: E402
from core.client.client import HiveMind  # noqa: E402
from tests.support.pool import Pool, engine_answers  # noqa: E402

EXAMPLES = (
    *("mandelbrot", "photo-sheet", "animation", "word-count", "monte-carlo", "train-grid"),
    *("pi-checkpoint", "shell-pipeline", "plain-main"),
)
NODES = ("node-1", "node-2", "node-3")
LIMIT_S = 600.0
console = Console(highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the pool running until Ctrl-C")
    keep = parser.parse_args().keep
    folder = Path(tempfile.mkdtemp(prefix="hivemind-demo-"))
    try:
        return run(folder, keep=keep)
    except KeyboardInterrupt:
        console.print("\nStopped; everything that the demo started is ended.")
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(folder: Path, *, keep: bool) -> int:
    isolated = engine_answers()
    if not isolated:
        console.print(
            "No container engine answers here, so tasks run [bold]not isolated[/], as plain processes. Everything "
            "belongs to one user then, and own work on own nodes earns 0."
        )
    with Pool(folder, "docker" if isolated else "process") as pool:
        url = pool.start_master()
        owner = "bob" if isolated else "ann"
        pool.add_user("ann", "submitter", "provider")
        if isolated:
            pool.add_user("bob", "provider")
        agents = [pool.start_agent(name, owner) for name in NODES]
        for agent in agents:
            agent.ready()
        console.print(f"Master at {url}, nodes {', '.join(NODES)} of {owner}, tasks by ann.\n")
        with HiveMind(url) as ann:
            ann.login("ann", pool.password)
            ok = work(ann, folder, isolated=isolated)
            report(pool, ann, url, owner)
            if keep:
                say_how_to_log_in(pool, url)
                while True:
                    time.sleep(1)
            console.print("All of it is ended now. `dev.py demo --keep` leaves it running and says how to log in.")
    return 0 if ok else 1


def say_how_to_log_in(pool: Pool, url: str) -> None:
    """The password was made for this run alone; nothing outside this computer reaches the page."""
    pool.add_user("olga", "operator")
    console.print(f"\nStill running until Ctrl-C. The portal: [bold]{url}/login[/]")
    for name, what in (("ann", "submits and pays"), ("bob", "owns the nodes"), ("olga", "runs the pool: Admin")):
        if name != "bob" or engine_answers():
            console.print(f"  user [bold]{name}[/]  password [bold]{pool.password}[/]  {what}")


def work(ann: HiveMind, folder: Path, *, isolated: bool) -> bool:
    """Submit all examples, show them until they end, fetch their results. Return whether all succeeded."""
    fields = {} if isolated else {"allow_process": True}
    tasks: dict[str, str] = {}
    for name in EXAMPLES:
        target = folder / f"{name}.zip"
        pack_folder(ROOT / "resources" / "examples" / name, target)
        tasks[ann.submit(target, fields).task_id] = name
    states = watch(ann, tasks)
    results = ROOT / ".demo" / "results"
    shutil.rmtree(results, ignore_errors=True)
    for task_id, name in tasks.items():
        if states[task_id] == "SUCCEEDED":
            archive = folder / f"{name}-result.zip"
            ann.download_result(task_id, archive)
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(results / name)
    failed = [name for task_id, name in tasks.items() if states[task_id] != "SUCCEEDED"]
    console.print(f"\nResults are in {results}")
    for picture in sorted(results.rglob("*.png")):
        console.print(f"  picture: {picture}")
    for name in failed:
        console.print(f"  [bold]{name} did not succeed[/]")
    return not failed


def watch(ann: HiveMind, tasks: dict[str, str]) -> dict[str, str]:
    """Show bars for tasks and nodes until all have ended; return the state of each task."""
    states = dict.fromkeys(tasks, "QUEUED")
    until = time.monotonic() + LIMIT_S
    columns = (TextColumn("{task.description:<16}"), BarColumn(36), TextColumn("{task.fields[words]:<34}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        rows: dict[str, TaskID] = {
            task_id: bars.add_task(name, total=1.0, words="queued") for task_id, name in tasks.items()
        }
        lanes = {name: bars.add_task(name, total=1, words="") for name in NODES}
        while not all(state in ("SUCCEEDED", "FAILED", "CANCELLED") for state in states.values()):
            if time.monotonic() > until:
                raise TimeoutError(f"not all tasks ended within {LIMIT_S:.0f} s: {states}")
            for task_id in tasks:
                found = ann.task(task_id)
                states[task_id] = found.state
                ended = round(found.progress * found.subtask_count)
                words = f"{found.state.lower()}  {ended}/{found.subtask_count}  {found.cost.cpt} CPT"
                bars.update(rows[task_id], completed=found.progress, words=words)
            for node in ann.nodes():
                if node.name in lanes:
                    words = f"{node.running} of {node.slots} slots, load {node.cpu_percent:.0f} %"
                    bars.update(lanes[node.name], completed=node.running, total=max(1, node.slots), words=words)
            time.sleep(0.25)
    return states


def report(pool: Pool, ann: HiveMind, url: str, owner: str) -> None:
    """Say who did how much, who earned what, and that the ledger adds up."""
    done: Counter[str] = Counter()
    for task in ann.tasks():
        for subtask in ann.subtasks(task.task_id):
            done.update(each["node_name"] for each in subtask["attempts"] if each["state"] == "SUCCEEDED")
    shares = ", ".join(f"{name} {count}" for name, count in sorted(done.items()))
    console.print(f"\nSubtasks by node: {shares}")
    with HiveMind(url) as provider:
        provider.login(owner, pool.password)
        console.print(f"ann has {ann.balance().cpt} CPT left; {owner} has {provider.balance().cpt} CPT.")
    console.print(f"Ledger: {pool.admin('ledger', 'verify')}")


if __name__ == "__main__":
    sys.exit(main())
