"""A run that is watched: what is written when, what it shows, and that it leaves the run as it was."""

import re
from dataclasses import replace

import pytest
import torch
from PIL import Image

from labkit.__main__ import main
from labkit.errors import LabError
from labkit.runs import RunSpec, run
from labkit.runs.pictures import MAX_BYTES, jpeg
from labkit.views import contact_sheet
from labkit.views.monitor import SHARE, Monitor, due, undisturbed

NARROW = {"channels": 1, "ngf": 4, "ndf": 4, "blocks": 1, "d_layers": 1}
CYCLEGAN = NARROW | {"pool": 4, "ema": 0.9}
SPEC = RunSpec("cyclegan", "digits_to_glyphs", 6, 2, CYCLEGAN, {"size": 16, "n_train": 40}, seed=5)
GAN = RunSpec("gan", "optdigits", 3, 4, {"size": 16, "channels": 1, "nz": 4, "ngf": 4, "ndf": 4}, {"size": 16})
FUNIT = RunSpec(
    *("funit", "glyph_classes", 2, 2),
    {"classes": 3, "width": 2, "halvings": 1, "blocks": 1, "class_halvings": 1, "class_dim": 4, "mlp_width": 4}
    | {"ndf": 2, "stages": 2},
    {"n_source": 3, "n_train": 9, "n_test": 4, "size": 16, "per_target": 6},
    ["A", "B"],
)
STARGAN = RunSpec(
    *("stargan", "portraits_attributes", 2, 4),
    {"attributes": ["glasses", "beard"], "rivals": [], "size": 32, "ngf": 2, "ndf": 2, "blocks": 1, "d_layers": 3},
    {"attributes": ["glasses", "beard"], "n_train": 8, "n_test": 3, "size": 32},
    ["A"],
)
COGAN = RunSpec("cogan", "digits_to_glyphs", 2, 4, {"nz": 4, "ngf": 2, "ndf": 2}, {"size": 28, "n_train": 40})


def same_networks(a, b):
    a, b = a.system.state_dict(), b.system.state_dict()
    return all(torch.equal(a[key], b[key]) for key in a)


def pictures(folder):
    return sorted(path.name for path in (folder / "pictures").glob("*"))


def test_pictures_curves_and_a_page_are_written_every_so_many_steps(tmp_path):
    run(SPEC, tmp_path, watch=Monitor(2))
    assert pictures(tmp_path) == [f"step-00000{step}.jpg" for step in (2, 4, 6)]
    with Image.open(tmp_path / "pictures/step-000006.jpg") as sheet:
        assert sheet.width > 6 * 96 and sheet.height > 5 * 96  # five rows of six
    assert (tmp_path / "curves.png").stat().st_size > 5000
    page = (tmp_path / "index.html").read_text()
    assert "All 6 steps are done" in page and "refresh" not in page
    shown = re.findall(r'src="([^"?]+)', page)
    assert shown[0] == "pictures/step-000006.jpg" and all((tmp_path / path).exists() for path in shown)
    assert not re.search(r"https?://|//cdn|src=\"/", page)


def test_the_page_of_a_run_that_goes_on_looks_for_news_and_escapes_what_it_shows(tmp_path):
    folder = tmp_path / "<b>zebras & horses"
    seen = []

    class Stop(Exception):
        pass

    def watch(now, done, monitor=Monitor(1)):  # noqa: B008
        monitor(now, done)
        seen.append((folder / "index.html").read_text())
        if done == 5:
            raise Stop

    with pytest.raises(Stop):
        run(SPEC, folder, watch=watch)
    assert '<meta http-equiv="refresh"' in seen[0]
    assert "&lt;b&gt;zebras &amp; horses" in seen[0] and "<b>zebras" not in seen[0]
    assert "the first steps tell" in seen[0] and re.search(r"s a step, \d+ s left of \d+ s", seen[-1])
    assert 'class="changed"><dt>ngf</dt><dd>4' in seen[0] and "<div><dt>lambda_cyc</dt><dd>10.0" in seen[0]


