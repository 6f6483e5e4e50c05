"""Data sets: labelled clips with their splits, and how they become arrays."""

from edgeasr.data.dataset import DATASETS, Dataset, Example, load_dataset, load_datasets

__all__ = ["DATASETS", "Dataset", "Example", "load_dataset", "load_datasets"]
