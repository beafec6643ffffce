"""Times as agents read them: how long ago, how long still, and the clock of the site's zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from gateway.web.words import Words

SOON = timedelta(hours=1)
"""What is due within this time is marked."""
_UNITS = (("weeks", timedelta(weeks=1)), ("days", timedelta(days=1)), ("hours", timedelta(hours=1)),
          ("minutes", timedelta(minutes=1)))


class Moments:
    """Times beside one `now`, in one language and zone."""

    def __init__(self, now: datetime, zone: ZoneInfo, words: Words) -> None:
        self.now, self.zone, self.words = now, zone, words

    def length(self, time: timedelta) -> Markup:
        """Such as "3 h": the largest unit alone, weeks from the second one on."""
        for name, unit in _UNITS:
            if time >= (unit * 2 if name == "weeks" else unit):
                return self.words(f"time.{name}", n=time // unit)
        return self.words("time.now")

    def age(self, moment: datetime) -> Markup:
        return self.length(self.now - moment)

    def ago(self, moment: datetime) -> Markup:
        age = self.now - moment
        return self.words("time.now") if age < timedelta(minutes=1) else self.words("time.ago", time=self.length(age))

    def due(self, moment: datetime) -> Markup:
        """How long still, or how long too late."""
        if moment < self.now:
            return self.words("time.late", time=self.length(self.now - moment))
        return self.words("time.left", time=self.length(moment - self.now))

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

    def mark(self, moment: datetime, shown: str = "") -> Markup:
        """A moment on a page: the words for it, or its clock; the whole of it where somebody points at it."""
        return Markup(f'<time datetime="{moment.isoformat()[:16]}Z" title="{escape(self.whole(moment))}">'  # noqa: S704 - all of it is ours or escaped
                      f"{escape(shown or self.clock(moment))}</time>")
