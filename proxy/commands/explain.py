"""`explain`: what the running sidecar would do with a request now, and why."""

import argparse
import json

from proxy.commands.control import as_document, ask
from proxy.commands.exit_codes import OK
from proxy.commands.explain_text import lines_of, sentence_of
from proxy.exchange.explanation import Explanation


def run(options: argparse.Namespace) -> int:
    """Ask and print. Raises ConfigError, CommandError, ControlError; none repeats the target."""
    question = {"target": options.target, "token": options.token, "method": options.method}
    document = ask(options.config, "POST", "/explain", question)
    explanation = as_document(document, Explanation)
    if options.json:
        print(json.dumps(document | {"sentence": sentence_of(explanation)}))
    else:
        print("\n".join(lines_of(explanation)))
    return OK
