"""What a submitter changes of a manifest at submit: the API's fields and a form's, laid over the file's values.

The field names of the first HiveMind stay valid: `task_name cpu_cores memory_gb gpu_required`. `file_name` is what
the zip or folder was called: the task's name where nothing else says one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.manifest.tables import Problems

_TRUE = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
    "": False,
}
#: field -> (table, key, kind)
FIELDS: Mapping[str, tuple[str, str, str]] = {
    "task_name": ("task", "name", "text"),
    "name": ("task", "name", "text"),
    "description": ("task", "description", "text"),
    "priority": ("task", "priority", "int"),
    "lease": ("task", "lease", "text"),
    "image": ("image", "ref", "text"),
    "cpu_cores": ("resources", "cpu_cores", "float"),
    "memory_gb": ("resources", "memory_gb", "float"),
    "disk_gb": ("resources", "disk_gb", "float"),
    "gpus": ("resources", "gpus", "int"),
    "gpu_memory_gb": ("resources", "gpu_memory_gb", "float"),
    "timeout": ("run", "timeout", "text"),
    "max_credits": ("limits", "max_credits", "text"),
    "deadline": ("limits", "deadline", "text"),
    "max_parallel": ("split", "max_parallel", "int"),
    "allow_process": ("run", "allow_process", "bool"),
}


def apply_overrides(data: dict[str, Any], given: Mapping[str, object], problems: Problems) -> dict[str, object]:
    """Lay the given fields over parsed TOML, in place; return the values given for params.

    Empty values were left out by their sender. Fields that are none of ours are problems.
    """
    params: dict[str, object] = {}
    for field, value in given.items():
        if value is None or value == "":
            continue
        if field == "params":
            if isinstance(value, Mapping):
                params.update(value)
            else:
                problems.add("params", "params must be an object.", 'Send {"name": value}.')
        elif field.startswith("params."):
            params[field.removeprefix("params.")] = value
        elif field == "gpu_required":
            if _bool(field, value, problems):
                table = _table(data, "resources")
                if not table.get("gpus"):
                    table["gpus"] = 1
        elif field == "file_name":
            _name_after(_table(data, "task"), str(value))
        elif field in ("tags", "after"):
            texts = value.split(",") if isinstance(value, str) else value
            _table(data, "task")[field] = (
                [str(text).strip() for text in texts] if isinstance(texts, list) else texts
            )
        elif field in FIELDS:
            table_name, key, kind = FIELDS[field]
            converted = _convert(field, kind, value, problems)
            if converted is not None:
                _table(data, table_name)[key] = converted
        else:
            problems.add(field, f'There is no field "{field}".', "Leave it out.", "UNKNOWN_FIELD")
    return params


def _name_after(task: dict[str, Any], file_name: str) -> None:
    """A task that says no name is called as its zip or folder is."""
    name = file_name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = name[:-4] if name.lower().endswith(".zip") else name
    name = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())[:128]
    if name and "name" not in task:
        task["name"] = name


def _table(data: dict[str, Any], name: str) -> dict[str, Any]:
    table = data.setdefault(name, {})
    if not isinstance(table, dict):
        table = data[name] = {}
    return table


def _convert(field: str, kind: str, value: object, problems: Problems) -> object:
    if kind == "text":
        return str(value).strip()
    if kind == "bool":
        return _bool(field, value, problems)
    try:
        if isinstance(value, bool):
            raise ValueError
        number = float(str(value).strip())
        if not abs(number) <= 1e15 or (kind == "int" and number != int(number)):
            raise ValueError
        return int(number) if kind == "int" else number
    except ValueError:
        wanted = "a whole number" if kind == "int" else "a number"
        problems.add(
            field, f'{field} is "{str(value)[:40]}"; it must be {wanted}.', f"Send {wanted}.", "FIELD_INVALID"
        )
        return None


def _bool(field: str, value: object, problems: Problems) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in _TRUE:
        problems.add(
            field, f'{field} is "{text[:40]}"; it must be true or false.', "Send true or false.", "FIELD_INVALID"
        )
        return False
    return _TRUE[text]
