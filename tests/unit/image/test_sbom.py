"""The bill of materials: valid, the same for the same image, honest about licences."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from image.packages import DebianPackage, PythonDistribution
from image.sbom import document

APPLICATION = PythonDistribution(name="connect-sidecar", version="1.2.3", licence="MIT")
LIBC = DebianPackage(
    name="libc6", version="2.41-12+deb13u1", architecture="amd64", source="glibc", record="Package: libc6\n"
)


def library(licence: str) -> PythonDistribution:
    return PythonDistribution(name="aiohttp", version="3.14.5", licence=licence)


def bill_of(*python, debian=(LIBC,)):
    text = document(
        python_version="3.13.11", python=[APPLICATION, *python], debian=debian, debian_release="debian-13"
    )
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    return json.loads(text)


def test_the_application_is_what_it_is_about_and_the_rest_is_what_it_depends_on():
    bill = bill_of(library("MIT"))
    about = bill["metadata"]["component"]
    assert (about["name"], about["version"], about["type"]) == ("connect-sidecar", "1.2.3", "application")
    assert [part["name"] for part in bill["components"]] == ["python", "aiohttp", "libc6"]
    (dependency,) = bill["dependencies"]
    assert dependency["ref"] == about["bom-ref"]
    assert dependency["dependsOn"] == [part["bom-ref"] for part in bill["components"]]


def test_a_debian_package_is_named_as_scanners_look_it_up():
    (part,) = [part for part in bill_of()["components"] if part["name"] == "libc6"]
    assert part["purl"] == (
        "pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64&distro=debian-13&upstream=glibc"
    )


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        ("Apache-2.0 AND MIT", [{"expression": "Apache-2.0 AND MIT"}]),
        ("BSD 3-Clause License", [{"license": {"name": "BSD 3-Clause License"}}]),
        ("", None),
    ],
)
def test_a_licence_is_an_expression_only_where_it_reads_as_one(licence, said):
    (part,) = [part for part in bill_of(library(licence))["components"] if part["name"] == "aiohttp"]
    assert part.get("licenses") == said


def test_the_same_image_gives_the_same_document():
    assert bill_of(library("MIT")) == bill_of(library("MIT"))
