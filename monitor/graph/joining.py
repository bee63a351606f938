"""Disjoint sets that are joined: the same sets whatever the order of the joins."""

from __future__ import annotations

from array import array


class Sets:
    """Sets of numbers from 0 on. A set goes by its smallest number."""

    def __init__(self) -> None:
        self._parents = array("q")

    def __len__(self) -> int:
        return len(self._parents)

    def add(self) -> int:
        """A new number, in a set of its own."""
        self._parents.append(len(self._parents))
        return len(self._parents) - 1

    def of(self, number: int) -> int:
        """The set that a number is in; long ways are shortened as they are gone."""
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def join(self, one: int, other: int) -> int:
        """Makes two sets one; returns it."""
        first, second = sorted((self.of(one), self.of(other)))
        self._parents[second] = first
        return first
