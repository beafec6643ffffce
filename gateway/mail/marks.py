"""Which fields of a header only machines and lists write, by name, and what kinds of reports they send.

RFC 2369, RFC 2919 and RFC 8058 for lists, RFC 6522 for reports; the rest is what mailers, ticket systems and
out-of-office programs leave, and nobody has written down.
"""

import re

LIST_FIELDS = frozenset((
    "list-id", "list-post", "list-help", "list-unsubscribe", "list-subscribe", "list-owner", "list-archive",
    "mailing-list", "x-mailing-list", "x-mailman-version", "x-listname", "x-ml-name", "x-mlserver",
    "x-list-administrivia", "list-unsubscribe-post", "x-campaign", "x-campaignid", "x-mailchimp-id", "x-mc-user",
    "x-beenthere", "x-google-group-id", "x-list", "x-csa-complaints", "x-msfbl",
))
"""RFC 2369, RFC 2919, RFC 8058 and what lists wrote before them."""

ROBOT_FIELDS = frozenset((
    "x-away", "x-fc-machinegenerated", "x-auto-submitted", "x-autosubmitted", "x-cron-env", "x-loop", "x-otrs-loop",
    "x-znuny-loop", "x-rt-loop-prevention", "x-failed-recipients", "x-ooo", "x-responder", "x-gnd-status-autoreply",
    "x-challenge", "x-boxtrapper", "x-tmda-fingerprint", "x-mailer-daemon", "x-zammad-loop", "x-helpdesk-loop",
    "x-mdautoresponder", "x-jira-fingerprint", "x-github-reason", "x-facebook-notify", "x-gitlab-project",
    "x-redmine-host", "x-bugzilla-reason", "x-amavis-alert", "x-virus-alert", "tls-report-domain",
    "tls-report-submitter", "x-away-message",
))
"""Fields that only machines write."""
ROBOT = re.compile(
    r"x-(?:[a-z]{1,20}-)?auto(?:matic)?-?(?:repl(?:y|ied)|respon(?:d|der|se)|generated)(?!-suppress)|x-vacation|"
    r"x-out-of-office"
)
"""How the names of such fields begin, often with their maker's name within."""

COMPLAINT = re.compile(r"complaint about message from [0-9a-f.:]{3,60}$", re.IGNORECASE)
"""How Microsoft titles the mails of which a reader complains; it sends them whole, without the form of RFC 5965."""

REPORTS = {
    "delivery-status": "a delivery status notification (RFC 3464)",
    "disposition-notification": "a receipt (RFC 8098)",
    "feedback-report": "an abuse report (RFC 5965)",
    "tlsrpt": "a TLS report (RFC 8460)",
    "dmarc": "a DMARC report (RFC 9990)",
}
