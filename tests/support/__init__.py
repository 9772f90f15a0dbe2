"""Helpers of the tests: made-up histories, replicas to deliver them to."""
