"""Section 7: everything that is needed to repeat the run, and to cite it."""

from markupsafe import Markup

from nasci.reports.blocks import Block, to_csv
from nasci.reports.figures.citations import bibtex, citations
from nasci.reports.figures.numbers import amount
from nasci.reports.figures.repeat import SettingRow, command_line, repeat_command, setting_rows
from nasci.reports.run_view import RunView
from nasci.reports.sections.section import Section
from nasci.reports.tables import Row, table
from nasci.reports.words import copyable


def repeat_section(view: RunView) -> Section:
    """Return the section: command, settings, versions, fingerprint, seeds, machine, citations."""
    run = view.run
    created = f"{run.created:%Y-%m-%d %H:%M} UTC"
    lead = f"Started {created}; schema {run.schema_version} of the records."
    rows = setting_rows(run)
    return Section(
        "repeat",
        "To repeat it",
        lead,
        (_command(view), _facts(view), _settings(rows), _citations(view)),
    )


def _command(view: RunView) -> Block:
    run = view.run
    said = command_line(run)
    text = (
        "As it was typed." if said else "The run was started from Python; these settings repeat it."
    )
    blocks = copyable("Shell", said or repeat_command(run))
    return Block("Command", text, html=blocks)


def _facts(view: RunView) -> Block:
    run = view.run
    facts = [
        ("data", run.data.name),
        ("source", run.data.source or "given as arrays"),
        ("fingerprint (SHA-256)", run.data.fingerprint),
        ("seeds", ", ".join(map(str, run.seeds))),
        ("contestants", ", ".join(run.contestants)),
    ]
    if view.schedule:
        sizes = view.schedule
        facts.append(("clock of a repetition", amount(sizes.slot, sizes.unit)))
        facts.append(("stride of the stem", str(sizes.stem_stride)))
        if sizes.stages is not None:
            facts.append(("stages of residual networks", str(sizes.stages)))
        if sizes.width is not None:
            facts.append(
                ("residual network", f"{sizes.width} channels at first, {sizes.depth} block(s)")
            )
        if sizes.cells is not None:
            facts.append(("discrete network", f"{sizes.cells} cells, {sizes.channels} channels"))
        if sizes.search_cells is not None:
            facts.append(
                ("supernet", f"{sizes.search_cells} cells, {sizes.search_channels} channels")
            )
    facts += [(f"version of {name}", version) for name, version in run.versions.items()]
    facts += [(f"machine: {name}", value) for name, value in run.machine.items()]
    return Block(
        "Data, versions, machine",
        "",
        html=table(("what", "value"), facts, words=2),
        csv=to_csv(("what", "value"), facts),
    )


def _settings(rows: list[SettingRow]) -> Block:
    changed = [row for row in rows if row.is_changed]
    text = f"{len(changed)} of {len(rows)} differ from the defaults of this version"
    text += ", marked." if changed else "."
    unknown = [row.key for row in rows if row.default is None]
    if unknown:
        text += f" This version does not have {', '.join(unknown)}."
    shown = [_setting(row) for row in changed]
    header = ("setting", "value", "default", "meaning")
    everything = Markup("<details><summary>All {} settings</summary>{}</details>").format(
        len(rows), table(header, [_setting(row) for row in rows], words=4)
    )
    html = (table(header, shown, words=4) if shown else Markup("")) + everything
    return Block(
        "Settings",
        text,
        html=html,
        csv=to_csv(header, [(r.key, r.value, r.default, r.meaning) for r in rows]),
    )


def _setting(row: SettingRow) -> Row:
    default = "not there" if row.default is None else row.default
    return Row((row.key, row.value, default, row.meaning), "marked" if row.is_changed else "")


def _citations(view: RunView) -> Block:
    found = citations(view.run, tested=bool(view.rows))
    uses = "; ".join(dict.fromkeys(citation.why for citation in found[1:]))
    text = f"The methods that this run used: {uses}." if uses else ""
    return Block("To cite", text, html=copyable("BibTeX", bibtex(found)))
