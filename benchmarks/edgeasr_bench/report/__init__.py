"""Reports of a bench run: a table for people, a summary in words, Markdown."""

from edgeasr_bench.report.markdown import markdown
from edgeasr_bench.report.summary import summarise
from edgeasr_bench.report.tables import print_run

__all__ = ["markdown", "print_run", "summarise"]
