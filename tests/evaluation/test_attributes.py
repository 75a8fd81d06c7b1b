"""The measures of portraits on translators whose answer is known."""

from pathlib import Path

import pytest
import torch
from known_translator import Known

from labkit.data import load
from labkit.errors import LabError
from labkit.evaluation import MEASURES, attributes, fitting, measure
from labkit.runs import RunSpec
from labkit.runs.run import Run
from labkit.systems.stargan import StarGAN, StarGANSettings

SMALL = {"size": 64, "n_train": 30, "n_test": 40}


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", params=["hair_colour", "glasses"])
def pair(request):
    return load("portraits", {"attribute": request.param, **SMALL})


def known(dataset, there, back=lambda y: y):
    run = Run(RunSpec("cut", "portraits", 1, 1, seed=4), Path("none"), Known(there, back), None)
    run.__dict__["dataset"] = dataset
    return run


def values(run, *names):
    return [found.value for found in measure(run, list(names)).values()]


FOUR = ("attribute_reached", "attributes_kept", "error_inside", "error_outside")


def test_a_copy_keeps_everything_and_reaches_nothing(pair):
    run = known(pair, lambda x: x)
    reached, kept, inside, outside = values(run, *FOUR)
    assert reached <= 0.05 and kept >= 0.97
    assert inside > 0.2 and outside < 0.01
    assert values(run, *(f"{name}_copy" for name in FOUR)) == [reached, kept, inside, outside]


def test_the_true_partner_reaches_and_keeps_everything(pair):
    run = known(pair, lambda x: pair.truth["A", "B"])
    reached, kept, inside, outside = values(run, *FOUR)
    assert reached >= 0.97 and kept >= 0.97
    assert (inside, outside) == (0, 0)
    assert values(run, *(f"{name}_truth" for name in FOUR)) == [reached, kept, inside, outside]


def test_one_and_the_same_blond_reaches_the_attribute_and_loses_the_person():
    pair = load("portraits", SMALL)
    someone = pair.train["B"].images[:1]
    run = known(pair, lambda x: someone.expand_as(x))
    reached, kept, _, outside = values(run, *FOUR)
    assert reached == 1
    assert 0.3 < kept < 0.8
    assert outside > 0.1


def test_paint_everywhere_errs_outside():
    pair = load("portraits", SMALL)
    painted = known(pair, lambda x: pair.truth["A", "B"] * 0.7 + 0.3)
    assert values(painted, "error_outside")[0] == pytest.approx(values(painted, "error_inside")[0], abs=0.2)
    assert values(painted, "error_outside")[0] > 0.05


def test_recolouring_matches_the_moments_of_b_and_no_more():
    pair = load("portraits", SMALL)
    run = known(pair, lambda x: x)
    painted, wanted = attributes.recoloured(run, "A", "B"), pair.train["B"].images
    assert torch.allclose(painted.mean((0, 2, 3)), wanted.mean((0, 2, 3)), atol=0.02)
    reached, inside = values(run, "attribute_reached_recoloured", "error_inside_recoloured")
    assert reached < 0.9
    assert inside > 0.2


def test_the_way_back_and_tones_of_skin(pair):
    run = known(pair, lambda x: x, lambda y: pair.truth["B", "A"])
    assert values(run, "attribute_reached_back", "error_inside_back") == [1, 0]
    skin = pair.truth["A", "skin"]
    light_alone = skin[:, None, None, None] == 4
    half = known(pair, lambda x: torch.where(light_alone, pair.truth["A", "B"], x))
    assert values(half, "attribute_reached_tone_4")[0] >= 0.9 and values(half, "attribute_reached_tone_1")[0] <= 0.1
    light, worst = measure(half, ["attribute_reached_tone_4", "attribute_reached_worst_tone"]).values()
    assert light.n == int((skin == 4).sum()) and worst.value <= 0.1
    assert worst.name == "attribute reached, worst tone" and worst.judge == "portraits" and worst.seed == 4


