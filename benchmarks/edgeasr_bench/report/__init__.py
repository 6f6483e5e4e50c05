"""Reports of a bench run: the texts of its tables, a summary in words, Markdown."""

from edgeasr_bench.report.markdown import markdown
from edgeasr_bench.report.summary import summarise
from edgeasr_bench.report.tables import COST, SPEED, describe, explain, rows

__all__ = ["COST", "SPEED", "describe", "explain", "markdown", "rows", "summarise"]
