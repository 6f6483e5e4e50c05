"""`python -m edgeasr.doctor NAME`: run one probe in this process, and report its answer."""

import sys
from dataclasses import asdict

from edgeasr.child import report
from edgeasr.doctor.probes import PROBES, answer

report(**asdict(answer(PROBES[sys.argv[1]])))
