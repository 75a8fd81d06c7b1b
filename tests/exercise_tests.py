"""What holds for the exercises of every lesson; the test file of a lesson adds what students get wrong."""

import pytest

from labkit.exercises.check import Unsolved
from lesson_text import folded_solution, stub


class ExerciseTests:
    """Inherited by the tests of one lesson.

    EXERCISES: name of the function that a student writes -> (its exercise, {mistake: (property it breaks, function)}).
    MEND: name of a function that the lesson gives as code to mend -> the property that its code breaks.
    """

    LESSON: str
    EXERCISES: dict
    MEND: dict = {}

    def test_each_wrong_answer_fails_at_the_property_that_it_breaks(self):
        for name, (exercise, wrong) in self.EXERCISES.items():
            for mistake, (expected, function) in wrong.items():
                failed = exercise.broken(function)
                assert failed is not None and failed.name == expected, (name, mistake, failed)

    def test_the_solutions_that_the_lesson_folds_away_pass(self):
        for name, (exercise, _) in self.EXERCISES.items():
            assert exercise.broken(folded_solution(self.LESSON, name)) is None, name

    def test_what_the_lesson_leaves_to_be_written_is_unsolved(self, capsys):
        for name, (exercise, _) in self.EXERCISES.items():
            given = stub(self.LESSON, name)
            if name in self.MEND:
                assert exercise.broken(given).name == self.MEND[name], name
                continue
            with pytest.raises(Unsolved):
                exercise.broken(given)
            exercise(given)
            assert "not solved yet" in capsys.readouterr().out, name