@pytest.mark.parametrize(
    "spec", [SPEC, GAN, FUNIT, COGAN], ids=["CycleGAN: InstanceNorm", "GAN: BatchNorm", "FUNIT", "CoGAN"]
)
def test_a_watched_run_equals_an_unwatched_one(tmp_path, spec):
    plain = run(spec, tmp_path / "plain")
    watched = run(spec, tmp_path / "watched", watch=Monitor(1))
    assert same_networks(plain, watched) and plain.history == watched.history
    assert len(pictures(tmp_path / "watched")) == spec.steps


def test_a_stopped_and_resumed_run_equals_an_unwatched_one_and_continues_its_page(tmp_path):
    whole = run(SPEC, tmp_path / "whole")

    class Stop(Exception):
        pass

    def stopping(now, done, monitor=Monitor(1)):  # noqa: B008
        monitor(now, done)
        if done == 5:
            raise Stop

    with pytest.raises(Stop):  # after step 5; the last checkpoint is that of step 4
        run(SPEC, tmp_path / "parts", watch=stopping, checkpoint_every=2)
    assert pictures(tmp_path / "parts")[-1] == "step-000005.jpg"
    resumed = run(SPEC, tmp_path / "parts", watch=Monitor(2), checkpoint_every=2)
    assert same_networks(whole, resumed) and whole.history == resumed.history
    assert pictures(tmp_path / "parts") == [f"step-00000{step}.jpg" for step in (1, 2, 3, 4, 6)]
    assert resumed.history.clock()[0] == [0, 1, 2, 3, 4, 5]
    seconds = resumed.history.clock()[1]
    assert seconds == sorted(seconds) and seconds[0] > 0


def test_the_same_images_are_shown_each_time(tmp_path):
    frozen = replace(SPEC, settings=CYCLEGAN | {"lr": 0.0}, steps=3)
    run(frozen, tmp_path, watch=Monitor(1))
    contents = {path.read_bytes() for path in (tmp_path / "pictures").iterdir()}
    assert len(contents) == 1


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        (SPEC, ["real_A", "fake_B", "rec_A", "real_B", "fake_A"]),
        (
            replace(SPEC, system="direct", settings=NARROW),
            None,
        ),
        (GAN, ["real", "fake"]),
        (FUNIT, ["real_A", "fake_B", "real_B"]),
        (STARGAN, ["real_A", "glasses", "beard"]),
        (COGAN, ["fake_A", "fake_B"]),
        (RunSpec("discogan", "rings", 1, 8, {"networks": "points", "ngf": 4, "ndf": 4}), []),
        (
            RunSpec(
                "autoencoder", "optdigits", 1, 4, {"channels": 1, "size": 16, "width": 4, "features": 8}, {"size": 16}
            ),
            [],
        ),
    ],
    ids=["two ways", "one way", "samples", "examples", "labels", "pairs", "points", "no images"],
)
def test_every_kind_of_system_shows_what_it_makes(tmp_path, spec, names):
    finished = run(replace(spec, steps=1), tmp_path, watch=Monitor(1))
    shown = contact_sheet.few(finished)
    with undisturbed(finished.system):
        rows = contact_sheet.rows(shown)
    assert list(rows) == (["real_A", "fake_B"] if names is None else names)
    assert all(len(images) <= 6 for images in rows.values())
    assert bool(pictures(tmp_path)) == bool(rows) and (tmp_path / "curves.png").exists()


def test_each_network_gets_back_the_mode_it_was_in():
    system = torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.Dropout())
    system.train()[1].eval()
    with pytest.raises(RuntimeError), undisturbed(system):
        assert not system[0].training and not torch.is_grad_enabled()
        raise RuntimeError
    assert system.training and system[0].training and not system[1].training and torch.is_grad_enabled()


