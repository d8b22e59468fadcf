"""Regenerates core/pb from protos/. The path of a proto is its Python path, so nothing needs patching after.

python .ci/protos.py [OUT]      OUT is where core/pb goes; the repository by default
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"


def sources() -> list[str]:
    """Return the protos, by their path below `protos/`."""
    return sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.glob("core/pb/*.proto"))


def generate(out: Path) -> None:
    """Write the modules and their types below `out`; raises SystemExit with protoc's words where it refuses."""
    import importlib.resources

    from grpc_tools import protoc

    well_known = importlib.resources.files("grpc_tools") / "_proto"
    out.mkdir(parents=True, exist_ok=True)
    command = ["protoc", f"--proto_path={PROTOS}", f"--proto_path={well_known}"]
    command += [f"--python_out={out}", f"--grpc_python_out={out}", f"--mypy_out={out}", f"--mypy_grpc_out={out}"]
    # The plugins stand beside this Python, which need not be on the PATH.
    for plugin in ("mypy", "mypy_grpc"):
        suffix = ".exe" if sys.platform == "win32" else ""
        program = Path(sys.executable).parent / f"protoc-gen-{plugin}{suffix}"
        command.append(f"--plugin=protoc-gen-{plugin}={program}")
    if protoc.main([*command, *sources()]):
        raise SystemExit("protos: protoc refused them; the reason stands above.")


def main() -> None:
    if not sources():
        raise SystemExit("protos: there is no protos/core/pb/*.proto yet.")
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)


if __name__ == "__main__":
    main()
