"""Few-shot measures on a translator that knows the truth, on copies, and on small systems of each kind."""

from pathlib import Path

import pytest
import torch

from labkit.data import load
from labkit.errors import LabError
from labkit.evaluation import few_shot, fitting, measure
from labkit.runs import RunSpec
from labkit.runs.run import Run
from labkit.study import samples
from labkit.systems import build
from labkit.systems.funit import FUNIT, FUNITSettings
from systems.small import SMALL

DATA = {"n_source": 10, "n_train": 100, "n_target": 4, "n_test": 24, "per_target": 60, "size": 16}


@pytest.fixture(scope="module")
def dataset():
    return load("glyph_classes", DATA)


def known(system, dataset, data: str = "glyph_classes", seed: int = 0) -> Run:
    run = Run(RunSpec("funit", data, 1, 1, data_settings=DATA, seed=seed), Path("none"), system, None)
    run.__dict__["dataset"] = dataset
    return run


def nearest(images: torch.Tensor, among: torch.Tensor) -> torch.Tensor:
    return torch.cdist(images.flatten(1), among.flatten(1)).argmin(1)


class Oracle(FUNIT):
    """Knows of every example which class it is of, says so with noise of its own, and draws the truth."""

    def __init__(self, dataset, noise: float = 0.0):
        super().__init__(FUNITSettings(**SMALL["funit"][0]))
        self.dataset, self.noise = dataset, noise

    def class_code(self, examples, label=None):
        flat, test = examples.flatten(0, 1), self.dataset.test["B"]
        place = nearest(flat, test.images)
        peculiar = torch.randn(len(test), generator=torch.Generator().manual_seed(0))[place]
        code = test.labels[place] - 200 + self.noise * peculiar
        return code.unflatten(0, examples.shape[:2]).mean(1)[:, None]

    def translate(self, x, src="A", dst="B", examples=None, label=None, code=None):
        if code is None:
            return x
        which = nearest(x, self.dataset.test["A"].images)
        targets = code[:, 0].round().clamp(0, 3).long()
        truth = torch.stack([self.dataset.truth["A", str(200 + t)] for t in range(4)])
        return truth[targets, which]


class Recogniser:
    """A judge that is always right: the class, or the character, of the nearest image that it knows."""

    name, record = "recogniser", {"ceiling": 1.0}

    def __init__(self, dataset, kind):
        targets = [dataset.truth["A", str(200 + t)] for t in range(4)]
        known, labels = [*targets, dataset.test["A"].images], [200, 201, 202, 203, 0]
        each = torch.arange(len(known)).repeat_interleave(len(targets[0]))
        self.images = torch.cat(known)
        self.classes = {"all": 210, "target": 5, "character": 24}[kind]
        label = torch.tensor(labels)[each] if kind == "all" else torch.where(each < 4, each, 4)
        self.labels = dataset.truth["A", "character"].repeat(len(known)) if kind == "character" else label

    def score(self, images):
        return 20 * torch.eye(self.classes)[self.labels[nearest(images, self.images)]]

    def predict(self, images):
        return self.score(images).argmax(1)

    def embed(self, images):
        return torch.nn.functional.adaptive_avg_pool2d(images, 1).flatten(1)


@pytest.fixture
def judged(monkeypatch, dataset):
    monkeypatch.setattr(few_shot, "class_judge", lambda run, kind: Recogniser(dataset, kind))


def test_a_translator_that_knows_the_truth_is_perfect(judged, dataset):
    run = known(Oracle(dataset), dataset)
    found = measure(run, ["top1_all_k1", "top5_test_k20", "truth_error_k5", "character_accuracy_k1", "is_test_k1"])
    assert found["top1_all_k1"].value == found["top5_test_k20"].value == found["character_accuracy_k1"].value == 1
    assert found["truth_error_k5"].value == 0
    assert found["is_test_k1"].value == pytest.approx(torch.tensor(4.0).log().item(), abs=1e-3)
    assert (found["top1_all_k1"].n, found["top1_all_k1"].judge) == (4 * 24, "recogniser")


def test_copies_keep_the_character_and_miss_the_class(judged, dataset):
    run = known(Oracle(dataset), dataset)
    found = measure(run, ["copy_top1_all", "copy_top1_test", "copy_truth_error", "copy_class_distance"])
    assert found["copy_top1_all"].value == found["copy_top1_test"].value == 0
    assert found["copy_truth_error"].value > 0.1
    assert found["copy_class_distance"].value > 5 * measure(run, ["class_distance_k1"])["class_distance_k1"].value


def test_the_truth_is_what_the_judge_reads_best(judged, dataset):
    run = known(Oracle(dataset), dataset)
    assert torch.equal(few_shot.truths(run), few_shot.few_shot(run, 1))
    found = measure(run, ["truth_top1_all", "truth_top5_test", "truth_top1_test"])
    assert all(m.value == 1 and m.n == 4 * 24 for m in found.values())


