"""``python -m pulumi_localaws`` is ``pulumi-localaws``."""

import sys

from pulumi_localaws.cli import main

sys.exit(main())
