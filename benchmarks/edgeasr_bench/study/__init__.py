"""Studies: the questions of the documents that this project starts from, answered again by training.

Each is a file in `studies/`; see `docs/studies.md`.
"""

from edgeasr_bench.study.reproduce import reproduce, write_pages
from edgeasr_bench.study.spec import load_study, study_names

__all__ = ["load_study", "reproduce", "study_names", "write_pages"]
