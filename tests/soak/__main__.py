"""`python -m tests.soak --minutes 10`: the long form of the soak; exit code 1 if there is anything to complain of."""

import argparse
import asyncio
import sys

from tests.soak.run import soak

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--minutes", type=float, default=10.0)
verdict = asyncio.run(soak(60 * parser.parse_args().minutes))
print("\n".join(verdict.report))
print("\n".join(f"COMPLAINT {complaint}" for complaint in verdict.complaints) or "nothing to complain of")
sys.exit(bool(verdict.complaints))
