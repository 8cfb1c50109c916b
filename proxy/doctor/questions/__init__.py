"""What is asked of every server, in the order in which it is told. All of it only reads."""

from proxy.doctor.questions import filters, health, lists, refusals, representations, targets, timing

QUESTIONS = (
    *targets.QUESTIONS,
    *representations.QUESTIONS,
    *refusals.QUESTIONS,
    *health.QUESTIONS,
    *filters.QUESTIONS,
    *lists.QUESTIONS,
    *timing.QUESTIONS,
)
