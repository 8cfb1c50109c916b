"""The commands of docs/kubernetes.md and of the chart's README work as they are written, but for the cluster."""

import re
import shlex
import subprocess

import pytest
import yaml

from tests.support.chart import CHART, EXAMPLES, ROOT, TOOLS, rendered

pytestmark = pytest.mark.system
PAGES = (ROOT / "docs" / "kubernetes.md", CHART / "README.md")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(page):
    for block in BLOCK.findall(page.read_text()):
        yield from block.replace("\\\n", " ").splitlines()


@pytest.mark.parametrize(
    "command",
    [command for page in PAGES for command in commands(page) if not command.startswith("helm test")],
)
def test_of_the_commands(command):
    program, *arguments = shlex.split(command)
    if arguments[:1] == ["label"]:
        arguments += ["--local", "--dry-run=client", "--filename", "-"]
        arguments.remove("namespace")
        arguments.remove("billing")
    if program == "helm":
        arguments += ["--dry-run=client"]
    ran = subprocess.run(
        [TOOLS / {"helm": "helm-4"}.get(program, program), *arguments],
        input="{apiVersion: v1, kind: Namespace, metadata: {name: billing}}",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_the_documentation_names_only_examples_that_there_are():
    named = {name for page in PAGES for name in re.findall(r"examples/(\w+)\.yaml", page.read_text())}
    assert named <= {path.stem for path in EXAMPLES}


def test_the_values_of_the_documentation_for_an_application_s_chart_are_taken():
    (text,) = re.findall(r"^# values.yaml\n(.*?)^```", PAGES[0].read_text(), re.MULTILINE | re.DOTALL)
    values = yaml.safe_load(text)["connect-sidecar"]
    assert rendered(values) == []
