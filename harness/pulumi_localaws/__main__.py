"""Entry point of ``python -m pulumi_localaws``, the same as the command ``pulumi-localaws``."""

import sys

from pulumi_localaws.cli import main

sys.exit(main())