def test_a_page_that_cannot_be_written_is_said_once_and_does_not_stop_the_run(tmp_path, monkeypatch, capsys):
    def full(path, content):
        raise LabError(f"{path}: cannot be written (No space left on device).")

    monkeypatch.setattr("labkit.views.monitor.write_atomically", full)
    watched = run(SPEC, tmp_path / "watched", watch=Monitor(1))
    assert capsys.readouterr().out.count("No space left on device") == 1
    assert same_networks(watched, run(SPEC, tmp_path / "plain"))


def test_when_pictures_are_due():
    assert [done for done in range(1, 100_001) if due(done, 100_000, None)][:9] == [
        *(100, 200, 400, 800, 1600, 3200, 5000, 10_000, 15_000)
    ]
    assert [done for done in range(1, 451) if due(done, 450, None)] == [100, 200, 300, 400, 450]
    assert [done for done in range(1, 8) if due(done, 7, 3)] == [3, 6, 7]
    assert not any(due(done, 7, 0) for done in range(1, 8))


def test_where_nobody_said_when_pictures_cost_no_more_than_their_share(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("labkit.views.monitor.time.monotonic", lambda: now[0])
    monitor = Monitor()
    assert monitor._affordable(last=False)  # the first one always
    monitor.drawing = [1.0]
    now[0] = 1.9 / SHARE
    assert not monitor._affordable(last=False) and monitor._affordable(last=True)
    now[0] = 2.1 / SHARE
    assert monitor._affordable(last=False)


def test_sheets_of_noise_stay_below_their_weight_and_large_images_are_made_smaller():
    noise = {f"row_{i}": torch.rand(6, 3, 256, 256) * 2 - 1 for i in range(5)}
    sheet = contact_sheet.sheet(noise)
    assert sheet.width < 62 + 6 * 170
    assert 20_000 < len(jpeg(sheet)) <= MAX_BYTES


def test_tensorboard_holds_every_term_and_the_pictures_and_a_resumed_run_writes_no_step_twice(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    class Stop(Exception):
        pass

    def stopping(now, done, monitor=Monitor(2, tensorboard=True)):  # noqa: B008
        monitor(now, done)
        if done == 5:
            raise Stop

    with pytest.raises(Stop):
        run(SPEC, tmp_path, watch=stopping, checkpoint_every=2)
    finished = run(SPEC, tmp_path, watch=Monitor(2, tensorboard=True), checkpoint_every=2)
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert set(events.Tags()["scalars"]) == set(finished.history.terms())
    for term in finished.history.terms():
        steps, values = finished.history.curve(term)
        written = events.Scalars(term)
        assert [event.step for event in written] == [step + 1 for step in steps]
        assert [event.value for event in written] == pytest.approx(values, rel=1e-6)
    assert [event.step for event in events.Images("pictures")] == [2, 4, 6]


def test_without_tensorboard_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr("labkit.views.event_log.importlib.util.find_spec", lambda name: None)
    with pytest.raises(LabError, match="pip install tensorboard"):
        Monitor(tensorboard=True)


def test_the_command_line_shows_by_default_and_says_where(tmp_path, capsys):
    command = ["train", "cyclegan", "--data", "digits_to_glyphs", "--data-set", "size=16", "n_train=40", "--steps", "2"]
    command += ["--set", "channels=1", "ngf=4", "ndf=4", "blocks=1", "d_layers=1", "--accelerator", "cpu"]
    assert main([*command, "--out", str(tmp_path / "run")]) == 0
    assert f"Pictures and curves: {tmp_path / 'run' / 'index.html'}" in capsys.readouterr().out
    assert pictures(tmp_path / "run") == ["step-000002.jpg"]
    assert main([*command, "--out", str(tmp_path / "quiet"), "--show-every", "0"]) == 0
    assert not (tmp_path / "quiet" / "index.html").exists()
    assert main([*command, "--show-every", "-1"]) == 2
    assert "--show-every -1" in capsys.readouterr().err
