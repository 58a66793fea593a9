"""The report of a run: one page that a scientist reads, cites and keeps; torch-free.

Records become frozen figure data (`figures`), these become charts (`charts`) and blocks of
`sections`, and one template makes a page of them (`page`).
"""

from nasci.records import REPORT_FILE
from nasci.reports.report import render_report, write_report

__all__ = ["REPORT_FILE", "render_report", "write_report"]
