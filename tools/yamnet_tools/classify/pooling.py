# SPDX-License-Identifier: Apache-2.0
"""A whole recording in a bounded number of columns, however long it grows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class ColumnPool:
    """Pools rows that keep coming into at most `limit` columns of equal length.

    Whenever the columns run out, neighbours are merged and each one covers twice as many rows.

    Args:
        width: Values a row holds.
        dtype: Of the pooled values.
        limit: Most columns kept; even.
        ufunc: How rows become one: np.maximum, np.minimum or np.add.
    """

    def __init__(self, width: int, dtype: type[np.generic], limit: int, ufunc: np.ufunc) -> None:
        if limit < 2 or limit % 2:
            raise ValueError(f"limit has to be even, not {limit}")
        self.rows_per_column = 1
        self._columns = np.zeros((limit, width), dtype)
        self._limit = limit
        self._ufunc = ufunc
        self._full = 0
        self._rows_in_last = 0

    def add(self, rows: NDArray[Any]) -> None:
        """Take the next rows, [n, width]."""
        while len(rows):
            whole = 0 if self._rows_in_last else min(len(rows) // self.rows_per_column, self._limit - self._full)
            if whole:
                taken = whole * self.rows_per_column
                grouped = rows[:taken].reshape(whole, self.rows_per_column, -1)
                self._columns[self._full : self._full + whole] = self._ufunc.reduce(grouped, axis=1)
                self._full += whole
            else:
                taken = min(self.rows_per_column - self._rows_in_last, len(rows))
                self._extend_last(rows[:taken])
            rows = rows[taken:]
            if self._full == self._limit:
                self._merge()

    def columns(self) -> NDArray[Any]:
        """The pooled values so far, [columns, width]; the last column may cover fewer rows than the others."""
        return self._columns[: self._full + (self._rows_in_last > 0)]

    def rows(self) -> NDArray[np.int64]:
        """How many rows each column covers, int64 [columns]."""
        last = [self._rows_in_last] if self._rows_in_last else []
        return np.array([self.rows_per_column] * self._full + last, np.int64)

    def _extend_last(self, rows: NDArray[Any]) -> None:
        pooled = self._ufunc.reduce(rows, axis=0)
        kept = self._columns[self._full]
        self._columns[self._full] = self._ufunc(kept, pooled) if self._rows_in_last else pooled
        self._rows_in_last += len(rows)
        if self._rows_in_last == self.rows_per_column:
            self._full += 1
            self._rows_in_last = 0

    def _merge(self) -> None:
        half = self._limit // 2
        self._columns[:half] = self._ufunc(self._columns[0::2], self._columns[1::2])
        self._full = half
        self.rows_per_column *= 2
