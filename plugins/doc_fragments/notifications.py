# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options for notifications; their specification is module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Option groups of what tells people and programs about releases."""

    DOCUMENTATION = r"""
options:
  slack_token:
    description:
      - Bot token of a Slack app with the scope C(chat:write). Each service of a release then has one message, which is edited in place, and
        later events are answers in its thread. Needs O(slack_channel); not together with O(slack_webhook_url).
      - The environment variable E(TRADESENSE_SLACK_TOKEN) is used when the option is not set.
    type: str
  slack_channel:
    description:
      - Id or name of the channel to write to with O(slack_token). The app has to be a member of it.
      - The environment variable E(TRADESENSE_SLACK_CHANNEL) is used when the option is not set.
    type: str
  slack_webhook_url:
    description:
      - Address of an incoming webhook of Slack. Each event is a message of its own, because such a webhook can do nothing else.
      - Whoever knows the address can write there, so it is a secret and appears in no message.
      - The environment variable E(TRADESENSE_SLACK_WEBHOOK_URL) is used when the option is not set.
    type: str
  slack_api_url:
    description:
      - Address of Slack's Web API for O(slack_token); another one for GovSlack.
    type: str
    default: https://slack.com/api
  slack_severity:
    description:
      - How urgent an event must be for Slack. V(info) are started, recovery and finished, V(warning) are warning and hold, and V(critical) are
        rollback, ineffective and error.
      - Recovery and the end of a release are told in any case where something more urgent was told of the same service before.
    type: str
    choices: [info, warning, critical]
    default: info
  webhook_url:
    description:
      - Address that takes events as JSON, as docs/notifications.md describes it. A secret, like O(slack_webhook_url).
      - The environment variable E(TRADESENSE_WEBHOOK_URL) is used when the option is not set.
    type: str
  webhook_secret:
    description:
      - Secret of the signature by which the receiver knows that a message is from here, of 16 characters or more. Without it messages are not signed.
      - The environment variable E(TRADESENSE_WEBHOOK_SECRET) is used when the option is not set.
    type: str
  webhook_token:
    description:
      - Bearer token for O(webhook_url).
      - The environment variable E(TRADESENSE_WEBHOOK_TOKEN) is used when the option is not set.
    type: str
  webhook_severity:
    description:
      - The same as O(slack_severity), for O(webhook_url).
    type: str
    choices: [info, warning, critical]
    default: info
  tell_dry_run:
    description:
      - Whether events of the mode V(dry_run) are told, in which the guard only looks.
    type: bool
    default: false
  repeat_after:
    description:
      - Seconds that must lie between two events that say the same of a service, where it came to it again in between.
      - One and the same event is never told twice, however often it is given.
    type: int
    default: 600
  notify_ca_cert:
    description:
      - Path of the certificate authority's certificates for all addresses above; by default those that Python's requests trusts. Certificates are
        always verified.
      - The environment variable E(TRADESENSE_NOTIFY_CA_CERT) is used when the option is not set.
    type: path
  request_timeout:
    description:
      - Seconds for one request.
    type: float
    default: 10.0
requirements:
  - python >= 3.11
  - requests >= 2.32.0
notes:
  - Addresses begin with C(https://). C(http://) is for addresses of this machine itself only, for instance of a relay. Redirects are not followed.
  - The proxies of the environment (E(HTTP_PROXY), E(HTTPS_PROXY), E(NO_PROXY)) are used, a C(.netrc) file is not.
"""
