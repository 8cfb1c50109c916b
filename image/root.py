"""Puts together the root file system of the image, from the machine it runs on: the second stage of the Dockerfile.

Into an empty folder go the application (a virtual environment), the files that it needs of this machine (`closure`),
bytecode of all that, a user, what scanners ask for (dpkg's records, licences, the bill of materials), and no program
but Python. At the end the application is started inside, so that a library that is missing fails the build.
"""

import argparse
import compileall
import os
import platform
import py_compile
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from image.closure import interpreter, needed_below, shared_libraries, standard_library
from image.packages import DebianPackage, distributions_in, owners_of
from image.sbom import document

USER_ID = 65532
_SHARED_FOLDERS = ("tmp", "run/connect-sidecar")
_FILES = {
    "etc/passwd": f"root:x:0:0:root:/:/nonexistent\nnonroot:x:{USER_ID}:{USER_ID}:nonroot:/:/nonexistent\n",
    "etc/group": f"root:x:0:\nnonroot:x:{USER_ID}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
# What only the way through all of the program would load: TLS, DNS, compression, time, the exporter of traces.
_PROOF = (
    "import proxy.assembly, proxy.commands.watch, opentelemetry.exporter.otlp.proto.http,"
    " bz2, ctypes, decimal, lzma, ssl, uuid, zlib, zoneinfo"
)


class Root:
    """A root file system that grows in a folder; files keep the paths they have on this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)

    def bring(self, path: Path) -> None:
        """Copy a file, and every link on the way to it as a link."""
        for parent in [*reversed(path.parents), path]:
            inside = self._inside(parent)
            if inside.is_symlink():
                return self.bring(_target(parent) / path.relative_to(parent))
            if parent.is_symlink():
                inside.symlink_to(parent.readlink())
                return self.bring(_target(parent) / path.relative_to(parent))
            if parent.is_dir():
                inside.mkdir(exist_ok=True)
        if not path.is_dir() and not self._inside(path).exists():
            shutil.copy2(path, self._inside(path))
        return None

    def write(self, name: str, text: str) -> None:
        """Write a file of our own."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def make_shared_folder(self, name: str) -> None:
        """Make a folder that every user may write to, and nobody take what another put there."""
        path = self._folder / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o1777)

    def compile(self) -> None:
        """Compile every module ahead: nobody can write bytecode at run time, and a start is much faster with it."""
        compiled = compileall.compile_dir(
            self._folder,
            maxlevels=64,
            quiet=1,
            workers=0,
            stripdir=str(self._folder),
            prependdir="/",
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        if not compiled:
            raise RuntimeError("some modules can't be compiled")

    def run(self, *command: str) -> None:
        """Run a program inside, without privileges. Raises CalledProcessError."""
        subprocess.run(command, cwd="/", preexec_fn=self._enter, env={}, check=True)  # noqa: S603 - what we put there

    def _enter(self) -> None:
        os.chroot(self._folder)
        os.setgid(USER_ID)
        os.setuid(USER_ID)

    def _inside(self, path: Path) -> Path:
        return self._folder / path.relative_to("/")


def _target(link: Path) -> Path:
    return Path(os.path.normpath(link.parent / link.readlink()))


def main() -> None:
    """Put it together, prove that it starts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--application", type=Path, required=True, help="the virtual environment")
    parser.add_argument("--root", type=Path, required=True, help="a folder that doesn't exist yet")
    options = parser.parse_args()
    application: Path = options.application
    root = Root(options.root)

    python = interpreter().resolve()
    site_packages = _site_packages(application)
    programs = [
        path
        for path in (application / "bin").iterdir()
        if path.name.startswith(("python", "connect-sidecar"))
    ]
    files = [python, *standard_library(), application / "pyvenv.cfg", *programs, *needed_below(site_packages)]
    files.extend(libraries := shared_libraries(files))
    for file in files:
        root.bring(file)
    _isolate(options.root / str(application / "bin/connect-sidecar").lstrip("/"))

    _describe(root, application, owners_of([*libraries, python]))
    for name, text in _FILES.items():
        root.write(name, text)
    # For everybody: clusters choose users of their own, and a tmpfs mounted there takes on its mode, but not its owner.
    for folder in _SHARED_FOLDERS:
        root.make_shared_folder(folder)
    root.compile()

    inside = str(application / "bin/python")
    root.run(inside, "-I", "-c", _PROOF)
    root.run(str(application / "bin/connect-sidecar"), "--version")


def _site_packages(application: Path) -> Path:
    (folder,) = (application / "lib").glob("python*/site-packages")
    return folder


def _isolate(program: Path) -> None:
    """Start it with `-I`: PYTHONPATH and its kin, which fleets inject into every container, stay outside."""
    first, _, rest = program.read_text(encoding="utf-8").partition("\n")
    program.write_text(f"{first} -I\n{rest}", encoding="utf-8")


def _describe(root: Root, application: Path, debian: Iterable[DebianPackage]) -> None:
    """Add what scanners and lawyers ask for."""
    packages = list(debian)
    for package in packages:
        root.write(f"var/lib/dpkg/status.d/{package.name}", package.record)
        if package.copyright_file.exists():
            root.bring(package.copyright_file)
    root.bring(Path("/etc/os-release"))
    release = platform.freedesktop_os_release()
    bill = document(
        python_version=platform.python_version(),
        python=distributions_in(_site_packages(application)),
        debian=packages,
        debian_release=f"{release['ID']}-{release.get('VERSION_ID', 'unknown')}",
    )
    root.write("usr/share/sbom/connect-sidecar.cdx.json", bill)


if __name__ == "__main__":
    main()
