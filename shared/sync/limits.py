"""Every number of the protocol, once; sync_protocol.md section 11 is generated from here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """One number with its unit and its reason."""

    value: int
    unit: str
    why: str


PROTOCOL_VERSION = 1
"""The highest version of the protocol that this program speaks."""
PROTOCOL_VERSION_MIN = 1
"""The lowest one that it still speaks."""

LIMITS: dict[str, Limit] = {
    "run_bytes_start": Limit(30 * 1024, "byte", "size of the first run on an unknown link"),
    "run_bytes_min": Limit(4 * 1024, "byte", "smallest run; a link that cannot carry it carries nothing"),
    "run_bytes_max": Limit(128 * 1024, "byte", "largest run a node builds; hubs accept twice as much"),
    "run_grow_after": Limit(64, "run", "successes before the run size doubles: one cut must not cost much"),
    "run_mend_after": Limit(8, "run", "successes before a run that failures made small doubles; itself doubles"),
    "push_bytes_max": Limit(1024 * 1024, "byte", "largest push body"),
    "pull_bytes_max": Limit(256 * 1024, "byte", "about the most a pull answers at once"),
    "message_bytes_max": Limit(256 * 1024, "byte", "largest JSON message"),
    "parity_rows_max": Limit(200, "baris", "rows listed one by one when a parity range is small"),
    "session_s_max": Limit(3600, "s", "life of a session nonce"),
    "sessions_per_key_max": Limit(4, "sesi", "older sessions of one key are forgotten"),
    "retry_delay_s_min": Limit(5, "s", "first wait after a failed session"),
    "retry_delay_s_max": Limit(1800, "s", "longest wait after failures"),
    "enrol_attempts_max": Limit(5, "kali", "wrong codes that close a slot"),
    "enrol_code_s": Limit(24 * 3600, "s", "life of an enrolment code"),
    "enrol_file_code_s": Limit(14 * 24 * 3600, "s", "life of a code for a desa without internet"),
    "requests_at_once": Limit(3, "permintaan", "of one key under way at once"),
    "requests_burst": Limit(600, "permintaan", "of one key before it must wait"),
    "requests_per_s": Limit(5, "permintaan/s", "how fast that fills again"),
    "requests_fine": Limit(10, "permintaan", "more that a broken request costs"),
    "bytes_burst": Limit(12 * 1024 * 1024, "byte", "of one key before it must wait; 60,000 changes"),
    "bytes_per_s": Limit(48 * 1024, "byte/s", "how fast that fills again; a twentieth of what a hub can work on"),
    "bytes_change": Limit(100, "byte", "what a change in a push counts beside its bytes, however small it was packed"),
    "turn_free_ms": Limit(150, "ms", "processor time of one key, of late, that the others hardly feel"),
    "turn_share": Limit(40, "kali", "who took more works one such part of the time while others are there"),
    "turn_changes_max": Limit(1000, "perubahan", "in one push while others are there; a push is one turn"),
    "turn_fade_s": Limit(10, "s", "of what a key took a third (1/e) counts after so long, a ninth after twice that"),
    "turn_present_s": Limit(5, "s", "who had a request so long ago is there: the next one is not far"),
    "turn_pause_s_max": Limit(8, "s", "pause after the longest turn"),
    "turn_gap_s_max": Limit(2, "s", "a turn that is due waits so long for a moment at which nobody else is worked on"),
    "turn_waiting_max": Limit(4, "permintaan", "that wait for a turn, of all keys; half of the workers of a hub"),
    "turn_wait_s_max": Limit(15, "s", "for a turn; within a node's patience for the answer to hello"),
    "retry_after_s": Limit(60, "s", "what Retry-After says where nothing tells when it pays to ask again"),
    "bytes_blob": Limit(8, "kali", "bytes of attachments count so much less: nothing is folded"),
    "twin_restores": Limit(3, "kali", "a key that was so often behind its own logs is two computers"),
    "twin_window_s": Limit(30 * 24 * 3600, "s", "within this time"),
    "clock_skew_s_shown": Limit(600, "s", "difference to hub time that the operator is told about"),
    "blob_chunk_bytes_max": Limit(64 * 1024, "byte", "largest piece of an attachment; a cut loses at most one"),
    "blob_bytes_max": Limit(256 * 1024, "byte", "largest attachment; programs here write at most 200,000"),
    "blob_desa_bytes_max": Limit(2 * 1024**3, "byte", "attachments of one desa at its hub"),
    "blob_have_max": Limit(200, "hash", "hashes in one question or answer about attachments"),
    "blob_bundle_bytes_max": Limit(128 * 1024 * 1024, "byte", "attachments in one file on a stick"),
    "blob_bundle_have_max": Limit(1000, "hash", "attachments that the note of a file says are lacking"),
    "blob_session_bytes_max": Limit(16 * 1024 * 1024, "byte", "attachments in one session, both ways"),
    "blob_session_s_max": Limit(60, "s", "time for them in one session: new changes must not wait for photos"),
    "blob_check_s": Limit(24 * 3600, "s", "a node asks at least so often what its hub lacks of attachments"),
    "blob_grace_days": Limit(90, "hari", "an attachment stays so long after the last record that named it"),
    "blob_grace_sweeps": Limit(7, "kali", "and so many daily sweeps, whatever the clock says"),
    "seal_key_kept_days": Limit(400, "hari", "retired unsealing keys, for sticks in transit"),
}


def limit(name: str) -> int:
    """Give the value of a limit."""
    return LIMITS[name].value
