"""Records to figure data: numbers against the records that they come from, without pixels."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from report_runs import ALL, SLOT, SPACE, Plan, architecture, run_record, write_whole_run

from nasci.config import PRESET_NAMES, resolve_settings
from nasci.ladder.leaderboard import leaderboard
from nasci.records import EpochRecord, FailedRecord, NoteRecord, Spent
from nasci.reports import render_report
from nasci.reports.charts.drawing import themed, to_svg
from nasci.reports.charts.error_scale import ErrorScale
from nasci.reports.figures.alphas import alphas_figures, edge_ends
from nasci.reports.figures.citations import bibtex, citations
from nasci.reports.figures.comparison import compared_groups, run_names
from nasci.reports.figures.cost import cost_figure, cost_rows
from nasci.reports.figures.curves import curves_figure, curves_rows
from nasci.reports.figures.data import data_figure
from nasci.reports.figures.repeat import command_line, repeat_command, setting_rows
from nasci.reports.figures.search import search_figure
from nasci.reports.figures.winner import winner_figure
from nasci.reports.run_view import RunView, happened, missing, read_run
from nasci.reports.sections.winner import winner_section
from nasci.reports.styles import series_styles


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> RunView:
    path = tmp_path_factory.mktemp("runs") / "run"
    return read_run(write_whole_run(path, Plan(seeds=2, epochs=6)).path)


def test_curves_stand_on_one_clock(view: RunView) -> None:
    figure = curves_figure(view)
    assert (figure.metric, figure.best, figure.unit) == ("accuracy", 1.0, "minutes")
    assert figure.contestants == ALL
    # a run's own records: as many points as evaluations, at the share of the clock times the clock
    epochs = view.of(EpochRecord)
    assert len(figure.points) == len(epochs)
    for point, (event, record) in zip(figure.points, epochs, strict=True):
        assert point.compute == pytest.approx(event.clock * SLOT / 60)
        assert point.value == record.valid["accuracy"]
    assert max(point.compute for point in figure.points) == pytest.approx(10)
    assert figure.marked == ("resnet10-tiny", "resnet18")
    rows = leaderboard(view.run, view.events)
    assert [p.contestant for p in figure.tests] == [row.contestant for row in rows if row.ranked]
    header, lines = curves_rows(figure)
    assert len(lines) == len(figure.points) + len(figure.tests)
    assert all(len(line) == len(header) for line in lines)


def test_curves_without_a_clock_take_what_was_spent(tmp_path: Path) -> None:
    write_whole_run(tmp_path / "run", Plan(contestants=("linear",), until="epochs"))
    lines = (tmp_path / "run/events.jsonl").read_text().splitlines()
    kept = [line for line in lines if json.loads(line)["record"]["kind"] != "schedule"]
    (tmp_path / "run/events.jsonl").write_text("\n".join(kept) + "\n")
    figure = curves_figure(read_run(tmp_path / "run"))
    assert [p.compute for p in figure.points] == pytest.approx([10 * n / 6 for n in range(1, 7)])
    assert figure.tests == ()


def test_what_is_not_a_number_is_counted(tmp_path: Path) -> None:
    write_whole_run(tmp_path / "run", Plan(undefined="linear", epochs=4))
    figure = curves_figure(read_run(tmp_path / "run"))
    assert figure.num_undefined == 4 + 1
    assert "linear" not in figure.contestants
    assert all(math.isfinite(p.value) for p in figure.points)


def test_alphas_sum_to_one_and_name_what_was_chosen(view: RunView) -> None:
    figures = alphas_figures(view)
    assert [(f.contestant, f.seed) for f in figures] == [("darts", 0), ("darts", 1)]
    for figure in figures:
        assert figure.ops == SPACE.op_names
        assert figure.num_evaluations == 3
        assert figure.clocks == pytest.approx([0.4 / 3, 0.8 / 3, 0.4])
        found = architecture(figure.seed)
        for kind, cell in (("normal", found.normal), ("reduce", found.reduce)):
            edges = figure.cells[kind]
            assert [(e.source, e.target) for e in edges] == list(SPACE.edges)
            for edge in edges:
                assert edge.weights.sum(axis=1) == pytest.approx(1)
            chosen = {
                (e.source, e.target, figure.ops[e.chosen]) for e in edges if e.chosen is not None
            }
            assert chosen == {(e.source, e.target, e.op) for e in cell.edges}


@pytest.mark.parametrize("num_nodes", [1, 2, 4, 7])
def test_edges_are_those_of_the_space(num_nodes: int) -> None:
    from nasci.space import CellSpace

    space = CellSpace(num_nodes, multiplier=1)
    assert edge_ends(len(space.edges)) == list(space.edges)


def test_a_search(view: RunView) -> None:
    figure = search_figure(view, "darts")
    assert len(figure.points) == 2 * 2 * 3
    clocks = sorted({round(point.clock, 6) for point in figure.points})
    assert clocks == pytest.approx([40 / 3, 80 / 3, 40])
    assert [(p.seed, p.operations, p.edges) for p in figure.prunings] == [
        (0, 112, 28),
        (1, 112, 28),
    ]
    stages = [(gap.seed, gap.stage, gap.split) for gap in figure.gaps]
    per_seed = [("at once, by argmax", "valid"), ("after training", "valid")]
    per_seed.append(("after training", "test"))
    assert stages == [(seed, *stage) for seed in (0, 1) for stage in per_seed]
    assert figure.gaps[0].difference < 0 < figure.gaps[1].difference
    assert len(search_figure(view, "random").trials) == 8


def test_costs_add_up(view: RunView) -> None:
    figure = cost_figure(view)
    assert [cost.contestant for cost in figure.contestants] == list(ALL)
    for whole in figure.contestants:
        parts = [part for part in figure.phases if part.contestant == whole.contestant]
        assert sum(part.seconds for part in parts) == pytest.approx(whole.seconds)
        assert whole.seconds == pytest.approx(SLOT)
        assert whole.is_complete
    darts = {part.phase: part.seconds for part in figure.phases if part.contestant == "darts"}
    assert darts == {"search": pytest.approx(240), "train": pytest.approx(360)}
    header, rows = cost_rows(figure)
    assert all(len(row) == len(header) for row in rows)


def test_a_trial_that_goes_on_counts_from_zero_again(tmp_path: Path) -> None:
    folder = write_whole_run(tmp_path / "run", Plan(contestants=("random",), until="epochs"))
    (folder.path / "events.jsonl").unlink()
    for seconds, examples in ((5.0, 10), (9.0, 20), (4.0, 8), (7.0, 16)):
        spent = Spent(seconds=seconds, examples=examples)
        record = EpochRecord(
            phase="trial 1", step=1, epoch=1.0, clock=0.1, spent=spent, lr=0.1, train_loss=0.0,
            valid={"accuracy": 0.5},
        )  # fmt: skip
        folder.append(record, "random", 0, 0.1)
    (part,) = cost_figure(read_run(folder.path)).phases
    assert (part.phase, part.seconds) == ("trials", 9 + 7)


def test_settings_are_compared_with_the_defaults() -> None:
    run = run_record(Plan())
    run.settings["search"]["arch_lr"] = 0.5
    run.settings["search"]["gone"] = True
    rows = {row.key: row for row in setting_rows(run)}
    changed = {key for key, row in rows.items() if row.is_changed}
    assert changed == {"run.budget", "search.arch_lr", "search.gone"}
    assert (rows["search.arch_lr"].value, rows["search.arch_lr"].default) == ("0.5", "0.01")
    assert rows["search.gone"].default is None
    # the command that is made of them gives the same settings
    words = repeat_command(run).split()
    assignments = [words[n + 1] for n, word in enumerate(words) if word == "--set"]
    again = resolve_settings(assignments=assignments)
    assert (again.search.arch_lr, again.run.budget) == (0.5, "50m")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("/a/bin/nasci", "run", "my data.npz"), "nasci run 'my data.npz'"),
        (("/a/nasci/__main__.py", "run", "x"), "python -m nasci run x"),
        (("/a/script.py",), ""),
        ((), ""),
    ],
)
def test_a_command_is_one_that_a_shell_takes(command: tuple[str, ...], said: str) -> None:
    run = run_record(Plan()).model_copy(update={"command": command})
    assert command_line(run) == said


def cited(**settings: object) -> str:
    run = run_record(Plan())
    run.settings["search"] |= settings
    return bibtex(citations(run, tested=True))


def test_what_was_used_is_cited_and_nothing_else() -> None:
    plain = cited()
    for key in ("nasci", "liu2019darts", "he2016resnet", "li2019random", "efron1993bootstrap"):
        assert f"{{{key}," in plain
    for key in ("xu2020pcdarts", "martins2016sparsemax", "zela2020robustdarts", "wang2021dartspt"):
        assert f"{{{key}," not in plain
    assert "{martins2016sparsemax," in cited(relaxation="sparsemax")
    assert "{kool2019topk," in cited(relaxation="sample-3")
    assert "{xu2020pcdarts," in cited(partial=4)
    assert "{ye2022betadarts," in cited(penalties="entropy=1,beta-decay=2")
    assert "{zela2020robustdarts," in cited(curvature=True)
    assert "{chen2019pdarts," in cited(skip_cap=2)


def test_settings_of_a_search_that_was_not_there_are_not_cited() -> None:
    run = run_record(Plan(contestants=("linear",)))
    run.settings["search"]["relaxation"] = "sparsemax"
    text = bibtex(citations(run, tested=False))
    for key in ("liu2019darts", "martins2016sparsemax", "he2016resnet", "efron1993bootstrap"):
        assert key not in text


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_presets_cite_entries_that_are_whole(preset: str) -> None:
    run = run_record(Plan())
    run = run.model_copy(update={"settings": resolve_settings(preset=preset).model_dump()})
    entries = citations(run, tested=True)
    for entry in entries:
        assert entry.bibtex.count("{") == entry.bibtex.count("}")
        assert entry.bibtex.startswith("@") and entry.bibtex.endswith("}\n")
        assert "doi" not in entry.bibtex
    keys = [entry.bibtex.split("{")[1].split(",")[0] for entry in entries]
    assert len(keys) == len(set(keys))


def test_the_winner_is_whom_the_verdict_names(view: RunView) -> None:
    figure = winner_figure(view)
    assert figure.name == "resnet10-tiny"
    assert figure.network == "the network of resnet10-tiny"
    assert figure.cells is None
    assert {cells.contestant for cells in figure.others} == {"random", "darts"}
    assert figure.row is not None and figure.row.parameters == 77_858
    lead = winner_section(view).lead
    assert lead.endswith(
        f"not made of searched cells; {figure.others[0].contestant} found those below."
    )


def test_data_are_those_of_test(view: RunView) -> None:
    figure = data_figure(view)
    targets = np.load(view.folder.contestant("linear", 0) / "predictions.npz")["targets"]
    assert [count for _, count in figure.counts] == np.bincount(targets).tolist()
    assert figure.num_test == 300
    assert figure.warnings == ("The rarest class has 4 examples.",)
    assert figure.pictures is not None and len(figure.pictures) == len(figure.captions)


def test_runs_on_the_same_data_make_a_group(tmp_path: Path) -> None:
    paths = [tmp_path / "x/run", tmp_path / "y/run", tmp_path / "z"]
    plans = [Plan(contestants=("linear",)), Plan(contestants=("linear", "darts"))]
    plans.append(Plan(kind="regression", contestants=("linear",)))
    views = [read_run(write_whole_run(p, q).path) for p, q in zip(paths, plans, strict=True)]
    assert run_names(views) == ["run", "run (2)", "z"]
    first, second = compared_groups(views)
    assert (first.runs, first.contestants) == (("run", "run (2)"), ("linear", "darts"))
    assert [(p.run, p.contestant) for p in first.points] == [
        ("run", "linear"), ("run (2)", "darts"), ("run (2)", "linear"),
    ]  # fmt: skip
    assert (second.metric, second.runs) == ("R2", ("z",))


def test_failures_are_said(tmp_path: Path) -> None:
    plan = Plan(contestants=("linear", "darts"), seeds=2, until="epochs")
    folder = write_whole_run(tmp_path / "run", plan)
    folder.append(FailedRecord(reason="The loss was NaN."), "linear", 1)
    folder.append(FailedRecord(reason="No memory."), "darts")  # before it had a seed
    view = read_run(folder.path)
    assert view.failures == {
        ("linear", 1): "The loss was NaN.",
        ("darts", 0): "No memory.",
        ("darts", 1): "No memory.",
    }
    said = missing(view)
    assert said[0] == "linear, seed 1, failed: The loss was NaN."
    assert "Did not finish: linear (seed 0)." in said


def test_what_was_dealt_with_is_said(tmp_path: Path) -> None:
    plan = Plan(contestants=("linear",), until="epochs")
    folder = write_whole_run(tmp_path / "run", plan)
    folder.append(NoteRecord(level="warning", text="The loss was NaN."), "linear", 0)
    folder.append(NoteRecord(level="warning", text="In 2 parts."), "linear")
    folder.append(NoteRecord(level="info", text="Nothing to worry about."), "linear", 0)
    folder.undo(folder.num_events(), ("00000002-0123456789abcdef.safetensors",))
    said = happened(read_run(folder.path))
    assert said[:2] == ["linear, seed 0: The loss was NaN.", "linear: In 2 parts."]
    assert said[2] == "The run was interrupted once and went on from its last checkpoint."
    assert "00000002-0123456789abcdef" in said[3] and len(said) == 4
    page = render_report([folder.path])
    assert all(text in page for text in ("The loss was NaN.", "In 2 parts.", "interrupted once"))


@pytest.mark.parametrize("best", [0.0, 1.0])
def test_the_scale_shows_all_values_in_order_of_their_error(best: float) -> None:
    values = [abs(best - error) for error in (0.0, 0.001, 0.03, 0.7, 4.0)]
    scale = ErrorScale.over(values, best)
    errors = [scale.error(value) for value in values]
    assert errors == sorted(errors)
    assert scale.low < errors[0] and errors[-1] < scale.high
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks())
    assert len(scale.ticks()) <= 9


def test_styles_tell_six_apart_by_colour_and_by_shape() -> None:
    for names in (ALL, ("one", "darts", "two", "three"), tuple("abcdef")):
        styles = list(series_styles(names).values())
        for field in ("colour", "dash", "shape"):
            assert len({getattr(style, field) for style in styles}) == len(names)


def test_a_chart_keeps_its_words_and_has_ids_of_its_own() -> None:
    import altair as alt

    data = {"values": [{"x": 0.123456789, "name": "0.123456789"}]}
    chart = alt.Chart(data).mark_line(clip=True).encode(x="x:Q", y="name:N")
    svg = to_svg(chart, 'a "title" & <b>', "own-")
    assert ">0.123456789</text>" in svg
    assert 'aria-label="a &quot;title&quot; &amp; &lt;b>"' in svg
    assert 'id="clip' not in svg
    assert themed(chart)["config"]["background"] is None
