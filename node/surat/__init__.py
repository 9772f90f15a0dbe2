"""Letters of the office: drafts and their way to a signature, numbers, the books A.7 and A.8, what comes in."""
