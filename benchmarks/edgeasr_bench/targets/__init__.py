"""Targets: the places to measure on, each named by an address."""

from edgeasr_bench.targets.address import TARGETS, Target, find_target

__all__ = ["TARGETS", "Target", "find_target"]
