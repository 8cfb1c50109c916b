"""Compares connect-sidecar with its peers, all in front of one origin, in one run: `make bench`.

peers.py      who is compared, and how each is started
scenarios.py  what is asked of them
claims.py     which ratios we claim
origin.py     what stands behind them all
check.py      answers are right, and hits where hits are measured, or nothing is reported
load.py       wrk and h2load
rounds.py     the order of it all: interleaved rounds
report.py     RESULTS.md

It knows connect-sidecar as any user does: a command and settings.
"""
