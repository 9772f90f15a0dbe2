"""The node's half of the protocol: transport, session, receive, and the job that runs them."""
