#!/bin/bash
# Builds the image from this checkout, with docker where there is one, else with buildah.
# usage: build.sh NAME [OPTION...]     options go to the engine: --build-arg PYTHON_DIGEST=sha256:..., --platform linux/arm64
# What pip is told by PIP_INDEX_URL, PIP_EXTRA_INDEX_URL and PIP_CERT holds inside, too; it is mounted, never stored.
# ENGINE=docker or ENGINE=buildah chooses; SOURCE_URL says where the source is, for the label.
set -euo pipefail

name=${1:?usage: build.sh NAME [OPTION...]}
shift
cd "$(dirname "$0")/.."

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' proxy/__init__.py)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
# The time of the commit, not of the build: the same commit gives the same image.
epoch=$(git log -1 --format=%ct 2>/dev/null || echo 0)
created=$(date --utc --date="@$epoch" +%Y-%m-%dT%H:%M:%SZ)

secrets=$(mktemp -d)
trap 'rm -rf "$secrets"' EXIT
{
  echo "[global]"
  [ -z "${PIP_INDEX_URL:-}" ] || echo "index-url = $PIP_INDEX_URL"
  [ -z "${PIP_EXTRA_INDEX_URL:-}" ] || echo "extra-index-url = $PIP_EXTRA_INDEX_URL"
  [ -z "${PIP_CERT:-}" ] || echo "cert = /run/secrets/pip-cert"
} > "$secrets/pip.conf"
cat "${PIP_CERT:-/dev/null}" > "$secrets/pip-cert"

options=(
  --build-arg "VERSION=$version"
  --build-arg "REVISION=$revision"
  --build-arg "CREATED=$created"
  --build-arg "SOURCE=${SOURCE_URL:-unknown}"
  --secret "id=pip.conf,src=$secrets/pip.conf"
  --secret "id=pip-cert,src=$secrets/pip-cert"
  --tag "$name"
)
engine=${ENGINE:-$(command -v docker >/dev/null && echo docker || echo buildah)}
case $engine in
  docker) SOURCE_DATE_EPOCH=$epoch docker build "${options[@]}" "$@" . ;;
  # The OCI format has no place for HEALTHCHECK. Without kept layers: old versions take a label for the same whatever its ARG.
  buildah) buildah bud --format docker --layers=false --timestamp "$epoch" "${options[@]}" "$@" . ;;
  *) echo "build.sh: needs docker or buildah, not $engine" >&2; exit 2 ;;
esac
