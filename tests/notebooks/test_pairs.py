"""Every lesson and its notebook agree, and the notebook is complete, small, and free of the machine that made it."""

import pytest

from labkit import notebooks


@pytest.mark.parametrize("lesson", notebooks.lesson_names())
def test_pair(lesson):
    assert notebooks.problems(lesson) == []


def test_each_notebook_has_its_lesson():
    stored = {path.stem for path in notebooks.paths.NOTEBOOKS.glob("*.ipynb")}
    assert stored == set(notebooks.lesson_names())
