import pytest

from labkit.errors import LabError
from labkit.profiles import knob_values, knobs, names

TEXT = """
01_gan_minmax:
  lesson:
    ring: {steps: 400, lr: 0.0002, modes: [8], name: ring, live: true}
    seeds: [0]
    real: null
    settings: {}
  smoke:
    ring: {steps: 5}
  study:
    ring: {lr: 1}
    seeds: [0, 1, 2]
    real: {set: mnist, size: 28}
    settings: {width: 4}
02_other:
  lesson: {steps: 3}
"""


@pytest.fixture
def profiles(tmp_path):
    def write(text=TEXT):
        path = tmp_path / "profiles.yml"
        path.write_text(text)
        return path

    return write


def test_knobs_are_attributes(profiles):
    k = knobs("01_gan_minmax", "lesson", profiles())
    assert (k.ring.steps, k.ring.lr, k.seeds, k.real) == (400, 0.0002, [0], None)


def test_a_profile_overrides_what_it_names_and_inherits_the_rest(profiles):
    path = profiles()
    smoke = knobs("01_gan_minmax", "smoke", path)
    assert (smoke.ring.steps, smoke.ring.lr) == (5, 0.0002)
    study = knobs("01_gan_minmax", "study", path)
    assert (study.ring.steps, study.ring.lr, study.seeds, study.real.size) == (400, 1, [0, 1, 2], 28)
    assert study.settings.width == 4
    assert knob_values("01_gan_minmax", "full", path) == knob_values("01_gan_minmax", "lesson", path)


def test_reading_one_profile_leaves_the_others_alone(profiles):
    path = profiles()
    knobs("01_gan_minmax", "smoke", path).ring.steps = 99
    assert knobs("01_gan_minmax", "smoke", path).ring.steps == 5


def test_names(profiles):
    assert names(profiles()) == ["01_gan_minmax", "02_other"]
    assert names(profiles("# only a comment\n")) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("smoke:\n    ring: {steps: 5}", "smoke:\n    ring: {stps: 5}", "'stps'; did you mean 'steps'"),
        ("smoke:\n    ring: {steps: 5}", "smoke:\n    rng: {steps: 5}", "'rng'; did you mean 'ring'"),
        ("{steps: 5}", "{steps: 5.5}", "'steps' is a number (5.5)"),
        ("{steps: 5}", "{steps: true}", "'steps' is true or false"),
        ("{steps: 5}", "{steps: five}", "'steps' is text"),
        ("{steps: 5}", "{steps: null}", "'steps' is nothing"),
        ("{steps: 5}", "{modes: [a]}", "'modes' is a list"),
        ("{steps: 5}", "{modes: 8}", "'modes' is a whole number"),
        ("{steps: 5}", "{live: 1}", "'live' is a whole number"),
        ("ring: {steps: 5}", "ring: 5", "'ring' is a whole number"),
        ("{lr: 1}", "{lr: 1e-3}", "write the number as 0.001"),
        ("lr: 0.0002", "lr: 2e-4", "write the number as 0.0002"),
        ("lr: 0.0002", "learning-rate: 0.0002", "cannot be the name of a knob"),
        ("smoke:", "smok:", "unknown profile 'smok'; did you mean 'smoke'"),
        ("lesson:\n    ring", "leson:\n    ring", "needs a profile 'lesson'"),
        ("smoke:\n    ring: {steps: 5}", "smoke: [1]", "expected knobs and values"),
        ("{steps: 5}", "{steps: 5, steps: 6}", "'steps' stands twice"),
        ("{steps: 5}", "{steps: 5", "not valid YAML"),
    ],
)
def test_what_is_refused(profiles, old, new, says):
    assert old in TEXT
    path = profiles(TEXT.replace(old, new))
    with pytest.raises(LabError, match="profiles.yml") as error:
        knobs("01_gan_minmax", "smoke", path)
        knobs("01_gan_minmax", "study", path)
    assert says in str(error.value)


def test_unknown_lesson_and_profile(profiles):
    with pytest.raises(LabError, match="did you mean '01_gan_minmax'"):
        knobs("01_gan_minimax", "smoke", profiles())
    with pytest.raises(LabError, match="did you mean 'smoke'"):
        knobs("01_gan_minmax", "smok", profiles())


def test_no_file(tmp_path):
    with pytest.raises(LabError, match="no such file"):
        names(tmp_path / "profiles.yml")


def test_a_list_is_no_profiles_file(profiles):
    with pytest.raises(LabError, match="expected lessons"):
        names(profiles("[1, 2]"))
