"""Which settings take effect while the sidecar runs; the others wait for a restart."""

from operator import attrgetter

import msgspec

from proxy.config.keys import keys
from proxy.config.tree import Settings

LIVE = frozenset(
    {
        "mode",
        "unknown_keys",
        "cache.generation",
        "cache.item_freshness_seconds",
        "cache.list_freshness_seconds",
        "cache.change_check_interval_seconds",
        "cache.answer_stale_after_seconds",
        "cache.read_your_writes_hold_seconds",
        "cache.unverified_tokens",
        "limits.mode",
        "limits.requests_per_second",
        "limits.request_burst",
        "limits.upstream_per_second",
        "limits.upstream_burst",
        "limits.named",
        "limits.unknown_token_slots",
        "limits.refusals_per_second",
        "limits.refusal_burst",
        "limits.all_refusals_per_second",
        "limits.all_refusal_burst",
        "limits.stale_instead_of_429",
        "upstream.queue_wait_seconds",
        "upstream.max_queued_requests",
        "tokens.names",
        "routes.allow",
        "routes.deny",
        "log.level",
        "log.miss_sample_ratio",
    }
)


def differences(old: Settings, new: Settings) -> frozenset[str]:
    """Return the paths of the settings that are not the same."""
    return frozenset(key.path for key in keys() if attrgetter(key.path)(old) != attrgetter(key.path)(new))


def with_live_settings_of(running: Settings, new: Settings) -> Settings:
    """Return `running` with what of `new` can take effect now."""
    sections: dict[str, dict[str, object]] = {}
    for key in keys():
        if key.path in LIVE:
            sections.setdefault(key.section, {})[key.name] = attrgetter(key.path)(new)
    top = sections.pop("", {})
    parts = {
        section: msgspec.structs.replace(getattr(running, section), **values)
        for section, values in sections.items()
    }
    return msgspec.structs.replace(running, **top, **parts)
