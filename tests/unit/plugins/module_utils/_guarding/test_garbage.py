# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Python looks for garbage again afterwards, whatever happens in between, and only if it did before."""

from __future__ import annotations

import gc

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.garbage import uncollected


def test_it_is_off_in_the_block_only() -> None:
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_does_not_leave_it_off() -> None:
    with pytest.raises(KeyError), uncollected():
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
