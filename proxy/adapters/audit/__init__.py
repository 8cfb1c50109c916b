"""The audit, written: what is noted on the event loop, a thread that writes it, standard output or files.

Hits only count on a plain object; lines, codes and system calls are the thread's. docs/audit.md is what it promises.
"""

from proxy.adapters.audit.chain_writer import ChainWriter, Writing
from proxy.adapters.audit.figures import AuditFigures
from proxy.adapters.audit.file_output import FileOutput
from proxy.adapters.audit.outputs import Output, StandardOutput
from proxy.adapters.audit.strict_trail import StrictTrail
from proxy.adapters.audit.trail import Trail, TrailRules, TrailState

__all__ = [
    "AuditFigures",
    "ChainWriter",
    "FileOutput",
    "Output",
    "StandardOutput",
    "StrictTrail",
    "Trail",
    "TrailRules",
    "TrailState",
    "Writing",
]
