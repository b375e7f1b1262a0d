"""Checks the links inside a built site: `links.py FOLDER` names every link to a page or heading that is not there."""

import html.parser
import pathlib
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            self.ids.add(attributes["id"])
        for name in ("href", "src"):
            if name in attributes:
                self.links.append(attributes[name])


if len(sys.argv) != 2:
    sys.exit("usage: links.py FOLDER")
root = pathlib.Path(sys.argv[1]).resolve()
pages = {path: Page(path) for path in root.rglob("*.html")}
broken = []
for path, page in pages.items():
    # The page of missing pages stands at any address, so its links are absolute.
    if path.name in ("404.html", "print.html", "toc.html"):
        continue
    for link in page.links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
        if not target.is_file():
            broken.append(f"{path.relative_to(root)}: {link}")
        elif parts.fragment and target in pages and urllib.parse.unquote(parts.fragment) not in pages[target].ids:
            broken.append(f"{path.relative_to(root)}: {link} (no such heading)")
assert len(pages) > 100, f"only {len(pages)} pages"
if broken:
    sys.exit("broken links:\n" + "\n".join(sorted(set(broken))))
print(f"{len(pages)} pages, every link inside leads somewhere")
