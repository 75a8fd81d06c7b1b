"""The command line: `python -m labkit COMMAND`. Every command imports what it needs when it runs."""

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from labkit.errors import LabError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed, 2 a problem to mend, 130 interrupted."""
    parser = _parser()
    options, options.more = parser.parse_known_args(arguments)
    if options.more and options.command is not lab:
        parser.error(f"unrecognized arguments: {' '.join(options.more)}")
    try:
        return options.command(options) or 0
    except LabError as error:
        print(f"labkit: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("labkit: interrupted; the same command goes on from here.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m labkit",
        description="Unpaired image-to-image translation: train, translate, measure, reproduce what the papers claim.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, function, summary: str, **kwargs) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=summary, description=summary, **kwargs)
        sub.set_defaults(command=function)
        return sub

    sub = command("train", train, "Train a system on two folders of images, or on a data set by its name.")
    sub.add_argument("system", help="short name of the system, as in cyclegan")
    sub.add_argument("--A", metavar="DIR", help="folder with images of domain A")
    sub.add_argument("--B", metavar="DIR", help="folder with images of domain B")
    sub.add_argument("--data", metavar="NAME", help="a data set by its name, instead of two folders")
    sub.add_argument("--data-set", metavar="KEY=VALUE", nargs="+", default=[], help="settings of that data set")
    sub.add_argument("--labels", metavar="DOMAIN", nargs="+", default=[], help="domains whose classes training may see")
    sub.add_argument(
        "--preset",
        metavar="NAME",
        help="paper, small or quick: size, batch, steps and settings to begin with, see `python -m labkit presets`;"
        " every option and every --set goes before it",
    )
    sub.add_argument("--size", type=int, help="side of the training images in pixels (default: 128)")
    sub.add_argument("--load-size", type=int, help="shorter side before the random crop (default: 1.12 × size)")
    sub.add_argument("--steps", type=int, help="training steps (default: 100000)")
    sub.add_argument("--batch-size", type=int, help="images of each domain in a step (default: 1)")
    sub.add_argument("--set", metavar="KEY=VALUE", nargs="+", default=[], help="settings of the system, as in ngf=32")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--out", metavar="DIR", help="folder of the run (default: runs/SYSTEM); an unfinished run goes on")
    sub.add_argument("--checkpoint-every", type=int, default=500, metavar="STEPS")
    sub.add_argument("--log-every", type=int, default=10, metavar="STEPS")
    sub.add_argument(
        "--show-every",
        type=int,
        metavar="STEPS",
        help="steps between two pictures of the same test images on the run's index.html; 0 leaves the page out"
        " (default: a twentieth of the steps, at first more often)",
    )
    sub.add_argument("--tensorboard", action="store_true", help="write curves and pictures for TensorBoard, too")
    _add_compute(sub, precision="auto")

    sub = command("presets", presets, "Settings to begin with for every translator, and what each of them costs.")
    sub.add_argument("--measure", action="store_true", help="measure them here, in some minutes, and record it")
    sub.add_argument("systems", metavar="SYSTEM", nargs="*", help="with --measure: only these")

    sub = command("translate", translate, "Translate image files with a trained run.")
    sub.add_argument("run", metavar="RUN", help="folder of a finished run")
    _add_translate(sub)

    sub = command("evaluate", evaluate, "Measure a trained run on its test images.")
    sub.add_argument("run", metavar="RUN", help="folder of a finished run")
    sub.add_argument("--measures", nargs="+", metavar="NAME", help="which measures (default: all that fit the data)")

    sub = command("data", None, "The public data sets of the papers: list, fetch, check; prepare your own pictures.")
    actions = sub.add_subparsers(title="actions", metavar="ACTION", required=True)
    action = actions.add_parser("list", help="all sets: what they are, their size, their licence, what is here")
    action.set_defaults(command=data_list)
    action = actions.add_parser("fetch", help="download, verify and unpack sets; a broken-off transfer goes on")
    action.add_argument("names", nargs="+", metavar="NAME")
    action.set_defaults(command=data_fetch)
    action = actions.add_parser("check", help="verify that sets are here and whole")
    action.add_argument("names", nargs="*", metavar="NAME", help="default: all that are here")
    action.set_defaults(command=data_check)
    action = actions.add_parser("prepare", help="resize a folder of pictures, with its subfolders, once and for all")
    action.add_argument("source", metavar="SOURCE")
    action.add_argument("target", metavar="TARGET")
    action.add_argument("--side", type=int, default=286, help="shorter side in pixels (default: 286)")
    action.set_defaults(command=data_prepare)

    sub = command("networks", None, "The networks that lessons open: list them, show one's card, translate with one.")
    actions = sub.add_subparsers(title="actions", metavar="ACTION", required=True)
    action = actions.add_parser("list", help="all recorded networks: what they are, and whether they are here")
    action.set_defaults(command=networks_list)
    action = actions.add_parser("show", help="the card of one network")
    action.add_argument("name", metavar="LESSON/ARM", help="as in 03/cycle")
    action.set_defaults(command=networks_show)
    action = actions.add_parser("translate", help="translate image files with a recorded network")
    action.add_argument("name", metavar="LESSON/ARM", help="as in 03/cycle")
    _add_translate(action)
    action.set_defaults(command=networks_translate)

    sub = command("study", study, "Train every arm of lessons with every seed and record what they measure.")
    sub.add_argument("lessons", nargs="+", metavar="LESSON", help="a lesson's number or name, as in 01")
    sub.add_argument("--profile", default="study", help="profile whose scale and seeds are used (default: study)")
    sub.add_argument("--arms", nargs="+", metavar="ARM", help="only these arms")
    sub.add_argument("--seeds", nargs="+", type=int, metavar="SEED", help="these seeds in place of the profile's")
    sub.add_argument("--jobs", type=int, help="runs side by side (default: 1; with ray: as many as there is room for)")
    sub.add_argument("--engine", choices=("local", "ray"), default="local", help="child processes (default), or Ray")
    sub.add_argument("--address", help="a Ray cluster (default: RAY_ADDRESS, or one that is started on this machine)")
    _add_compute(sub, precision="32-true")

    sub = command("reproduce", reproduce, "Run the lessons headless, judge every claim, and write the report.")
    sub.add_argument("--profile", default="lesson", help="smoke, lesson (default), study, full or paper")
    sub.add_argument("--lessons", nargs="+", metavar="NN", help="only these lessons")
    sub.add_argument("--jobs", type=int, help="notebooks side by side (default: one a core)")
    sub.add_argument("--force", action="store_true", help="run lessons that are up to date, too")
    sub.add_argument("--record", action="store_true", help="record the verdicts as those to hold from now on")

    sub = command("report", report, "Write the report from what was measured last, without running anything.")
    sub.add_argument("--profile", default="lesson")

    sub = command("book", book, "Write all lessons as a site that needs no network; nothing is executed.")
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder of the site (default: book)")

    sub = command("class", classroom, "For teachers: notebooks without solutions, and marks for those that come back.")
    actions = sub.add_subparsers(metavar="ACTION", required=True, dest="action")
    action = actions.add_parser("release", help="write notebooks to hand out, without solutions and with points")
    action.add_argument("--lessons", nargs="+", metavar="NN", help="only these lessons")
    action.add_argument("--out", type=Path, default=Path("handout"), metavar="DIR", help="default: handout")
    action = actions.add_parser("collect", help="mark handed-in notebooks: DIR/STUDENT/NN_name.ipynb")
    action.add_argument("handed_in", type=Path, metavar="DIR")
    action.add_argument("--out", type=Path, default=Path("marks.csv"), metavar="FILE", help="default: marks.csv")

    sub = command("sync", sync, "Bring the notebooks in step with the lessons' text and execute what changed.")
    sub.add_argument("--lessons", nargs="+", metavar="NN", help="only these lessons")
    sub.add_argument("--no-execute", action="store_true", help="convert only")
    sub.add_argument("--force", action="store_true", help="execute unchanged lessons, too")
    edits = sub.add_mutually_exclusive_group()
    edits.add_argument("--from-notebook", nargs="+", metavar="NN", help="carry what was changed there into the text")
    edits.add_argument("--discard-edits", action="store_true", help="drop what was changed in notebooks")

    sub = command("lab", lab, "Open your own copies of the lessons in JupyterLab, on this machine only.")
    sub.add_argument("--originals", action="store_true", help="open the originals instead, as those who write them do")
    sub.epilog = "Anything else goes to JupyterLab, as in --port 9999."

    command("bench", bench, "Measure what one training step of every system costs, as ratios to CycleGAN.")
    return parser


def _add_translate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--input", required=True, metavar="PATH", help="an image file or a folder of them")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder that receives PNG files")
    parser.add_argument("--src", default="A", help="domain of the input (default: A)")
    parser.add_argument("--dst", default="B", help="domain of the output (default: B)")
    parser.add_argument("--size", type=int, help="shorter side in pixels (default: that of training)")
    parser.add_argument(
        "--overwrite", action="store_true", help="make files anew that are in the output folder already"
    )


def _add_compute(parser: argparse.ArgumentParser, precision: str) -> None:
    group = parser.add_argument_group("machine")
    group.add_argument("--accelerator", default="auto", help="auto (default), cpu or gpu")
    group.add_argument("--devices", type=int, default=1, help="processes a machine, one device each")
    group.add_argument("--nodes", type=int, default=1, help="machines")
    group.add_argument(
        "--precision", default=precision, help=f"auto, 32-true, bf16-mixed or 16-mixed (default: {precision})"
    )
    group.add_argument("--channels-last", action="store_true", help="channels-last memory order")
    group.add_argument(
        "--compile", action="store_true", help="compile the networks: a slow first step, then faster ones"
    )
    group.add_argument("--workers", type=int, default=0, help="processes that prepare batches ahead")


def _compute(options: argparse.Namespace):
    from labkit.train import Compute

    names = ("accelerator", "devices", "nodes", "precision", "channels_last", "compile", "workers")
    return Compute(**{name: getattr(options, name) for name in names})


def _pairs(texts: list[str], option: str) -> dict:
    """KEY=VALUE texts as a dictionary; values are read as YAML, so 3, 0.5, true and [0, 4] are what they look like."""
    import yaml

    values = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise LabError(f"{option}: '{text}' is not of the form KEY=VALUE.")
        try:
            values[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise LabError(f"{option}: the value of '{key}' cannot be read; quote it.") from None
    return values


def train(options: argparse.Namespace) -> int:
    from labkit.paths import RUNS
    from labkit.runs import RunSpec, run
    from labkit.runs.presets import Preset, preset, sized
    from labkit.views.monitor import Monitor

    if options.data and (options.A or options.B):
        raise LabError("Give either --data or the two folders --A and --B, not both.")
    start = preset(options.system, options.preset) if options.preset else Preset(size=128, batch_size=1, steps=100_000)
    asked = {name: getattr(options, name) for name in ("size", "batch_size", "steps")}
    start = replace(start, **{name: value for name, value in asked.items() if value is not None})
    size, settings = start.size, _pairs(options.set, "--set")
    if options.preset:
        settings = start.settings | sized(options.system, size) | settings
    if options.data:
        data, data_settings = options.data, _pairs(options.data_set, "--data-set")
        if options.preset:
            data_settings = {"size": size} | data_settings
    elif options.A and options.B:
        data = "two_folders"
        folders = {"A": str(Path(options.A).resolve()), "B": str(Path(options.B).resolve())}
        load_size = options.load_size or round(1.12 * size)
        data_settings = folders | {"size": size, "load_size": load_size, "flip": True}
    else:
        raise LabError("Name two folders of images with --A and --B, or a data set with --data.")
    spec = RunSpec(
        system=options.system,
        data=data,
        steps=start.steps,
        batch_size=start.batch_size,
        settings=settings,
        data_settings=data_settings,
        labels=options.labels,
        seed=options.seed,
    )
    folder = Path(options.out) if options.out else RUNS / options.system
    run(
        spec,
        folder,
        _compute(options),
        checkpoint_every=options.checkpoint_every,
        log_every=options.log_every,
        label=options.system,
        watch=Monitor(options.show_every, options.tensorboard),
    )
    print(f"Done: {folder}. Next: python -m labkit translate {folder} --input DIR --output DIR")
    return 0


def presets(options: argparse.Namespace) -> int:
    from labkit.pace import spoken
    from labkit.runs import preset_costs

    if options.systems and not options.measure:
        raise LabError("Name systems together with --measure; without it all are listed.")
    if options.measure:
        for system, name, found in preset_costs.measure(options.systems):
            whole = spoken(found.seconds * found.preset["steps"])
            print(f"{system} {name}: {found.seconds:.3g} s a step, {whole}", flush=True)
    preset_costs.show()
    return 0


def translate(options: argparse.Namespace) -> int:
    from labkit.runs import open_run

    return _translate(open_run(Path(options.run)), options)


def _translate(run, options: argparse.Namespace) -> int:
    from labkit.runs.translate import translate_files

    done = translate_files(
        run, Path(options.input), Path(options.output), options.src, options.dst, options.size, options.overwrite
    )
    for sentence in done.unread:
        print(f"labkit: {sentence}", file=sys.stderr)
    print(f"{len(done.written)} images written to {options.output}")
    if done.kept:
        print(f"{len(done.kept)} were there from the same command before")
    return 2 if done.unread else 0


def evaluate(options: argparse.Namespace) -> int:
    from labkit.evaluation import measure, record
    from labkit.runs import open_run

    run = open_run(Path(options.run))
    results = measure(run, options.measures)
    for name, m in results.items():
        judge = f", judge {m.judge}" if m.judge else ""
        print(f"{name:28} {m.value:10.4f}   n = {m.n}, {m.split}{judge}, seed {m.seed}")
    print(f"Recorded in {record(run, results)}")
    return 0


def data_list(options: argparse.Namespace) -> int:
    from labkit.data.files import catalog

    catalog.show()
    return 0


def data_fetch(options: argparse.Namespace) -> int:
    from labkit.data.files import catalog

    for name in options.names:
        catalog.fetch(name)
    return 0


def data_check(options: argparse.Namespace) -> int:
    from labkit.data.files import catalog

    return catalog.check_all(options.names)


def data_prepare(options: argparse.Namespace) -> int:
    from labkit.data.files.prepare import prepare

    return prepare(Path(options.source), Path(options.target), options.side)


def networks_list(options: argparse.Namespace) -> int:
    from labkit.networks.listing import show

    show()
    return 0


def networks_show(options: argparse.Namespace) -> int:
    from labkit.networks.opened import whole_folder

    _, folder = whole_folder(options.name)
    print((folder / "README.md").read_text(encoding="utf8"), end="")
    return 0


def networks_translate(options: argparse.Namespace) -> int:
    from labkit import networks

    return _translate(networks.open(*options.name.partition("/")[::2]), options)


def study(options: argparse.Namespace) -> int:
    from labkit import notebooks, profiles
    from labkit.study.several import studies

    lessons = notebooks.select(options.lessons, profiles.names())
    engine = {name: getattr(options, name) for name in ("jobs", "engine", "address")}
    whole = studies(
        lessons,
        options.profile,
        options.arms,
        options.seeds,
        _compute(options),
        **engine,
        say=partial(print, flush=True),
    )
    return 0 if whole else 1


def reproduce(options: argparse.Namespace) -> int:
    from labkit.ledger import readme
    from labkit.reproduce import reproduce as run_lessons

    status = run_lessons(options.profile, options.lessons, options.jobs, options.force, options.record)
    if options.record:
        readme.update()
    return status


def report(options: argparse.Namespace) -> int:
    from labkit.ledger.report import build

    print(f"Written: {build(options.profile)}")
    return 0


def book(options: argparse.Namespace) -> int:
    from labkit.book import build

    print(f"Written: {build(out=options.out)}")
    return 0


def classroom(options: argparse.Namespace) -> int:
    if options.action == "release":
        from labkit.classroom.release import release
        from labkit.notebooks import lesson_names, select

        for path in release(select(options.lessons, lesson_names()), options.out):
            print(f"Written: {path}")
        return 0
    from labkit.classroom.collect import collect

    marks = collect(options.handed_in, options.out)
    for student in dict.fromkeys(mark.student for mark in marks):
        own = [mark for mark in marks if mark.student == student]
        print(f"{student}: {sum(mark.points for mark in own)} of {sum(mark.of for mark in own)}")
    print(f"Written: {options.out}")
    return 0


def sync(options: argparse.Namespace) -> int:
    from labkit import notebooks
    from labkit.ledger import readme

    if options.from_notebook:
        notebooks.carry_into_text(options.from_notebook)
    lessons = options.from_notebook or options.lessons
    status = notebooks.sync(lessons, not options.no_execute, options.force, discard_edits=options.discard_edits)
    if status == 0:
        readme.update()
    return status


def lab(options: argparse.Namespace) -> int:
    from labkit import lab as module

    return module.open_lab(options.originals, options.more)


def bench(options: argparse.Namespace) -> int:
    from labkit.runs.bench import bench as measure_steps

    measure_steps()
    return 0


if __name__ == "__main__":
    sys.exit(main())
