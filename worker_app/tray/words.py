"""The agent's lines in words, in the language in use. A code that is not known here is shown as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from core.desktop import figures
from core.desktop.translations import mark, plural, tr
from core.domain.agent_views import Line
from worker_app.tray.sentences import said

#: Code of a line -> sentence. `{tasks}` is a count with its noun; times and amounts come formatted.
SENTENCES: Final[dict[str, str]] = {
    # ---- the line on top: what it does, because of what
    "not_joined": mark("This computer has not joined a pool yet."),
    "not_joined_next": mark("Paste a join link to begin."),
    "setup_unfinished": mark("Set-up is not finished; no tasks are taken yet."),
    "setup_next": mark("It goes on where you left it."),
    "practising": mark("The practice subtask is on its way; the pool pays for it."),
    "practising_next": mark("After it your rules hold."),
    "engine_problem": mark("No tasks are taken: {words}."),
    "engine_next_fix": mark("{fix} Earnings and rules still work, and the engine is looked for by itself."),
    "engine_next": mark("Earnings and rules still work. It is looked for by itself."),
    "disk_full": mark("The disk is nearly full, so no tasks are taken."),
    "disk_next": mark("Make room, or lower the disk budget under Rules."),
    "master_refused": mark("The master turned this computer away: {words}"),
    "given_fix": mark("{fix}"),
    "connecting": mark("Connecting to the master…"),
    "offline": mark("Offline since {since}, next try in {next}."),
    "offline_trying": mark("Offline since {since}, trying now."),
    "offline_working": mark("Offline since {since}, next try in {next}. Running work may go on until {until}."),
    "offline_working_trying": mark("Offline since {since}, trying now. Running work may go on until {until}."),
    "work_is_kept": mark(
        "Work and earnings are kept on this computer. Back in time, it goes on and is paid as usual."
    ),
    "retries": mark("It tries again by itself, and at once when the network returns."),
    "switched_off": mark("Lending is switched off."),
    "paused": mark("Paused by you until you resume."),
    "paused_until": mark("Paused by you until {until} ({left} left)."),
    "finishing": mark("Finishing {tasks}, then it pauses."),
    "resting": mark("Resting by schedule until {until}."),
    "resting_always": mark("Resting by schedule."),
    "frozen_work": mark("{tasks} frozen; the memory stays in use until you free it."),
    "work_ends": mark("{tasks} still at work."),
    "working_away": mark("{tasks}, because you have been away since {since}."),
    "working_full": mark("{tasks}, because these are full hours of your schedule."),
    "working_in_use": mark("{tasks}, within what your rules allow while you use the computer."),
    "working_always": mark("{tasks}. No rules are set on this computer, so it lends always."),
    "working_by_hand": mark("{tasks}, because you started it now."),
    "no_rules_set": mark("Choose a preset under Rules to keep it out of your way."),
    "full_hours": mark("Games and full-screen programs still come first."),
    "on_return_keep": mark("When you return it goes on."),
    "on_return_throttle": mark("When you return it slows down within 1 s."),
    "on_return_freeze": mark("When you return it freezes within 1 s and keeps its place."),
    "on_return_finish": mark("When you return it finishes what runs and takes nothing new."),
    "on_return_stop": mark("When you return it stops within 1 s at its checkpoint."),
    "on_return_gpu": mark("When you return it stops within 1 s at its checkpoint, because it uses the GPU."),
    "ready_no_task": mark("This computer is ready. The pool has no task that fits it at the moment."),
    "ready_notice": mark("This computer is ready. The master says: {words}"),
    "quitting_finish": mark("Finishing {tasks}, then it quits."),
    "quitting_give_back": mark("Giving work back, then it quits."),
    "quitting_shutdown": mark("The system is shutting down, so work goes back with its checkpoints."),
    "stays_then": mark("If it stays on after all, lending goes on by itself within 3 minutes."),
    "idle_idle": mark("Nothing runs, because you are using this computer."),
    "idle_power": mark("Nothing runs, because the computer is on battery."),
    "idle_network": mark("Nothing runs, because the network is metered."),
    "idle_heat": mark("Nothing runs, because it is {degrees} °C hot; your ceiling is {need_degrees} °C."),
    "idle_games": mark("Nothing runs, because a game or a full-screen program has the computer."),
    "idle_engine": mark("Nothing runs, because the container engine does not work."),
    "idle_disk": mark("Nothing runs, because the disk is nearly full."),
    "agent_gone": mark("The worker service is not running since {since}; it is started again in {next}."),
    "agent_starts": mark("The worker service is being started…"),
    # ---- with these rules, would it run now
    "would_run": mark("yes, now."),
    "refused_switch": mark("no, because lending is paused or off."),
    "refused_engine": mark("no, because the container engine does not work."),
    "refused_disk": mark("no, because the disk is nearly full."),
    "refused_schedule": mark("no, because this hour rests in the schedule."),
    "refused_power": mark("no, because the computer is on battery."),
    "refused_network": mark("no, because the network is metered."),
    "refused_heat": mark("no, because it is {have_degrees} °C and the ceiling is {degrees} °C."),
    "refused_games": mark("no, because a game or a full-screen program runs."),
    "refused_idle": mark("no, because it has to be idle for {idle} and is for {have_idle}."),
    "refused_idle_unknown": mark("no, because nothing on this computer tells whether you are there."),
    # ---- need and have of the rules
    "switched_on": mark("on, not paused"),
    "engine_ok": mark("works"),
    "disk_ok": mark("enough room"),
    "on_battery": mark("on battery"),
    "on_mains": mark("on mains"),
    "metered": mark("metered"),
    "not_metered": mark("not metered"),
    "not_known": mark("cannot be read on this computer"),
    "heat_unreadable": mark("cannot be read on this computer"),
    "heat_duty": mark("cannot be read; at most {percent} % of the lent cores"),
    "below_degrees": mark("below {degrees} °C"),
    "degrees": mark("{degrees} °C"),
    "no_game": mark("none"),
    "program": mark("{name} runs"),
    "full_screen": mark("full screen"),
    "idle": mark("{idle}"),
    "idle_unknown": mark("nothing tells; counted as in use"),
    "full_time": mark("full hours: not needed"),
    "started_by_hand": mark("started by you"),
    "takes_owners": mark("only those of the {listed_owners} on your list"),
    "takes_images": mark("only with the {listed_images} on your list"),
    "takes_both": mark("only those of the {listed_owners} and with the {listed_images} on your lists"),
    "it_takes_owners": mark("It takes only tasks of the {listed_owners} on your list."),
    "it_takes_images": mark("It takes only tasks with the {listed_images} on your list."),
    "it_takes_both": mark(
        "It takes only tasks of the {listed_owners} and with the {listed_images} on your lists."
    ),
    "connected": mark("connected"),
    "not_connected": mark("not connected"),
    # ---- what would change it, as buttons
    "lend_on": mark("Switch on"),
    "resume": mark("Resume now"),
    "open_doctor": mark("Open the doctor"),
    "open_rules": mark("Change the schedule"),
    "allow": mark("Allow it"),
    "start_now": mark("Start now, this time"),
    "idle_minutes": mark("Make it {minutes} min"),
}
RULES: Final[dict[str, str]] = {
    "switch": mark("Your switch"),
    "engine": mark("Container engine"),
    "disk": mark("Disk"),
    "schedule": mark("Schedule"),
    "power": mark("Power"),
    "network": mark("Network"),
    "heat": mark("Temperature"),
    "games": mark("Games and full screen"),
    "idle": mark("Idle time"),
    "lists": mark("Whose tasks, which images"),
    "master": mark("Master"),
    "pool": mark("Tasks of the pool"),
}
CELLS: Final[dict[str, str]] = {
    "r": mark("rest"),
    "a": mark("when away"),
    "f": mark("full"),
    "not_rest": mark("any but rest"),
}
PAY: Final[dict[str, str]] = {
    "PAID": mark("what its metering earned"),
    "PAID_TO_CHECKPOINT": mark("you returned, paid to its checkpoint"),
    "PAID_SHORT": mark("all that was left in the task's hold"),
    "UNFUNDED": mark("0 CPT: nothing was left in the task's hold"),
    "UNFUNDED_LATE": mark("0 CPT: it came after the hold was used up"),
    "OWN_NODE": mark("0 CPT: your own task on your own computer"),
    "NOT_METERED": mark("0 CPT: preparing"),
    "LOST": mark("0 CPT: given up before it reported"),
    "RETURNED_WITHOUT_CHECKPOINT": mark("0 CPT: given back without a checkpoint"),
    "FAILED_INFRA": mark("0 CPT: the environment failed"),
    "FENCED": mark("0 CPT: another attempt had won"),
    "owner": mark("given back because you needed the computer"),
    "quit": mark("given back when the program quit"),
}

#: Values that are sentences of agent or master.
_SPOKEN: Final = frozenset({"words", "fix"})


def line(one: Line) -> str:
    """Return a line in words, empty for none."""
    if not one.code:
        return ""
    code = one.code
    if code == "cell":
        return cell(one.values.get("cell", ""))
    if code == "refused_idle" and one.values.get("have") == "idle_unknown":
        code = "refused_idle_unknown"
    sentence = SENTENCES.get(code)
    if sentence is None:
        return " ".join([code, *one.values.values()])
    try:
        return tr(sentence, **_Filled(one.values))
    except KeyError:
        # An agent of another version left a value out: the rest of the sentence still helps.
        return sentence


def rule(name: str) -> str:
    return tr(RULES[name]) if name in RULES else name


def cell(name: str) -> str:
    return tr(CELLS[name]) if name in CELLS else name


def pay(reason: str) -> str:
    """Return why an attempt was paid what it was."""
    return tr(PAY[reason]) if reason in PAY else reason


def tasks(count: int) -> str:
    return plural(count, "{n} task", "{n} tasks")


class _Filled(dict[str, str]):
    """Values under the names that sentences use: the unit is in the agent's name, the form is made here."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        for name, value in values.items():
            stem, form = _form(name)
            try:
                self[stem] = said(value) if name in _SPOKEN else form(value)
            except ValueError:
                self[stem] = value
        if "count" in self:
            self["tasks"] = tasks(int(values["count"]))
        if "owners" in self:
            self["listed_owners"] = plural(int(values["owners"]), "{n} owner", "{n} owners")
        if "images" in self:
            self["listed_images"] = plural(int(values["images"]), "{n} image", "{n} images")


def _form(name: str) -> tuple[str, Callable[[str], str]]:
    if name.endswith("_ms"):
        return name.removesuffix("_ms"), lambda value: figures.clock(int(value))
    if name.endswith("_s"):
        return name.removesuffix("_s"), lambda value: figures.duration(float(value) * 1000)
    if name.endswith("_ucpt"):
        return name.removesuffix("_ucpt"), lambda value: figures.cpt(int(value))
    return name, str
