"""The commands. Each one resolves its settings, calls the Python interface and shows the result."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from nasci.cli.predict_command import predict
from nasci.cli.printable import make_console
from nasci.cli.report_commands import figure, report
from nasci.config import (
    PRESET_NAMES,
    Settings,
    describe,
    preset_source,
    preset_values,
    resolve_settings,
)
from nasci.errors import ConfigError

app = typer.Typer(
    name="nasci",
    help="Finds a neural network for your own data, and says whether the search was worth it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
architecture_app = typer.Typer(
    help="Show, sample and count architectures.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(architecture_app, name="architecture")

DATA_HELP = "a built-in data set, or a file or folder of your own: see `nasci data`"
Data = Annotated[str, typer.Argument(metavar="DATA", help=DATA_HELP)]
Task = Annotated[
    str | None,
    typer.Option(
        "--task",
        help="multiclass, multilabel, regression or question_tree [inferred where no doubt is]",
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="a setting; may be repeated"),
]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="settings in TOML")]
Preset = Annotated[
    str | None, typer.Option("--preset", help=f"settings of a paper: {', '.join(PRESET_NAMES)}")
]
Out = Annotated[
    Path | None, typer.Option("--out", help="folder of the run, new or empty [runs/TIME-NAME]")
]


TensorBoard = Annotated[
    bool,
    typer.Option(
        "--tensorboard",
        help="also write event files to RUN/tensorboard; needs `pip install nasci[tracking]`",
    ),
]


def _budget(group: str) -> str:
    return f"such as 10m, 2h, 5e13macs{'' if group == 'run' else ', 30epochs'}"


def _settings(
    assignments: list[str] | None,
    config: Path | None,
    preset: str | None,
    **overrides: object,
) -> Settings:
    return resolve_settings(
        preset=preset,
        file=config,
        assignments=assignments or (),
        overrides={key.replace("__", "."): value for key, value in overrides.items()},
    )


@app.command()
def run(
    data: Data,
    budget: Annotated[
        str | None,
        typer.Option(help=f"of the whole run, shared equally, {_budget('run')} [10m]"),
    ] = None,
    contestants: Annotated[
        str | None,
        typer.Option(help="who competes [linear,resnet10-tiny,resnet,random,skeleton]"),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            help="equal: contestants share the budget; race: one race of several families has all "
            "of it [equal]"
        ),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="repetitions of every contestant [1]")] = None,
    out: Out = None,
    task: Task = None,
    assignments: Assignments = None,
    config: ConfigFile = None,
    preset: Preset = None,
    tensorboard: TensorBoard = False,
) -> None:
    """Compare contestants with equal compute, and say in words which one to use."""
    settings = _settings(
        assignments,
        config,
        preset,
        run__budget=budget,
        run__contestants=contestants,
        run__policy=policy,
        run__seeds=seeds,
        task__kind=task,
    )
    from nasci import api
    from nasci.cli.display import watch
    from nasci.cli.tables import print_leaderboard
    from nasci.cli.tensorboard import tensorboard_writers
    from nasci.ladder.run import new_path

    console = make_console()
    if tensorboard and out is None:  # what writes must know the folder before the run makes it
        out = new_path(Path(data).stem)
    with tensorboard_writers(out if tensorboard else None) as also:
        result = watch(api.compare_events(data, settings, out=out), console, also=also)
    print_leaderboard(console, result.path)


@app.command()
def search(
    data: Data,
    budget: Annotated[str | None, typer.Option(help=f"{_budget('search')} [10m]")] = None,
    selection: Annotated[
        str | None,
        typer.Option(
            help="argmax, argmax-with-none, threshold, perturbation, last-standing; all: compare "
            "them [argmax]"
        ),
    ] = None,
    out: Out = None,
    task: Task = None,
    assignments: Assignments = None,
    config: ConfigFile = None,
    preset: Preset = None,
) -> None:
    """Search an architecture by gradients; train it with `nasci train --architecture`."""
    settings = _settings(
        assignments,
        config,
        preset,
        search__budget=budget,
        search__selection=selection,
        task__kind=task,
    )
    from nasci import api
    from nasci.cli.display import watch
    from nasci.cli.tables import print_search

    console = make_console()
    print_search(console, watch(api.search_events(data, settings, out=out), console))


@app.command("random-search")
def random_search(
    data: Data,
    budget: Annotated[str | None, typer.Option(help=f"{_budget('random')} [10m]")] = None,
    out: Out = None,
    task: Task = None,
    assignments: Assignments = None,
    config: ConfigFile = None,
    preset: Preset = None,
) -> None:
    """Try random architectures and stop the bad ones early."""
    settings = _settings(assignments, config, preset, random__budget=budget, task__kind=task)
    from nasci import api
    from nasci.cli.display import watch
    from nasci.cli.tables import print_search

    console = make_console()
    print_search(console, watch(api.random_search_events(data, settings, out=out), console))


@app.command()
def train(
    data: Data,
    model: Annotated[
        str | None, typer.Option(help="linear, resnet, resnet10-tiny or resnet18")
    ] = None,
    architecture: Annotated[
        str | None,
        typer.Option(help="an architecture's file, or the name of a published one"),
    ] = None,
    budget: Annotated[str | None, typer.Option(help=f"{_budget('train')} [10m]")] = None,
    out: Out = None,
    task: Task = None,
    assignments: Assignments = None,
    config: ConfigFile = None,
    preset: Preset = None,
) -> None:
    """Train one network."""
    if (model is None) == (architecture is None):
        raise ConfigError(
            "Expected one of `--model NAME` and `--architecture FILE`, but got "
            f"{'both' if model else 'neither'}; for example `nasci train mnist --model resnet18`."
        )
    settings = _settings(assignments, config, preset, train__budget=budget, task__kind=task)
    from nasci import api
    from nasci.cli.architectures import read_architecture
    from nasci.cli.display import watch
    from nasci.cli.tables import print_trained

    chosen = model if architecture is None else read_architecture(architecture)
    assert chosen is not None, "one of the two was given"
    console = make_console()
    print_trained(console, watch(api.train_events(data, chosen, settings, out=out), console))


@app.command()
def resume(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="folder of a run")],
    data: Annotated[
        str | None, typer.Option("--data", help="where its data are now [where they were]")
    ] = None,
    tensorboard: TensorBoard = False,
) -> None:
    """Go on with a run, search or training that was interrupted."""
    from nasci import api
    from nasci.cli.display import watch
    from nasci.cli.tables import print_result
    from nasci.cli.tensorboard import tensorboard_writers
    from nasci.records import RunFolder

    console = make_console()
    earlier = RunFolder.open(path).events()
    with tensorboard_writers(path if tensorboard else None) as also:
        result = watch(api.resume_events(path, data), console, earlier, also)
    print_result(console, result)


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="folder of a trained network, or of a run")],
    data: Data,
    split: Annotated[str, typer.Option(help="train, valid or test")] = "test",
    task: Task = None,
    assignments: Assignments = None,
    config: ConfigFile = None,
) -> None:
    """Score a trained network on a split of a data set."""
    if split not in ("train", "valid", "test"):
        raise ConfigError(f"Expected `--split` to be train, valid or test, but got `{split}`.")
    settings = _settings(assignments, config, None, task__kind=task)
    from nasci import api
    from nasci.cli.tables import print_evaluation

    chosen: Literal["train", "valid", "test"] = split  # type: ignore[assignment]
    print_evaluation(make_console(), api.evaluate(model, data, settings, split=chosen))


app.command()(predict)
app.command()(report)
app.command()(figure)


@app.command()
def config(
    preset: Preset = None,
) -> None:
    """List every setting: key, default, range and meaning; or what a preset sets."""
    from nasci.cli.tables import print_settings

    console = make_console()
    if preset is None:
        print_settings(console, describe())
        return
    chosen = {f"{group}.{key}" for group, items in preset_values(preset).items() for key in items}
    settings = resolve_settings(preset=preset)
    console.print(preset_source(preset), highlight=False)
    print_settings(console, [row for row in describe(settings) if row.key in chosen])


@app.command("data")
def inspect_data(
    data: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help=DATA_HELP, show_default=False)
    ] = None,
    task: Task = None,
    png: Annotated[
        Path | None, typer.Option("--png", help="write a picture of some examples to this file")
    ] = None,
    assignments: Assignments = None,
    config: ConfigFile = None,
) -> None:
    """Say what a file holds and what would be done with it; without one, list the built-in data."""
    from nasci.cli.data_tables import print_builtin_data, print_data_report

    console = make_console()
    if data is None:
        if png is not None:
            raise ConfigError(
                "Expected DATA for `--png`, but got none: `nasci data mnist --png F`."
            )
        from nasci.data import BUILTIN

        print_builtin_data(console, BUILTIN)
        return
    settings = _settings(assignments, config, None, task__kind=task)
    from nasci.data import contact_sheet, inspect, load
    from nasci.records import write_atomic

    kind, tree = settings.task.kind, settings.task.tree
    dataset = load(data, task=kind, tree=tree, **settings.data.model_dump())
    print_data_report(console, inspect(dataset), settings.network)
    if png is not None:
        write_atomic(png, contact_sheet(dataset))
        console.print(f"Examples of train: {png}", highlight=False, soft_wrap=True)


@architecture_app.command("show")
def show_architecture(
    name: Annotated[str, typer.Argument(help="a file, or the name of a published one")],
) -> None:
    """Show an architecture: its edges, and DARTS's text form."""
    from nasci.cli.architectures import print_architecture, read_architecture

    print_architecture(make_console(), read_architecture(name))


@architecture_app.command("sample")
def sample_architecture(
    seed: Annotated[int, typer.Option(min=0, help="decides the architecture")] = 0,
    assignments: Assignments = None,
    config: ConfigFile = None,
    preset: Preset = None,
) -> None:
    """Draw an architecture uniformly from the space, as JSON."""
    settings = _settings(assignments, config, preset)
    from nasci.cli.architectures import sample

    typer.echo(sample(settings, seed).to_json().rstrip("\n"))


@architecture_app.command("count")
def count_architectures(
    assignments: Assignments = None,
    config: ConfigFile = None,
    preset: Preset = None,
) -> None:
    """Count the architectures of the space that the settings name."""
    settings = _settings(assignments, config, preset)
    from nasci.space import CellSpace

    space = CellSpace.from_settings(settings.network)
    typer.echo(
        f"{space.count():,} architectures: {space.count_cell():,} cells of each of two kinds, "
        f"{len(space.candidate_ops)} operations on {len(space.edges)} possible edges"
    )