def test_styles_are_an_attribute_and_a_drawing_has_only_what_it_shows():
    styles = load("portraits_styles", SMALL)
    run = known(styles, lambda x: styles.truth["A", "B"])
    assert attributes.attributes_of(run) == (["style"], ["skin", "hair_colour", "glasses", "beard", "mouth"])
    assert values(run, "attribute_reached", "attribute_reached_copy") == [1, 0]
    drawing = load("portraits_drawing", SMALL)
    run = known(drawing, lambda x: drawing.truth["A", "B"])
    assert attributes.attributes_of(run) == ([], ["glasses", "beard", "mouth"])
    assert values(run, "attributes_kept")[0] >= 0.97
    with pytest.raises(LabError, match="differ in no attribute"):
        measure(run, ["attribute_reached"])


def test_every_pair_of_many_domains_can_be_measured():
    many = load("portraits_many", {"hair": ["black", "grey"], **SMALL})
    run = known(many, lambda x: x)
    found = attributes.attribute_reached(run, attributes.true_partners, "grey", "black")
    assert found.value >= 0.95 and found.n == 40


def test_what_fits_is_measured_and_what_does_not_is_refused(pair):
    run = known(pair, lambda x: x)
    names = fitting(run)
    assert {"attribute_reached", "attributes_kept_truth", "error_outside", "truth_error"} <= set(names) <= set(MEASURES)
    with pytest.raises(LabError, match="no test picture shows skin of tone 9"):
        attributes.attribute_reached(run, tone=9)
    digits = load("grained_to_flat", {"n_train": 4, "n_test": 4})
    assert attributes.fitting(known(digits, lambda x: x)) == []
    with pytest.raises(LabError, match="are no portraits"):
        attributes.attribute_reached(known(digits, lambda x: x))


# Pairs from one code: the generator hands out pictures of test people, so that what they share is known --------------


