"""The fire drill: Connect is killed under load for a while; who notices?

Connect (the embedded server), every sidecar and the standalone are processes of their own; Connect ends by SIGKILL and
comes back on the same port. Load is an open loop: requests begin when their time has come. Run:
`make drill`, or `python -m benchmarks.drill --seconds 60`.
"""
