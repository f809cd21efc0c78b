"""``python -m pulumi_localaws.engine`` deploys one Pulumi program to a local AWS."""

from pulumi_localaws.engine.runner import main

if __name__ == "__main__":
    main()
