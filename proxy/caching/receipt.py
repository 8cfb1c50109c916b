"""When an answer was asked for and came in, and what it said of its own age (RFC 9111 section 4.2.3).

One receipt may stand for many stored responses: a list that shows them to be unchanged gives them all its own. A later
answer that says the same once more renews the receipt, and with it all that goes by that, however many they are.
"""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Receipt:
    """Times of one answer; `date` is its Date, or of its arrival if it has none.

    `age_zero_boot_seconds` is when it was new: its arrival less the corrected initial age. Numbers and no Instants:
    with each stored response there may be a receipt.

    `complete_as_of` is the latest generation of any scope for which all that the answer confirms is known to go by
    this receipt; None: not known, and then it isn't renewed.
    """

    request_sent_boot_seconds: float
    received_wall_seconds: float
    received_boot_seconds: float
    age_zero_boot_seconds: float
    date: str
    complete_as_of: int | None = None

    def renew(self, later: "Receipt") -> None:
        """Be the receipt of a later answer that says the same."""
        self.request_sent_boot_seconds = later.request_sent_boot_seconds
        self.received_wall_seconds = later.received_wall_seconds
        self.received_boot_seconds = later.received_boot_seconds
        self.age_zero_boot_seconds = later.age_zero_boot_seconds
        self.date = later.date
