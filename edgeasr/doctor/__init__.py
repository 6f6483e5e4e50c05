"""The doctor: what is installed on this machine, what of it works, and what to do about the rest."""

from edgeasr.doctor.diagnosis import Finding, Report, diagnose

__all__ = ["Finding", "Report", "diagnose"]
