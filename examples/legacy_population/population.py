"""The population: its blocks, and the documents and files of the old application."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from legacy_population.changes import change_block
from legacy_population.contents import Content, FileKind, create_content
from legacy_population.links import add_links
from legacy_population.people import OLD_HOST, Person, create_people
from legacy_population.phones import MAX_NUMBERS
from legacy_population.roles import BLOCK

USERS_COLLECTION = "authapp_usermodel"
CONTENT_COLLECTION = "biographapp_biographmodel"
DATABASE = "BioGraphDemo"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Block:
    """A hundred users and their content.

    Attributes:
        people: The users.
        contents: Their content, and content without an owner.
    """

    people: list[Person]
    contents: list[Content]


class Population:
    """The users of an old application and their content. The same arguments always yield the same documents.

    Documents are created when they are read, so that a population can be larger than the memory.

    Args:
        users: How many users there are: a multiple of 100.
        seed: Another seed gives another population.
        now: The time of the old database's last change. Paid plans start and end around it.
        text_words: The words of a biograph's text, at most.
        most_contents: The biographs of a user, at most; at least 2.
        is_later: Whether to yield the population some hours later: in each block, one user has another name,
            one has a longer paid plan, and one has another biograph. More `users` add new users.
    """

    def __init__(
        self,
        users: int = 10_000,
        *,
        seed: int = 1,
        now: datetime = NOW,
        text_words: int = 40,
        most_contents: int = 5,
        is_later: bool = False,
    ) -> None:
        if users % BLOCK or not 0 < users <= MAX_NUMBERS:
            raise ValueError(f"users is {users}; it must be a multiple of {BLOCK}, at most {MAX_NUMBERS:,}")
        self.user_count = users
        self.now = now.replace(microsecond=0)
        self._seed = seed
        self._text_words = text_words
        self._most_contents = most_contents
        self._is_later = is_later

    def blocks(self) -> Iterator[Block]:
        """Yield the population in blocks of 100 users."""
        previous_ids: list[Any] = []
        for number in range(self.user_count // BLOCK):
            people = create_people(self._seed, number, self.now)
            add_links(self._seed, number, people, previous_ids)
            contents = create_content(
                self._seed, number, people, self.now, text_words=self._text_words, most=self._most_contents
            )
            if self._is_later:
                change_block(self._seed, people, contents, self.now)
            yield Block(people, contents)
            previous_ids = [person.old_id for person in people]

    def people(self) -> Iterator[Person]:
        """Yield the users."""
        for block in self.blocks():
            yield from block.people

    def documents(self, collection: str) -> Iterator[dict[str, Any]]:
        """Yield the documents of a collection of the old database."""
        for block in self.blocks():
            records = block.people if collection == USERS_COLLECTION else block.contents
            for record in records:
                yield record.document

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield keys and bodies of the files that the old bucket still has."""
        for block in self.blocks():
            for person in block.people:
                if str(person.document.get("profile_pic_url", "")).startswith(OLD_HOST):
                    yield f"pictures/{person.index}.jpg", f"picture {person.index}".encode()
            for content in block.contents:
                for file in content.files:
                    if file.kind is FileKind.COPIED:
                        yield file.key, f"file {file.key}".encode()
