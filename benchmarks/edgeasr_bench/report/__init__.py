"""Reports of bench runs: the texts of tables, a summary in words, and pages with drawings."""

from edgeasr_bench.report.document import check_format, write_report
from edgeasr_bench.report.summary import summarise
from edgeasr_bench.report.tables import DUTY_CYCLE, SPEED, THROUGHPUT, cost_of, describe, explain, rows

__all__ = [
    "DUTY_CYCLE",
    "SPEED",
    "THROUGHPUT",
    "check_format",
    "cost_of",
    "describe",
    "explain",
    "rows",
    "summarise",
    "write_report",
]
