"""docs/doctor.md and the questions say the same; a question says what it is for."""

from pathlib import Path

from proxy.doctor.questions import QUESTIONS
from proxy.doctor.reference import merged

PAGE = Path(__file__).resolve().parents[2] / "docs" / "doctor.md"


def test_the_page_is_as_the_code_renders_it():
    page = PAGE.read_text()
    assert page == merged(page), "run `make docs`"


def test_every_question_has_a_name_of_its_own_and_a_reason():
    assert len({each.key for each in QUESTIONS}) == len(QUESTIONS)
    assert [each.key for each in QUESTIONS if not each.matters or not each.text] == []
    without = {each.key for each in QUESTIONS if each.expected is not None and not each.if_different}
    assert without == set()
