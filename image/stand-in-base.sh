#!/bin/bash
# Makes a stand-in for the Dockerfile's base image, for machines that reach Debian's packages but no registry: Debian with its
# own Python, in the image store of buildah and podman. For tests: build.sh NAME --build-arg PYTHON_IMAGE=...; ship nothing of it.
# usage: stand-in-base.sh NAME     needs mmdebstrap, podman, and root
# shellcheck disable=SC2016  # the dollars are for apt-get and mmdebstrap
set -euo pipefail

name=${1:?usage: stand-in-base.sh NAME}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The mirror that this machine itself uses, whichever form its sources have.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v -- -security | head -n 1)

# The official image has its Python below /usr/local, and Debian here and there: the links are all that the Dockerfile asks for.
mmdebstrap --quiet --variant=minbase --mode=root \
  --include=ca-certificates,python3.13-minimal,libpython3.13-stdlib,python3.13-venv \
  --customize-hook='ln -s /usr/bin/python3.13 "$1/usr/local/bin/python3.13"' \
  --customize-hook='ln -s python3.13 "$1/usr/local/bin/python3"' \
  trixie "$folder/root.tar" "deb $mirror trixie main"

podman import --quiet \
  --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change 'ENV LANG=C.UTF-8' \
  "$folder/root.tar" "$name"
