"""``python -m pulumi_localaws.engine`` deploys one Pulumi program to a local AWS."""

import gc

from pulumi_localaws.engine.runner import main

# The imports and the resources of a program stay in memory until the end. With Python's default of 700 new
# objects, the garbage collector visits them again and again: 15 % of the processor time of a deployment.
_NEW_OBJECTS_BEFORE_COLLECTION = 100_000

if __name__ == "__main__":
    gc.set_threshold(_NEW_OBJECTS_BEFORE_COLLECTION)
    main()
