"""Times as agents read them: how long ago, how long still, and the clock of the site's zone."""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from markupsafe import Markup

from gateway.web.words import Words

SOON = timedelta(hours=1)
"""What is due within this time is marked."""
_UNITS = (("weeks", timedelta(weeks=1)), ("days", timedelta(days=1)), ("hours", timedelta(hours=1)),
          ("minutes", timedelta(minutes=1)))


class Moments:
    """Times beside one `now`, in one language and zone."""

    def __init__(self, now: datetime, zone: ZoneInfo, words: Words) -> None:
        self.now, self.zone, self.words = now, zone, words

    def age(self, moment: datetime) -> Markup:
        return _told(self.words, self.now - moment)

    def ago(self, moment: datetime) -> Markup:
        age = self.now - moment
        return self.words("time.now") if age < timedelta(minutes=1) else _told(self.words, age, "time.ago")

    def due(self, moment: datetime) -> Markup:
        """How long still, or how long too late."""
        if abs(moment - self.now) < timedelta(minutes=1):
            return self.words("time.due")
        if moment < self.now:
            return _told(self.words, self.now - moment, "time.late")
        return _told(self.words, moment - self.now, "time.left")

    def tone(self, due: datetime | None) -> str:
        """The tone of a due time, as badges have one."""
        if due is None or due >= self.now + SOON:
            return "quiet"
        return "bad" if due < self.now else "doubtful"

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def clock(self, moment: datetime) -> str:
        """Of today the time alone; of another day with the day, of another year with the year."""
        local, today = self.local(moment), self.local(self.now)
        if local.date() == today.date():
            return f"{local:%H:%M}"
        return f"{local:%m-%d %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d %H:%M}"

    def whole(self, moment: datetime) -> str:
        local = self.local(moment)
        return f"{local.isoformat(' ', 'seconds')[:19]} {local.tzname()}"  # strftime takes five times as long

    def mark(self, moment: datetime, shown: Markup | None = None) -> Markup:
        """A moment on a page: the words for it, or its clock; the whole of it where somebody points at it."""
        return Markup(f'<time datetime="{moment.isoformat()[:16]}Z" title="{self.whole(moment)}">'  # noqa: S704 - no word of a stranger
                      f"{shown or self.clock(moment)}</time>")


def _told(words: Words, time: timedelta, around: str = "") -> Markup:
    """Such as "3 h": the largest unit alone, weeks from the second one on. around: the words that it stands in."""
    for name, unit in _UNITS:
        if time >= (unit * 2 if name == "weeks" else unit):
            return _filled(words, name, time // unit, around)
    return _filled(words, "now", 0, around)


@lru_cache(5000)
def _filled(words: Words, name: str, n: int, around: str) -> Markup:
    length = words(f"time.{name}", n=n)
    return words(around, time=length) if around else length
