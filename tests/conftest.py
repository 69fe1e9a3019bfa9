"""What holds for every test."""

import os

from hypothesis import settings

settings.register_profile("no-clock", deadline=None)
settings.load_profile("no-clock")

# The command is started hundreds of times: let Python keep what it compiled, as it does where the command is installed.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
