"""A scheduler's job takes an attempt, once and for all: two submissions of one key, or a job that is queued again, start one trainer.

The claim is a link to a file written whole, which holds on every shared file system, NFS included; it names the job and how
often it was restarted, and is never given back: what comes after the job is another attempt.
"""
from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path


def claim_job(directory: Path) -> bool:
    """Slurm's job of this process gets the attempt; false when another one, or an earlier start of this one, has it."""
    job, restarts = os.environ["SLURM_JOB_ID"], int(os.environ.get("SLURM_RESTART_COUNT", "0"))
    token = {"job": job, "restarts": restarts, "node": job_host(), "at": time.time()}
    draft = directory / f"job-claim.{job}.{restarts}.part"
    with draft.open("w") as file:
        file.write(json.dumps(token))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, directory / "job-claim.json")
    except FileExistsError:
        pass
    # Not the call's word: NFS may answer a repeated request with "exists" after the first one made the link.
    is_ours = draft.stat().st_nlink == 2
    draft.unlink()
    if not is_ours:
        print(f"job {job}, restart {restarts}: another job has this attempt", file=sys.stderr, flush=True)
    return is_ours


def job_host() -> str:
    return os.environ.get("SLURMD_NODENAME") or os.uname().nodename
