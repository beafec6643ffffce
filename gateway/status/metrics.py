"""All figures of the gateway on one page, for Prometheus: the rooms only count, and know nothing of it.

No figure is a person's: no address, no domain, no client stands in a label, and there are few values to each.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from gateway.authentication.resolver import DnsResolver
from gateway.smtp.figures import Times
from gateway.status.watch import Watch, age

Labelled = Iterable[tuple[tuple[str, ...], float]]


class Page(Collector):
    """Collects when somebody asks. Nothing is waited for: what the store holds was counted a few seconds ago."""

    def __init__(self, watch: Watch, now: Callable[[], datetime]) -> None:
        self._watch, self._now, self._rooms = watch, now, watch.rooms
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def write(self, accept: str) -> tuple[bytes, str]:
        """The page, and its media type: as OpenMetrics, or as text, which the client likes better."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("frontdesk", "Which gateway this is", {"version": _version()})
        yield from self._door()
        yield from self._authentication()
        yield from self._dns()
        yield from self._store()
        yield from self._desk()
        yield from self._delivery()
        yield from self._health()

    def _door(self) -> Iterator[Metric]:
        door, doors = self._rooms.door, self._rooms.doors
        yield _gauge("smtp_sessions", "Clients inside", door.sessions + doors.sessions)
        yield _counter("smtp_clients", "Clients that came, also those sent away", door.figures.clients)
        yield _counters("smtp_mails", "Mails by the reply to their end of data", ("code", "status"),
                        _by_reply(door.figures.mails))
        yield _counters("smtp_refusals", "What was refused in any phase, by reply", ("code", "status"),
                        _by_reply(self._rooms.intake.refusals.counts))
        yield _counter("smtp_kept_bytes", "Of the mails that were kept", door.figures.octets)
        yield _histogram("smtp_keep_seconds", "From the end of data to 250", door.figures.times)
        yield _gauge("smtp_backlog_bytes", "Of the mails that wait for the disk",
                     self._rooms.intake.octets + doors.octets)

    def _authentication(self) -> Iterator[Metric]:
        figures = self._rooms.door.figures
        yield _counters("authentication_results", "Results by method (RFC 8601)", ("method", "result"),
                        figures.results.items())
        yield _counters("authentication_identities", "Mails by how far their domain stands behind them", ("identity",),
                        (((name,), count) for name, count in figures.identities.items()))
        yield _counter("authentication_seen_before", "Mails with a signature that had come before", figures.seen_before)

    def _dns(self) -> Iterator[Metric]:
        resolver = self._rooms.resolver
        yield _gauge("dns_up", "Whether name servers answer", not (resolver.is_away or self._rooms.doors.is_dns_away))
        if not isinstance(resolver, DnsResolver):
            return
        dns = resolver.figures
        saved = ((("remembered",), dns.remembered), (("joined",), dns.joined))
        wrong = (((word,), getattr(dns, word)) for word in ("nxdomain", "timeout", "servfail", "refused"))
        asked = SummaryMetricFamily("frontdesk_dns_query_seconds", "Questions put to name servers")
        asked.add_metric([], dns.asked, dns.seconds)
        yield asked
        yield _gauge("dns_query_longest_seconds", "The slowest question since the start", dns.longest)
        yield _counters("dns_saved", "Questions that were not put: answered from memory, joined to another", ("how",),
                        saved)
        yield _counters("dns_failures", "Answers other than NOERROR", ("rcode",), wrong)

    def _store(self) -> Iterator[Metric]:
        held, now = self._watch.holdings, self._now()
        yield _gauge("store_up", "Whether the store answers",
                     not self._rooms.intake.trouble and not self._rooms.doors.store_trouble)
        yield _gauge("disk_free_bytes", "Of the disk of the data folder", self._watch.space.free)
        yield _gauge("spool_waiting", "Mails that are kept and not yet handled", held.kept)
        yield _gauge("spool_shunted", "Mails that were laid aside for a person", held.shunted)
        yield _gauge("spool_oldest_seconds", "Age of the mail that waits longest", age(held.oldest_kept, now))
        yield _gauges("outbox", "Letters on their way", ("state",),
                      (((state,), held.letters.get(state, 0)) for state in ("waiting", "deferred")))
        yield _gauge("outbox_oldest_seconds", "Age of the letter that waits longest", age(held.oldest_letter, now))

    def _desk(self) -> Iterator[Metric]:
        desk, held = self._rooms.desk.figures, self._watch.holdings
        yield _counters("desk_events", "What the desk took up, and what became of it", ("kind", "outcome"),
                        desk.events.items())
        handlers = SummaryMetricFamily("frontdesk_handler_seconds", "Time in each handler, its decisions included",
                                       labels=["handler"])
        for name, count in dict(desk.calls).items():
            handlers.add_metric([name], count, desk.seconds[name])
        yield handlers
        yield _gauges("requests", "Living requests", ("queue", "state"), held.requests.items())
        yield _gauges("requests_overdue", "Requests whose next act of ours is late", ("queue",),
                      (((queue,), count) for queue, count in held.overdue.items()))

    def _delivery(self) -> Iterator[Metric]:
        worker = self._rooms.worker
        yield _gauge("letters_in_hand", "Letters under way at this moment", worker.in_hand)
        yield _counters("letters", "Tries to deliver a letter", ("outcome",),
                        (((state,), worker.outcomes[state]) for state in ("sent", "deferred", "bounced")))

    def _health(self) -> Iterator[Metric]:
        reasons = self._watch.reasons
        yield _gauge("ready", "Whether /readyz says 200", not reasons)
        yield _gauges("not_ready", "What keeps it from being ready", ("room",),
                      (((room,), room in reasons) for room in ("door", "store", "disk", "desk", "dns")))
        yield _histogram("loop_lag_seconds", "How late the event loop came to what was due", self._watch.lags)


def _counter(name: str, words: str, value: float) -> Metric:
    return CounterMetricFamily(f"frontdesk_{name}", words, value)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"frontdesk_{name}", words, float(value))


def _counters(name: str, words: str, labels: tuple[str, ...], values: Labelled) -> Metric:
    family = CounterMetricFamily(f"frontdesk_{name}", words, labels=labels)
    for each, value in list(values):
        family.add_metric(each, value)
    return family


def _gauges(name: str, words: str, labels: tuple[str, ...], values: Labelled) -> Metric:
    family = GaugeMetricFamily(f"frontdesk_{name}", words, labels=labels)
    for each, value in list(values):
        family.add_metric(each, float(value))
    return family


def _histogram(name: str, words: str, times: Times) -> Metric:
    """Prometheus counts what is not above a bound, so each bucket holds the ones below it too."""
    family, sum_so_far, buckets = HistogramMetricFamily(f"frontdesk_{name}", words), 0, []
    for bound, count in zip((*map(str, times.bounds), "+Inf"), times.counts, strict=True):
        sum_so_far += count
        buckets.append((bound, sum_so_far))
    family.add_metric([], buckets, times.total)
    return family


def _by_reply(counts: dict[str, int]) -> Labelled:
    """"550 5.1.1" as its two labels."""
    return [((key[:3], key[4:]), count) for key, count in counts.items()]


def _version() -> str:
    try:
        return version("frontdesk")
    except PackageNotFoundError:
        return "unknown"
