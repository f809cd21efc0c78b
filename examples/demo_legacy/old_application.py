"""The old application of the demo: a dump of its database on this machine, and its files in a bucket."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from legacy_population.contents import OLD_BUCKET
from legacy_population.files import Format, write_population
from legacy_population.population import Population

THREADS = 8


class OldApplication:
    """The database and the files of the old application.

    Args:
        population: Its users and their content.
        folder: Where the dump is written.
    """

    def __init__(self, population: Population, folder: Path) -> None:
        self.population = population
        self.source = f"dump:{write_population(population, folder / 'dump', Format.DUMP_GZIP)}"

    def upload_files(self, s3: Any) -> int:
        """Create the old bucket with its files, and return how many it has."""
        s3.create_bucket(Bucket=OLD_BUCKET)
        s3.put_bucket_versioning(Bucket=OLD_BUCKET, VersioningConfiguration={"Status": "Enabled"})

        def upload(file: tuple[str, bytes]) -> None:
            key, body = file
            s3.put_object(Bucket=OLD_BUCKET, Key=key, Body=body)

        files = list(self.population.files())
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(upload, files))
        return len(files)
