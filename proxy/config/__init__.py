"""Settings: a frozen tree from a TOML file and the environment, complete and consistent or refused.

`load` reads, `warnings_about` says what is allowed but unwise, `reference` renders docs/configuration.md. Every
other module gets plain values from the composition root: this package imports nothing else of `proxy`, and
only the composition root and the command line import it.
"""

from proxy.config.addresses import Address
from proxy.config.audit_settings import AuditMode, AuditOutput, AuditSettings, OnFailure
from proxy.config.cache_settings import CacheSettings, FlightSettings, OneTimePasswords, UnverifiedTokens
from proxy.config.checks import problems_of, warnings_about
from proxy.config.container_memory import memory_limit_bytes
from proxy.config.errors import ConfigError
from proxy.config.injection_settings import TokenInjectionSettings
from proxy.config.limit_settings import LimitSettings, TokenLimits
from proxy.config.live import differences, with_live_settings_of
from proxy.config.route_settings import RouteSettings
from proxy.config.server_settings import ClientCertificates, ServerSettings
from proxy.config.sources import UPSTREAM_VARIABLE, Loaded, load, load_all, load_control
from proxy.config.tree import (
    AutomaticPath,
    ControlSettings,
    LogFormat,
    LogLevel,
    LogSettings,
    ObserveSettings,
    ProfileName,
    Settings,
    TokenSettings,
    UnknownKeys,
)
from proxy.config.upstream_settings import UpstreamSettings

__all__ = [
    "UPSTREAM_VARIABLE",
    "Address",
    "AuditMode",
    "AuditOutput",
    "AuditSettings",
    "AutomaticPath",
    "CacheSettings",
    "ClientCertificates",
    "ConfigError",
    "ControlSettings",
    "FlightSettings",
    "LimitSettings",
    "Loaded",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "ObserveSettings",
    "OnFailure",
    "OneTimePasswords",
    "ProfileName",
    "RouteSettings",
    "ServerSettings",
    "Settings",
    "TokenInjectionSettings",
    "TokenLimits",
    "TokenSettings",
    "UnknownKeys",
    "UnverifiedTokens",
    "UpstreamSettings",
    "differences",
    "load",
    "load_all",
    "load_control",
    "memory_limit_bytes",
    "problems_of",
    "warnings_about",
    "with_live_settings_of",
]
