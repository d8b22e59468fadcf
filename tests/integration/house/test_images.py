"""The catalogue images, in the real engine: what a task may count on, under the policy's harshest form."""

from __future__ import annotations

import json
import subprocess
import tomllib

import pytest

from core.domain.recipe import RECIPE_LABEL, recipe_digest
from tests.arch.house import ROOT, tool
from tests.support.engine import ensure_engine

pytestmark = [pytest.mark.docker, pytest.mark.timeout(400)]

CATALOGUE = tomllib.loads((ROOT / "resources" / "images" / "catalogue.toml").read_text(encoding="utf-8"))["images"]
images = tool("images")
HARDENED = ("--network=none", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")

PLOT = """
import warnings; warnings.simplefilter("error")
import matplotlib.pyplot as plt
plt.title("\u5206\u6563\u904b\u7b97 HiveMind"); plt.plot([1, 2]); plt.savefig("/tmp/plot.png")
"""
FACTS = """
import importlib, json, os, sys
for name in sys.argv[1:]: importlib.import_module(name)
print(json.dumps({"uid": os.getuid(), "utf8": sys.flags.utf8_mode, "python": "%d.%d" % sys.version_info[:2]}))
"""


@pytest.fixture(scope="module", params=images.DEFAULT_NAMES)
def image(request: pytest.FixtureRequest) -> str:
    ensure_engine()
    images.ensure(request.param)
    return str(request.param)


def _python(image: str, code: str, *arguments: str) -> str:
    command = ["docker", "run", "--rm", *HARDENED, image, "python3", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_image_carries_the_recipe_of_its_context(image: str) -> None:
    form = '{{index .Config.Labels "' + RECIPE_LABEL + '"}}'
    command = ["docker", "image", "inspect", "--format", form, image]
    label = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert label == recipe_digest(images.context_files(CATALOGUE[image]["context"]))


def test_image_has_the_python_and_packages_that_the_catalogue_promises_and_is_not_root(image: str) -> None:
    entry = CATALOGUE[image]
    facts = json.loads(_python(image, FACTS, *entry["packages"]))
    assert facts == {"uid": 10001, "utf8": 1, "python": entry["python"]}


def test_standard_library_is_compiled_since_a_task_could_not_keep_what_it_compiles(image: str) -> None:
    code = "import json, os; print(os.path.exists(json.__cached__))"
    assert _python(image, code).strip() == "True"


def test_plots_need_no_screen_and_have_chinese_letters() -> None:
    ensure_engine()
    images.ensure("hivemind/python")
    _python("hivemind/python", PLOT)


def test_every_image_of_the_catalogue_has_a_context_that_takes_its_base_as_an_argument() -> None:
    for entry in CATALOGUE.values():
        dockerfile = images.context_files(entry["context"])["Dockerfile"].decode()
        assert f"ARG BASE={entry['base']}\nFROM ${{BASE}}\n" in dockerfile
        assert "USER 10001:10001" in dockerfile
