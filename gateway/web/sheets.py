"""The agents' pages as they are drawn: templates/web/desk/<name>.html, one for all languages.

Every value is escaped; a name that a template lacks is an error. The words stand in words.<language>.toml.
"""

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from gateway.config import Site
from gateway.desk import canned
from gateway.desk.letters import default_folder
from gateway.web import assets, shown, signs
from gateway.web.words import all_words, words

LONGEST_WISH = 200
"""Characters of Accept-Language that are read."""


class Sheets:
    """All pages of one site, and its ready-made texts. Raises LetterError, with the file, for a broken one of these."""

    def __init__(self, site: Site) -> None:
        self.canned = canned.read(site.templates, site.languages)
        self.environment = Environment(
            loader=FileSystemLoader(default_folder() / "web" / "desk"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, auto_reload=False)
        self.environment.globals |= {"site": site.name, "asset": assets.address, "icon": signs.icon,
                                     "shield": signs.shield, "face": signs.face, "priority": signs.priority}
        self.environment.filters |= {"octets": shown.octets, "linked": shown.linked}

    def draw(self, name: str, language: str, /, **values: object) -> str:
        """A page, or a part of one, as HTML."""
        said = words(language)
        return self.environment.get_template(f"{name}.html").render(w=said, language=said.language, **values)

    def answer(self, name: str, language: str, status: int = 200, /, **values: object) -> Response:
        return Response(self.draw(name, language, **values), status, {"Content-Language": language},
                        media_type="text/html")

    def language(self, accepted: str) -> str:
        """What the browser likes best of what we speak (RFC 9110 section 12.5.4), by the order it is named in."""
        ranges = (each.partition(";")[0] for each in accepted[:LONGEST_WISH].split(","))
        wanted = (each.partition("-")[0].strip().lower() for each in ranges)
        return next((each for each in wanted if each in all_words()), "en")
