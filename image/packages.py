"""What a root file system is made of, by name and version: Debian packages and Python distributions."""

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

_DOCUMENTATION = Path("/usr/share/doc")


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianPackage:
    """An installed package; `record` is its paragraph in dpkg's database."""

    name: str
    version: str
    architecture: str
    source: str
    record: str

    @property
    def copyright_file(self) -> Path:
        """Where its licence is."""
        return _DOCUMENTATION / self.name / "copyright"


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonDistribution:
    """An installed distribution; `licence` is an SPDX expression or a free text, empty when it says nothing."""

    name: str
    version: str
    licence: str


def owners_of(files: Iterable[Path]) -> list[DebianPackage]:
    """Return the packages that the files belong to, each once, by name; a file of no package is passed over."""
    names: set[str] = set()
    for file in sorted({file.resolve() for file in files}):
        # dpkg knows a file by the path it was unpacked at: maybe /lib/..., where /lib is a link by now.
        for path in (file, Path(str(file).removeprefix("/usr"))):
            told = _run("dpkg-query", "--search", str(path)).splitlines()
            owning = [line for line in told if not line.startswith("diversion ")]
            if owning:
                names.add(owning[0].partition(": ")[0].split(", ")[0])
                break
    return sorted((_package(name) for name in names), key=lambda package: package.name)


def _package(name: str) -> DebianPackage:
    record = _run("dpkg-query", "--status", name)
    fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", record, re.MULTILINE))
    return DebianPackage(
        name=fields["Package"],
        version=fields["Version"],
        architecture=fields["Architecture"],
        source=fields.get("Source", name).split()[0].partition(":")[0],
        record=record,
    )


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603


def distributions_in(folder: Path) -> list[PythonDistribution]:
    """Return what is installed in a site-packages folder, by name."""
    found = [_distribution(one) for one in distributions(path=[str(folder)])]
    return sorted(found, key=lambda one: one.name)


def _distribution(installed: Distribution) -> PythonDistribution:
    def said(field: str) -> str:
        return str(installed.metadata[field]) if field in installed.metadata else ""

    free_text = said("License")
    return PythonDistribution(
        name=re.sub(r"[-_.]+", "-", said("Name")).lower(),
        version=installed.version,
        licence=said("License-Expression") or ("" if "\n" in free_text else free_text),
    )
