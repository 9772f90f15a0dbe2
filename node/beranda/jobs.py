"""The long work behind the pages of a node."""

from __future__ import annotations

from node.beranda.desk import keep
from shared.web.jobs import Job, Jobs, JobStopped

__all__ = ["Job", "JobStopped", "Jobs", "jobs"]


def jobs() -> Jobs:
    """Give the jobs of the current app."""
    return keep("jobs", lambda node: Jobs(node.random))
