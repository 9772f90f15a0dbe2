"""The villages' nodes as the hub knows them: enrolment, keys, silence."""
