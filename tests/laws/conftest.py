"""How many examples a law is tried on: 20 of them, always the same; 10,000 fresh ones with BRIDLE_LAWS=many."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("normal", max_examples=20, derandomize=True, deadline=None, database=None)
settings.register_profile(
    "many", max_examples=10_000, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("many" if os.environ.get("BRIDLE_LAWS") == "many" else "normal")
