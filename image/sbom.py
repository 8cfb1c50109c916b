"""The bill of materials: CycloneDX 1.6 in JSON, of what is really in the image, so that a scanner needs no guess.

The same image gives the same document, octet for octet: no time, no random serial number.
"""

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from image.packages import DebianPackage, PythonDistribution

NAME = "connect-sidecar"
_SPDX_EXPRESSION = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*")

Component = Mapping[str, object]


def document(
    *,
    python_version: str,
    python: Iterable[PythonDistribution],
    debian: Iterable[DebianPackage],
    debian_release: str,
) -> str:
    """Return the document. The application is what it is about, everything else a component of it."""
    distributions = list(python)
    application = next(one for one in distributions if one.name == NAME)
    parts = [
        _interpreter(python_version),
        *(_from_python(one) for one in distributions if one is not application),
        *(_from_debian(one, debian_release) for one in debian),
    ]
    about = {**_from_python(application), "type": "application"}
    whole = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": about},
        "components": parts,
        "dependencies": [{"ref": about["bom-ref"], "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    return json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _interpreter(version: str) -> Component:
    reference = f"pkg:generic/python@{version}"
    return {
        "type": "platform",
        "name": "python",
        "version": version,
        "bom-ref": reference,
        "purl": reference,
        "cpe": f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*",
        "licenses": [{"license": {"id": "PSF-2.0"}}],
    }


def _from_python(one: PythonDistribution) -> Component:
    reference = f"pkg:pypi/{quote(one.name)}@{quote(one.version)}"
    return {
        "type": "library",
        "name": one.name,
        "version": one.version,
        "bom-ref": reference,
        "purl": reference,
        **_licences(one.licence),
    }


def _licences(licence: str) -> Component:
    if not licence:
        return {}
    if _SPDX_EXPRESSION.fullmatch(licence):
        return {"licenses": [{"expression": licence}]}
    return {"licenses": [{"license": {"name": licence}}]}


def _from_debian(one: DebianPackage, release: str) -> Component:
    qualifiers = f"arch={one.architecture}&distro={release}"
    if one.source != one.name:
        qualifiers += f"&upstream={quote(one.source)}"
    reference = f"pkg:deb/debian/{quote(one.name)}@{quote(one.version)}?{qualifiers}"
    return {
        "type": "library",
        "name": one.name,
        "version": one.version,
        "bom-ref": reference,
        "purl": reference,
    }
