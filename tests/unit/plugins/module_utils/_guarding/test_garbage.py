# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Python looks for garbage again afterwards, whatever happens in between, and only if it did before."""

from __future__ import annotations

import gc

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.garbage import uncollected


def test_it_is_off_in_the_block_only() -> None:
    with pytest.raises(KeyError), uncollected():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    gc.disable()
    try:
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