class Pairs:
    """A generator of pairs whose second pictures are the true partners of the first, or of somebody else."""

    def __init__(self, A, B):
        self.A, self.B = A, B

    def sample_pairs(self, n, seed=0):
        assert n == attributes.PAIRS
        return tuple(images.repeat(n // len(images) + 1, 1, 1, 1)[:n] for images in (self.A, self.B))


def pairs_of(dataset, A, B):
    run = Run(RunSpec("cogan", "portraits", 1, 1, seed=4), Path("none"), Pairs(A, B), None)
    run.__dict__["dataset"] = dataset
    return run


class Told(StarGAN):
    """Draws, for each picture and label, the true picture of the same person, or what `instead` makes of it."""

    def __init__(self, dataset, instead=lambda truth, source: truth):
        names = ("black", "blond", "brown", "glasses", "beard")
        super().__init__(StarGANSettings(names, domains=("smile", "serious"), size=64, ngf=2, ndf=2, blocks=1))
        self.people, self.truth, self.names, self.instead = dataset.test["A"].images, dataset.truth, names, instead
        self.asked = []

    def translate(self, x, src="A", dst="B", target=None):
        self.asked.append(target)
        return self.instead(self.truth["A", dst], x)


@pytest.fixture(scope="module")
def several():
    return load("portraits_attributes", {"size": 64, "n_train": 10, "n_test": 30, "n_mouth": 10})


def told(dataset, *instead):
    run = Run(RunSpec("stargan", "portraits_attributes", 1, 1, seed=4), Path("none"), Told(dataset, *instead), None)
    run.__dict__["dataset"] = dataset
    return run


PAIR = ("pair_same_face", "pair_same_face_chance", "pair_reached")


def test_pairs_of_one_person_have_one_face_and_two_codes_have_not(pair):
    same, chance, reached = values(pairs_of(pair, pair.test["A"].images, pair.test["B"].images), *PAIR)
    assert same > 0.97 and reached > 0.97
    assert 0.3 < chance < 0.85


def test_pairs_of_strangers_are_as_alike_as_chance(pair):
    same, chance, _ = values(pairs_of(pair, pair.test["A"].images, pair.test["B"].images.roll(7, 0)), *PAIR)
    assert same == pytest.approx(chance, abs=0.15)


def test_one_picture_twice_has_one_face_and_makes_no_pair(pair):
    same, _, reached = values(pairs_of(pair, pair.test["A"].images, pair.test["A"].images), *PAIR)
    assert same == 1 and reached == pytest.approx(0.5, abs=0.03)


def test_a_change_of_several_attributes_is_reached_where_all_are(several):
    run = told(several)
    names = fitting(run)
    assert set(names) <= set(MEASURES) and {"attribute_reached_hair_colour_glasses_beard"} <= set(names)
    found = measure(run, [name for name in names if name.startswith("attribute_reached") and "truth" not in name])
    assert len(found) == 8 and all(m.value >= 0.9 and m.n == 30 for m in found.values())
    one = told(several, lambda truth, x: several.truth["A", "other glasses"])
    both, alone = values(one, "attribute_reached_glasses_beard", "attribute_reached_glasses")
    assert both <= 0.1 and alone >= 0.9


def test_a_change_is_told_by_the_whole_label_and_the_mouth_by_a_domain(several):
    run = told(several)
    measure(run, ["error_inside_hair_colour", "error_inside_mouth"])
    hair, mouth = run.system.asked
    own, after = yes_or_no_of(several, "A"), yes_or_no_of(several, "other hair_colour")
    assert torch.equal(hair, after) and torch.equal(hair[:, 3:], own[:, 3:])
    assert (hair[:, :3] != own[:, :3]).any(1).all()
    assert torch.equal(mouth, several.truth["A", "mouth"])  # smile is the first domain, so the other one has its place


def yes_or_no_of(dataset, key):
    hair = torch.stack([dataset.truth[key, "hair_colour"] == place for place in (0, 3, 1)], 1)
    rest = torch.stack([dataset.truth[key, name] == 1 for name in ("glasses", "beard")], 1)
    return torch.cat([hair, rest], 1).long()


def test_a_copy_is_far_from_every_change_and_the_truth_is_there(several):
    run = told(several, lambda truth, x: x)
    names = ("attribute_reached", "attributes_kept", "error_inside", "error_outside")
    found = values(run, *(f"{name}_beard" for name in names))
    assert found == values(run, *(f"{name}_beard_copy" for name in names))
    assert found[0] <= 0.1 and found[1] >= 0.95 and found[2] > 0.1
    assert values(run, "error_inside_beard_truth", "error_outside_beard_truth") == [0, 0]
    of_tone = measure(run, ["attributes_kept_beard_tone_1", "attribute_reached_beard_worst_tone"])
    assert of_tone["attributes_kept_beard_tone_1"].n == int((several.truth["A", "skin"] == 1).sum())
    assert of_tone["attribute_reached_beard_worst_tone"].value <= 0.1


def test_a_system_without_labels_is_not_asked(several):
    run = known(several, lambda x: x)
    with pytest.raises(LabError, match="only a run of stargan"):
        measure(run, ["attribute_reached_beard"])
    without = load("portraits_attributes", {"attributes": ["glasses", "smile"], "size": 64, "n_train": 4, "n_test": 4})
    with pytest.raises(LabError, match="no labels for the change other glasses.mouth"):
        measure(told(without), ["error_inside_glasses_mouth"])


def test_pairs_of_domains_are_averaged():
    many = load("portraits_many", {"hair": ["black", "grey"], **SMALL, "n_test": 10})
    run = known(many, None)
    run.system.ways = {("black", "grey"): lambda x: many.truth["black", "grey"], ("grey", "black"): lambda x: x}
    assert set(fitting(run)) == {f"{name}_pairs" for name in FOUR}
    there, back, mean = (
        attributes.error_inside(run, src="black", dst="grey").value,
        attributes.error_inside(run, src="grey", dst="black").value,
        measure(run, ["error_inside_pairs"])["error_inside_pairs"],
    )
    assert there == 0 and mean.value == pytest.approx(back / 2) and mean.n == 20
