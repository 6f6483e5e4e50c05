"""What each way of winning accuracy back is worth."""

from edgeasr_bench.ablation.document import write_document
from edgeasr_bench.ablation.measure import measure

__all__ = ["measure", "write_document"]
