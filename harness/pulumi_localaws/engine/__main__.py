"""``python -m pulumi_localaws.engine`` runs one Pulumi program on a local AWS."""

from pulumi_localaws.engine.runner import main

if __name__ == "__main__":
    main()
