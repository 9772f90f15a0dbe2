"""LAMPID: the law by which events of residents count, the same on node and hub."""
