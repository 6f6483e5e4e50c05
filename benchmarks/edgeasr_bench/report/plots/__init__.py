"""The plots of a report, as inline SVG: narrow enough for a phone, without a script, in the page's colours."""

from edgeasr_bench.report.plots.confusion import plot_confusion
from edgeasr_bench.report.plots.distributions import plot_distributions
from edgeasr_bench.report.plots.operators import plot_operators
from edgeasr_bench.report.plots.pareto import front, plot_pareto
from edgeasr_bench.report.plots.threads import plot_threads

__all__ = ["front", "plot_confusion", "plot_distributions", "plot_operators", "plot_pareto", "plot_threads"]
