# SPDX-License-Identifier: Apache-2.0
"""Pooling as rows come equals pooling them all at the end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yamnet_tools.classify.pooling import ColumnPool
from yamnet_tools.classify.text_output import pool_to


@given(st.lists(st.integers(0, 70), max_size=12), st.sampled_from([2, 8, 20]), st.sampled_from(["maximum", "add"]))
def test_any_split_gives_the_columns_of_the_whole(sizes: list[int], limit: int, operation: str) -> None:
    ufunc = getattr(np, operation)
    rows = np.random.default_rng(sum(sizes)).integers(-9, 9, (sum(sizes), 3))
    pool = ColumnPool(3, np.int64, limit, ufunc)
    end = 0
    for size in sizes:
        pool.add(rows[end : end + size])
        end += size
    length = pool.rows_per_column
    expected = [ufunc.reduce(rows[at : at + length], axis=0) for at in range(0, len(rows), length)]
    assert np.array_equal(pool.columns(), np.reshape(expected, (-1, 3)))
    assert pool.rows().sum() == len(rows)
    assert len(pool.columns()) <= limit
    assert length == 1 or len(rows) >= limit * length // 2  # never coarser than it has to be


def test_an_odd_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="even"):
        ColumnPool(1, np.int8, 7, np.maximum)


@pytest.mark.parametrize(("columns", "width"), [(3, 5), (5, 5), (11, 5), (1000, 64)])
def test_pooling_to_a_width_loses_no_peak(columns: int, width: int) -> None:
    p = np.random.default_rng(columns).random((2, columns))
    pooled = pool_to(p, width)
    assert pooled.shape == (2, min(columns, width))
    assert np.array_equal(pooled.max(axis=1), p.max(axis=1))
    assert pooled[0, 0] == p[0, : max(1, columns // width)].max()
