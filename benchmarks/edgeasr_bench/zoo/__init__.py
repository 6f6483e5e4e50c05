"""The zoo: every model of `MODELS` through export and bench, in one document."""

from edgeasr_bench.zoo.document import write_document
from edgeasr_bench.zoo.measure import best_bundles, measure_zoo

__all__ = ["best_bundles", "measure_zoo", "write_document"]