def test_more_examples_help_where_each_is_uncertain(judged, dataset):
    run = known(Oracle(dataset, noise=1.0), dataset)
    by_k = [measure(run, [f"top1_test_k{k}"])[f"top1_test_k{k}"].value for k in (1, 5, 20)]
    assert by_k[0] + 0.1 < by_k[1] < by_k[2]
    assert few_shot.part_accuracy(run, "font", 20).n == 2 * 24
    halves = [few_shot.part_accuracy(run, part, 5).value for part in ("font", "ink")]
    assert sum(halves) / 2 == pytest.approx(by_k[1])


def test_the_variance_of_the_class_code_falls_as_one_over_k(dataset):
    run = known(Oracle(dataset, noise=1.0), dataset)
    one, ten = (few_shot.code_variance(run, k).value for k in (1, 10))
    assert one == pytest.approx(1, rel=0.25)  # 4 classes of 60 draws
    assert 4 < one / ten < 25
    assert 0.2 < few_shot.code_within(run).value < 0.7  # noise 1 beside four classes at 0, 1, 2, 3: 1 / 2.25


def test_examples_are_nested_in_k_and_never_what_translations_are_compared_with(dataset):
    run = known(Oracle(dataset), dataset)
    one, five = few_shot.chosen(run, 1), few_shot.chosen(run, 5)
    assert five.shape == (4, 24, 5) and torch.equal(one, five[:, :, :1])
    assert all(len(set(places.tolist())) == 5 for places in five.flatten(0, 1))
    assert not torch.equal(one, few_shot.chosen(known(run.system, dataset, seed=1), 1))
    labels, pool, others = few_shot.by_class(run)
    assert labels.tolist() == [200, 201, 202, 203] and pool.shape[1] == 20
    shown = {image.numpy().tobytes() for image in pool.flatten(0, 1)}
    assert not any(image.numpy().tobytes() in shown for other in others for image in other)
    with pytest.raises(LabError, match="there are 20 examples"):
        few_shot.chosen(run, 21)


def small(dataset, **settings) -> Run:
    torch.manual_seed(0)
    return known(build("funit", SMALL["funit"][0] | {"classes": 10} | settings).eval(), dataset)


def test_translations_by_mean_codes_are_those_by_the_examples_themselves(dataset):
    run = small(dataset)
    places, pool = few_shot.chosen(run, 2), few_shot.by_class(run)[1]
    with torch.no_grad():
        direct = run.system.translate(dataset.test["A"].images, examples=pool[3][places[3]])
    torch.testing.assert_close(few_shot.few_shot(run, 2)[3], direct)
    kept = few_shot.content_distance(run, 1)
    assert kept.judge == "random edges" and kept.value > 0.1 and kept.n == 96


def test_the_baselines_ignore_examples_or_take_the_nearest_source_class(judged, dataset):
    nothing = few_shot.few_shot(small(dataset, condition="nothing"), 1)
    assert torch.equal(nothing[0], nothing[3])
    run = small(dataset, condition="label")
    labels = few_shot._nearest_source(run, few_shot.chosen(run, 20))
    assert labels.shape == (4, 24) and labels.min() >= 0 and labels.max() < 10
    assert all(len(row.unique()) == 1 for row in labels)  # the same twenty for every content
    assert few_shot.few_shot(run, 20).shape == (4, 24, 3, 16, 16)


@pytest.mark.parametrize("condition", ["images", "label", "nothing"])
def test_a_study_keeps_a_picture_of_contents_translations_reconstructions_and_examples(judged, dataset, condition):
    run = small(dataset, condition=condition)
    rows = samples.rows(run, 6)
    assert list(rows) == ["real_A", "fake_B", "rec_A", "real_B"]
    assert all(images.shape == (6, 3, 16, 16) for images in rows.values())
    assert torch.equal(rows["real_A"], dataset.test["A"].images[:6])
    place = few_shot.chosen(run, 5)[1, 5, 0]
    assert torch.equal(rows["real_B"][5], few_shot.by_class(run)[1][1, place])


def test_what_evaluate_measures_has_names_that_exist(dataset):
    assert set(fitting(small(dataset))) <= set(few_shot.MEASURES)


def test_a_judge_is_planned_for_the_classes_of_the_run(monkeypatch, dataset):
    plans = []
    monkeypatch.setattr(few_shot, "cached", lambda name, plan: plans.append((name, plan)))
    for kind in ("all", "target", "character"):
        few_shot.class_judge(small(dataset), kind)
    names, found = zip(*plans, strict=True)
    assert len(set(names)) == 3 and all(plan.data == "glyph_class_images" for plan in found)
    assert [plan.settings["kind"] for plan in found] == ["all", "target", "character"]
    assert all(plan.settings["n_target"] == 4 and "size" not in plan.settings for plan in found)
    assert "n_train" not in found[0].settings and "n_source" not in found[0].settings
    with pytest.raises(LabError, match="no judge of 'character'"):
        few_shot.class_judge(known(None, dataset, data="few_shot_folders"), "character")
    with pytest.raises(LabError, match="no judge of 'all'"):
        few_shot.class_judge(known(None, dataset, data="emoji"), "all")


def test_systems_without_examples_are_refused(dataset):
    with pytest.raises(LabError, match="takes no examples"):
        few_shot.class_codes(known(torch.nn.Identity(), dataset))
