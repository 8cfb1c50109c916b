"""Bounds of histograms, shared so that durations on both sides compare."""

DURATION_SECONDS = (
    0.001,
    0.005,
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.25,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10.0,
)
"""OpenTelemetry's advice for http.server.request.duration, with one bucket below for hits."""
