"""Everything that is shipped may be shipped under the GPL 3, and the docs say under what it comes."""

from __future__ import annotations

import re

from tests.arch.house import text, tool

licences = tool("licences")

#: Enough of a licence's name or expression to recognise it; all go with the GPL 3.
LAWFUL = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|MPL|LGPL|GPL-3|HPND|0BSD|Zlib)\b",
    re.I,
)
REFUSED = re.compile(r"\bAGPL|Affero|SSPL|Business Source|Commons Clause|Elastic License", re.I)
#: Package -> why it may be used although its own words do not say so.
EXPLAINED = {"pyinstaller": "GPL 2 or later with an exception for what it bundles; builds, does not run"}


def test_every_shipped_package_may_be_shipped() -> None:
    stated = {name: licences.licence_of(name) for name in licences.shipped()}
    wrong = {
        name: licence
        for name, licence in stated.items()
        if REFUSED.search(licence) or not (LAWFUL.search(licence) or name in EXPLAINED)
    }
    assert wrong == {}


def test_the_docs_list_every_shipped_package_with_its_licence() -> None:
    listed = dict(re.findall(r"^\| `([a-z0-9-]+)` \| ([^|]+?) \|", text("docs/licences.md"), re.M))
    assert listed == {name: licences.licence_of(name) for name in licences.shipped()}, (
        "run: python .ci/licences.py"
    )
