"""The scheduler's rules as people call them."""

from __future__ import annotations

from core.desktop.translations import mark, tr

RULES = {
    "admin": mark("Operator's decision"),
    "health": mark("State of the node"),
    "owner": mark("Its owner"),
    "quarantine": mark("Quarantine"),
    "protocol": mark("Version"),
    "engine": mark("Docker"),
    "disk_full": mark("Disk full"),
    "runtime": mark("Isolation"),
    "owner_allowed": mark("Owner's list of users"),
    "image_allowed": mark("Owner's list of images"),
    "arch": mark("Processor kind"),
    "os": mark("System of the image"),
    "host_os": mark("System of the computer"),
    "labels": mark("Labels"),
    "minimum": mark("Required figures"),
    "slots_of_node": mark("Slots"),
    "gpus_of_node": mark("GPU"),
    "gpu_memory_of_node": mark("GPU memory"),
    "cpu_of_node": mark("CPU"),
    "memory_of_node": mark("Memory"),
    "disk_of_node": mark("Disk"),
    "image_id": mark("Image"),
    "slots": mark("No free slot"),
    "cpu": mark("CPU"),
    "memory": mark("Memory"),
    "disk": mark("Disk"),
    "gpus": mark("GPU"),
    "gpu_memory": mark("GPU memory"),
    "reserved": mark("Reserved for another task"),
    "excluded": mark("It failed there"),
}


def rule_words(rule: str) -> str:
    return tr(RULES[rule]) if rule in RULES else rule.replace("_", " ")
