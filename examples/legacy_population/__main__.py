"""Write the database of an old application that never existed, for tests of an import.

python examples/legacy_population FOLDER --users 10000 --format dump-gzip
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from legacy_population.files import Format, write_population
from legacy_population.population import Population
from legacy_population.truth import count_truth


def main() -> None:
    """Write the files and print what is true of the population."""
    parser = argparse.ArgumentParser(
        prog="legacy_population", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder that gets the files")
    parser.add_argument("--users", type=int, default=10_000, help="users, a multiple of 100 (default: 10000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives another population")
    parser.add_argument("--words", type=int, default=40, help="words of a biograph, at most (default: 40)")
    parser.add_argument("--format", type=Format, choices=list(Format), default=Format.DUMP)
    parser.add_argument("--later", action="store_true", help="the population some hours later")
    arguments = parser.parse_args()
    try:
        population = Population(
            arguments.users, seed=arguments.seed, text_words=arguments.words, is_later=arguments.later
        )
    except ValueError as error:
        parser.error(str(error))
    target = write_population(population, arguments.folder, arguments.format)
    print(f"Written to {target}")
    for name, value in vars(count_truth(population)).items():
        print(f"  {name}: {dict(value) if isinstance(value, dict) else value}")


if __name__ == "__main__":
    main()
