"""Which requests may pass."""

import pytest

from proxy.admission.route_policy import RoutePolicy, RouteRule


def policy(allow="", deny=""):
    return RoutePolicy(
        allow=[RouteRule.parse(rule) for rule in allow.split(",") if rule],
        deny=[RouteRule.parse(rule) for rule in deny.split(",") if rule],
    )


@pytest.mark.parametrize(
    ("rules", "method", "kind", "passes"),
    [
        (policy(), "DELETE", "other", True),
        (policy(allow="GET *"), "GET", "item", True),
        (policy(allow="GET *"), "HEAD", "item", True),
        (policy(allow="GET *"), "PUT", "item", False),
        (policy(allow="GET *"), "OPTIONS", "item", False),
        (policy(allow="GET item"), "GET", "items", False),
        (policy(allow="GET item,GET items"), "GET", "items", True),
        (policy(deny="* activity"), "GET", "activity", False),
        (policy(deny="* activity"), "GET", "item", True),
        (policy(deny="GET item"), "HEAD", "item", False),
        (policy(allow="HEAD item"), "GET", "item", False),
        (policy(allow="* *", deny="* metrics"), "GET", "metrics", False),
        (policy(allow="* *", deny="DELETE *"), "DELETE", "item", False),
    ],
)
def test_denied_is_what_a_rule_denies_or_none_allows(rules, method, kind, passes):
    assert rules.permits(method, kind) is passes
