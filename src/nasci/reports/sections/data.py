"""Section 5: the data."""

from markupsafe import Markup

from nasci.reports.blocks import Block, to_csv
from nasci.reports.charts.data import MOST_BARS, counts_chart, histogram_chart
from nasci.reports.figures.data import DataFigure, data_figure
from nasci.reports.predictions.pictures import picture
from nasci.reports.run_view import RunView
from nasci.reports.sections.section import Section
from nasci.reports.tables import Cell, table
from nasci.reports.words import findings, with_code

_MOST_PICTURES = 36


def data_section(view: RunView) -> Section:
    """Return the section: how many examples, how they are distributed, what they look like."""
    figure, data = data_figure(view), view.run.data
    target = view.run.task.target
    names = {"multiclass": "classes", "multilabel": "labels", "regression": "columns of numbers"}
    what = names.get(target.kind, "answers of a question tree")
    lead = f"{data.name}: {figure.shape}; {len(target.names)} {what}."
    blocks = [_splits(view)]
    if figure.warnings or figure.notes:
        blocks.append(_said(figure))
    blocks += _distributions(figure, target.kind)
    blocks.append(_pictures(figure))
    return Section("data", "Data", lead, tuple(blocks))


def _splits(view: RunView) -> Block:
    sizes = view.run.data.sizes
    total = sum(sizes.values()) or 1
    rows = [
        (name, Cell(f"{count:,}", count), Cell(f"{count / total:.0%}", count / total))
        for name, count in sizes.items()
    ]
    text = "Train moves weights, valid chooses, test was read once, after everybody had finished."
    if view.run.data.attribution:
        text += f" {view.run.data.attribution}."
    return Block(
        "Splits",
        text.replace("..", "."),
        html=table(("split", "examples", "share"), rows),
        is_half=True,
        csv=to_csv(("split", "examples"), list(sizes.items())),
    )


def _said(figure: DataFigure) -> Block:
    said = [("warning", text) for text in figure.warnings]
    said += [("info", text) for text in figure.notes]
    items = ((level, Markup("<p>{}</p>").format(with_code(text))) for level, text in said)
    return Block("Warnings and notes", "", html=findings(items))


def _distributions(figure: DataFigure, kind: str) -> list[Block]:
    if not figure.num_test:
        return [
            Block("Distribution of the targets", "It is read off the predictions for test: none.")
        ]
    if figure.counts:
        is_share = kind == "question_tree"
        title = "mean share of votes" if is_share else "examples of test"
        text = f"Over the {figure.num_test:,} examples of test."
        if len(figure.counts) > MOST_BARS:
            text += f" The first {MOST_BARS} of {len(figure.counts)}; all are in the CSV file."
        chart = counts_chart(figure.counts, title)
        return [
            Block(
                "Distribution of the targets",
                text,
                chart=chart,
                csv=to_csv(("name", title), figure.counts),
            )
        ]
    return [
        Block(
            f"Distribution of {histogram.name}",
            f"Over the {figure.num_test:,} examples of test.",
            chart=histogram_chart(histogram),
            csv=to_csv(
                ("from", "to", "examples"),
                list(zip(histogram.edges, histogram.edges[1:], histogram.counts, strict=False)),
            ),
        )
        for histogram in figure.histograms
    ]


def _pictures(figure: DataFigure) -> Block:
    if figure.pictures is None:
        return Block(
            "Examples", "This run kept no pictures of its data: it is of an earlier version."
        )
    shown = list(zip(figure.pictures, figure.captions, strict=True))[:_MOST_PICTURES]
    items = Markup("").join(
        Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(
            picture(each, caption), caption
        )
        for each, caption in shown
    )
    return Block(
        "Examples",
        f"{len(shown)} examples of train, reduced; each on its own scale of grey or colour.",
        html=Markup('<div class="thumbs">{}</div>').format(items),
    )
