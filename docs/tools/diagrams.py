"""Mermaid's state diagrams and flow charts as Graphviz draws them: the site needs no script from elsewhere.

Pages keep Mermaid, which code hosts draw by themselves; only what the pages use is understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_STATE = re.compile(r"\s*(\S+) --> (\S+?)(?::\s*(.*))?$")
_FLOW = re.compile(r'\s*(\w+)(?:\["(.*?)"\])?(?: -->(?:\|"(.*?)"\|)? (\w+)(?:\["(.*?)"\])?)?$')
_MOST_LABEL = 26
#: From so many states to one for one reason: one arrow.
_MANY = 3
_LOOK = """  bgcolor=transparent; rankdir=TB; nodesep=0.35;
  node [shape=box, style="rounded,filled", fillcolor="#f4f4f5", color="#71717a"];
  node [fontname="sans-serif", fontsize=11];
  edge [color="#71717a", fontcolor="#71717a", fontname="sans-serif", fontsize=11];
"""


def directive(mermaid: str) -> str:
    """Return the diagram as a directive for Sphinx."""
    return f"```{{graphviz}}\n{dot(mermaid)}```"


def dot(mermaid: str) -> str:
    head, *lines = [line for line in mermaid.splitlines() if line.strip()]
    edges = _states(lines) if head.startswith("stateDiagram") else _flow(lines)
    body = "".join(f"  {line}\n" for line in edges)
    return f"digraph {{\n{_LOOK}{body}}}\n"


def _states(lines: list[str]) -> Iterator[str]:
    """Yield nodes and edges. What joins one state with many for one reason is drawn once, with a box of them."""
    edges = []
    for line in lines:
        found = _STATE.match(line)
        if found is None:
            raise ValueError(f"not understood: {line}")
        edges.append((found[1].replace("[*]", "begin"), found[2].replace("[*]", "end"), found[3] or ""))
    boxes: dict[str, str] = {}
    for one, many in ((1, 0), (0, 1)):
        groups: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        for edge in edges:
            groups.setdefault((edge[one], edge[2]), []).append(edge)
        for group in groups.values():
            others = [edge[many] for edge in group]
            if len(group) >= _MANY and group[0][one] not in ("begin", "end"):
                box = boxes.setdefault(f"{many}{', '.join(others)}", f"many{len(boxes)}")
                folded = (box, group[0][1], group[0][2]) if many == 0 else (group[0][0], box, group[0][2])
                edges = [edge for edge in edges if edge not in group] + [folded]
    reasons: dict[tuple[str, str], list[str]] = {}
    for source, target, reason in edges:
        reasons.setdefault((source, target), []).extend([reason] if reason else [])
    yield 'begin [label="", shape=circle, width=0.15, fillcolor="#71717a"]'
    if any(target == "end" for _source, target in reasons):
        yield 'end [label="", shape=doublecircle, width=0.12, fillcolor="#71717a"]'
    for text, name in boxes.items():
        label = _folded("any of " + text[1:])
        yield f'{name} [label="{label}", style="dashed,rounded", fillcolor=none, fontsize=10]'
    for (source, target), texts in reasons.items():
        yield f'{source} -> {target} [label="{_folded(" / ".join(texts))}"]'


def _flow(lines: list[str]) -> Iterator[str]:
    for line in lines:
        found = _FLOW.match(line)
        if found is None:
            raise ValueError(f"not understood: {line}")
        source, source_text, label, target, target_text = found.groups()
        for name, text in ((source, source_text), (target, target_text)):
            if name and text:
                yield f'"{name}" [label="{_quoted(text).replace("<br>", chr(92) + "n")}"]'
        if target:
            yield f'"{source}" -> "{target}" [label="{_folded(label or "")}"]'


def _folded(text: str) -> str:
    lines = [""]
    for word in _quoted(text).split():
        if lines[-1] and len(lines[-1]) + len(word) >= _MOST_LABEL:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\\n".join(lines)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
