# connect-sidecar: a python, its libraries and our code, nothing else. docs/container.md says how to run it, ADR 21 why so.
#
# The tag is exact. The digest belongs to a registry: the release workflow looks it up, passes it and records it, e.g.
#   --build-arg PYTHON_DIGEST=sha256:...
ARG PYTHON_TAG=3.13.11-slim-trixie
ARG PYTHON_DIGEST=
ARG PYTHON_IMAGE=docker.io/library/python:${PYTHON_TAG}${PYTHON_DIGEST:+@}${PYTHON_DIGEST}

# --- our wheel, made by tools that stay behind
FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /build
COPY requirements/build.txt requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=pip-cert,target=/run/secrets/pip-cert \
    python3 -m venv tools && \
    tools/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --only-binary :all: \
      --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY proxy proxy
RUN tools/bin/pip wheel --quiet --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

# --- what runs: locked libraries and the wheel, then the files that these need of the base
FROM ${PYTHON_IMAGE} AS root
WORKDIR /build
RUN python3 -m venv tools && python3 -m venv --without-pip /opt/connect-sidecar
COPY requirements/runtime.txt requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=pip-cert,target=/run/secrets/pip-cert \
    tools/bin/pip --python /opt/connect-sidecar/bin/python install --quiet --no-cache-dir --no-compile \
      --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/runtime.txt
COPY --from=wheel /build/dist dist
RUN tools/bin/pip --python /opt/connect-sidecar/bin/python install --quiet --no-cache-dir --no-compile \
      --disable-pip-version-check --no-deps --no-index dist/*.whl
COPY image/*.py image/
RUN python3 -m image.root --application /opt/connect-sidecar --root /root-of-image

# --- the image
FROM scratch
COPY --from=root /root-of-image /
# From the base, never from the building machine, whose own authorities may be mounted over these during a RUN.
COPY --from=root /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt

ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="connect-sidecar" \
      org.opencontainers.image.description="A caching reverse proxy for 1Password Connect: beside an application, or in front of Connect" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"

ENV PATH=/opt/connect-sidecar/bin \
    LANG=C.UTF-8 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    XDG_RUNTIME_DIR=/run

USER 65532:65532
WORKDIR /
EXPOSE 8180 8181
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["connect-sidecar", "healthcheck"]
ENTRYPOINT ["connect-sidecar"]
CMD ["serve"]
