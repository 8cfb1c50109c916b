"""What is abused is searched for secrets, too, in everything that was said."""

from tests.integration.conftest import nothing_secret_is_said

__all__ = ["nothing_secret_is_said"]
