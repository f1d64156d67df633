# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard at work: looks at releases, lets `_guard` decide, and acts. Private to this collection.

``release.py`` and ``rollback_facts.py`` describe what the cluster shows, ``sampling.py`` asks Prometheus, ``keeping.py`` and
``locking.py`` hold what must outlive the process, ``acting.py`` pauses and rolls back, ``loop.py`` is the loop around them.
"""
