"""The protocol between node and hub, without either: limits, codes, messages, signatures, runs."""
