"""The copies that students work in: made once, renewed while their cells are the original's, never overwritten."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from browser.lab import jupyterlab
from labkit import lab
from labkit.__main__ import main
from labkit.lab import refresh_copies
from labkit.paths import ROOT


def write(path, *sources, ran=False):
    outputs = [{"output_type": "stream", "name": "stdout", "text": "ran"}] if ran else []
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "execution_count": None, "outputs": outputs, "source": s}
        for i, s in enumerate(sources)
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))


def says(path):
    return "".join(cell["source"] for cell in json.loads(path.read_text())["cells"])


@pytest.fixture
def house(tmp_path):
    """Two originals and their fresh copies."""
    for name in ("00_start_here", "01_gan"):
        write(tmp_path / "notebooks" / f"{name}.ipynb", f"{name} first")
    assert refresh_copies(tmp_path / "notebooks", tmp_path / "work") == []
    return tmp_path


def update(house, source):
    write(house / "notebooks" / "01_gan.ipynb", source)
    return refresh_copies(house / "notebooks", house / "work")


def test_copies_are_made_once(house):
    copies = sorted(path.name for path in (house / "work").glob("*.ipynb"))
    assert copies == ["00_start_here.ipynb", "01_gan.ipynb"]
    write(house / "work" / "01_gan.ipynb", "mine")
    assert refresh_copies(house / "notebooks", house / "work") == []
    assert says(house / "work" / "01_gan.ipynb") == "mine"
    assert not (house / "work" / "01_gan.new.ipynb").exists()


@pytest.mark.parametrize("ran", [False, True])
def test_a_copy_with_the_cells_of_its_original_follows_it(house, ran):
    write(house / "work" / "01_gan.ipynb", "01_gan first", ran=ran)
    assert refresh_copies(house / "notebooks", house / "work") == []
    assert ("ran" in (house / "work" / "01_gan.ipynb").read_text()) == ran  # no update: what a run left stays
    for source in ("second", "third"):
        assert update(house, source) == []
        assert says(house / "work" / "01_gan.ipynb") == source


def test_beside_a_changed_copy_a_newer_original_waits_until_it_is_taken(house):
    copy, new = house / "work" / "01_gan.ipynb", house / "work" / "01_gan.new.ipynb"
    write(copy, "mine")
    for source in ("second", "second", "third"):
        (sentence,) = update(house, source)
        assert "01_gan.ipynb: a newer version lies beside your copy, as work/01_gan.new.ipynb" in sentence
        assert says(copy) == "mine" and says(new) == source
    copy.rename(house / "work" / "my_gan.ipynb")
    assert update(house, "third") == []
    assert says(copy) == "third" and says(house / "work" / "my_gan.ipynb") == "mine" and not new.exists()


def test_a_newer_original_that_was_declined_is_not_offered_again(house):
    write(house / "work" / "01_gan.ipynb", "mine")
    assert len(update(house, "second")) == 1
    (house / "work" / "01_gan.new.ipynb").unlink()
    assert update(house, "second") == []
    assert len(update(house, "third")) == 1


def test_what_a_student_wrote_into_the_newer_one_is_kept_too(house):
    copy, new = house / "work" / "01_gan.ipynb", house / "work" / "01_gan.new.ipynb"
    write(copy, "mine")
    update(house, "second")
    write(new, "mine as well")
    for _ in range(2):
        (sentence,) = update(house, "third")
        assert "you changed both" in sentence
        assert says(copy) == "mine" and says(new) == "mine as well"
    new.rename(house / "work" / "other.ipynb")
    assert len(update(house, "third")) == 1 and says(new) == "third"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": [1]}'])
def test_a_copy_that_is_no_notebook_is_the_students(house, text):
    (house / "work" / "01_gan.ipynb").write_text(text)
    assert len(update(house, "second")) == 1
    assert (house / "work" / "01_gan.ipynb").read_text() == text


def test_without_a_record_what_differs_is_the_students(house):
    write(house / "work" / "01_gan.ipynb", "mine")
    for path in (house / "work" / ".originals").iterdir():
        path.unlink()
    (sentence,) = refresh_copies(house / "notebooks", house / "work")
    assert "01_gan" in sentence and says(house / "work" / "01_gan.ipynb") == "mine"


@pytest.mark.parametrize(("options", "folder"), [([], "work"), (["--originals"], "notebooks")])
def test_the_command_opens_the_right_folder_on_this_machine_only(monkeypatch, options, folder):
    real, commands = subprocess.Popen, []

    def popen(command, **options):
        commands.append(command)
        return real([sys.executable, "-c", "raise SystemExit(3)"], **options)

    monkeypatch.setattr(lab.subprocess, "Popen", popen)
    monkeypatch.setattr(lab, "refresh_copies", lambda: [])
    assert main(["lab", *options, "--no-browser", "--port", "9"]) == 3
    first = f"{folder}/00_start_here.ipynb"
    assert [sys.executable, "-m", "jupyterlab", "--ip=127.0.0.1", first, "--no-browser", "--port", "9"] in commands


def test_an_interruption_is_for_jupyterlab_to_answer(tmp_path):
    """Ctrl-C reaches both; labkit waits until JupyterLab, which may ask first, has ended by itself."""
    server = "import signal, time; signal.signal(2, lambda *_: print('asked', flush=True)); print('up', flush=True)"
    code = (
        "import sys; from labkit import lab\n"
        f"class Popen(lab.subprocess.Popen):\n    def __init__(self, _, **o):\n"
        f"        super().__init__([sys.executable, '-c', {server + '; time.sleep(2)'!r}], **o)\n"
        "lab.subprocess.Popen = Popen; sys.exit(lab.open_lab(originals=True))"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True) as process:
        assert process.stdout.readline() == "up\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "asked\n"
        time.sleep(0.5)
        assert process.poll() is None
        assert process.wait(20) == 0


def test_jupyterlab_opens_and_saves_a_copy_without_its_text(tmp_path):
    """The pairing of notebooks/ with lessons/ leaves the copies alone."""
    root = tmp_path / "house"
    refresh_copies(work=root / "work")
    (root / "jupytext.toml").write_bytes((ROOT / "jupytext.toml").read_bytes())
    (tmp_path / "state").mkdir()
    with jupyterlab(root, tmp_path / "state") as (url, token):
        address = f"{url}/api/contents/work/00_start_here.ipynb?token={token}"
        model = json.load(urllib.request.urlopen(address, timeout=30))
        model["content"]["cells"][0]["source"] = "mine"
        body = json.dumps({"type": "notebook", "format": "json", "content": model["content"]}).encode()
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method="PUT")
        assert urllib.request.urlopen(request, timeout=30).status == 200
    assert json.loads((root / "work" / "00_start_here.ipynb").read_text())["cells"][0]["source"] in ("mine", ["mine"])
    assert sorted(path.name for path in root.iterdir()) == ["jupytext.toml", "work"]
    assert refresh_copies(work=root / "work") == []
