"""A browser hears with a page's first answer of every module that the page runs, and of no other."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from shared.runtime.pages import PARTS, modules_of, serve_pages

ROOT = Path(__file__).parents[3]
FOLDERS = [ROOT / "services" / name / "web" for name in ("intake", "approval", "metrics", "notify")]
PAGES = [(folder, page) for folder in [*FOLDERS, PARTS] for page in sorted(folder.glob("*.html"))]


@pytest.mark.parametrize(("folder", "page"), PAGES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_the_list_is_closed_and_nothing_on_it_is_unused(folder: Path, page: Path) -> None:
    modules = modules_of(page, folder)
    texts = [(PARTS / one[7:] if one.startswith("/parts/") else folder / one[1:]).read_text("utf-8") for one in modules]
    imported = {name for text in texts for name in re.findall(r'from "[^"]*/([\w-]+\.js)"', text)}
    begun = set(re.findall(r'src="[^"]*/([\w-]+\.js)"', page.read_text("utf-8")))

    assert len(modules) > 3
    assert {one.rsplit("/", 1)[1] for one in modules} == imported | begun


async def test_the_answer_to_a_page_names_them_and_a_script_names_none() -> None:
    app = FastAPI()
    serve_pages(app, FOLDERS[2])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://metrics") as client:
        board, same, evidence, door = [
            (await client.get(path)).headers.get("link", "")
            for path in ("/", "/index.html", "/evidence.html", "/parts/sign-in.html")
        ]
        script = await client.get("/board.js")
        again = await client.get("/", headers={"if-none-match": (await client.get("/")).headers["etag"]})

    assert "</board.js>; rel=modulepreload" in board
    assert "</parts/words/board.js>; rel=modulepreload" in board
    assert board.index("</board.css>; rel=preload; as=style") < board.index("modulepreload"), "scripts wait for the style"
    assert board == same == again.headers["link"]
    assert again.status_code == 304
    assert "</evidence.js>" in evidence
    assert "</parts/sign-in.js>" in door
    assert "link" not in script.headers
