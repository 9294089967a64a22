"""The pages around the map, as people meet them: in two languages, by keyboard, on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.words import WORDS
from tests.web.conftest import PASSWORD, WINDOW, Served, becomes, set_up, watch

PAGES = ("/", "/layers", "/account", "/users", "/organisations", "/settings", "/audit", "/nowhere")
PHONE = {"width": 375, "height": 812}


def in_(language: str, page: Any) -> None:
    page.add_init_script(f"localStorage.setItem('qly-language', '{language}')")


def shown(page: Any, office: Served, path: str) -> None:
    page.goto(office.url + path)
    page.wait_for_selector("main h1")
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_accessible_and_asks_nobody_else(
    visitor: Any, office: Served, axe: Callable[[Any], list[str]], language: str
) -> None:
    in_(language, visitor)
    seen = watch(visitor, office)
    for path in PAGES:
        shown(visitor, office, path)
        assert visitor.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[language]
        assert axe(visitor) == [], path
    assert seen.strangers == []
    assert seen.errors == []


def test_dialogs_are_accessible(visitor: Any, office: Served, axe: Callable[[Any], list[str]]) -> None:
    for path, button in (
        ("/", "新建航次"),
        ("/users", "邀请用户"),
        ("/layers", "添加图层"),
        ("/organisations", "新建单位"),
    ):
        shown(visitor, office, path)
        visitor.get_by_role("button", name=button).first.click()
        visitor.wait_for_selector("dialog[open]")
        assert axe(visitor) == [], path
        visitor.keyboard.press("Escape")
        visitor.wait_for_selector("dialog[open]", state="detached")
        becomes(lambda: visitor.evaluate("document.activeElement.textContent"), button)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_wider_than_a_phone(visitor: Any, office: Served, language: str) -> None:
    in_(language, visitor)
    visitor.set_viewport_size(PHONE)
    for path in PAGES:
        shown(visitor, office, path)
        assert visitor.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    visitor.get_by_role("button", name=WORDS["menu"][language == "en"], exact=True).click()
    visitor.get_by_role("link", name=WORDS["audit_log"][language == "en"]).click()
    visitor.wait_for_url("**/audit")


def test_language_is_a_switch_that_is_remembered(visitor: Any) -> None:
    becomes(lambda: visitor.inner_text("h1"), "航次")
    visitor.get_by_role("button", name="English").click()
    becomes(lambda: visitor.inner_text("h1"), "Flights")
    visitor.reload()
    visitor.wait_for_selector("h1")
    becomes(lambda: visitor.inner_text("h1"), "Flights")
    becomes(lambda: visitor.title(), "Flights · 千里眼")


def test_times_in_the_reader_s_zone_with_utc_beside(visitor: Any, office: Served) -> None:
    shown(visitor, office, "/audit")
    told = visitor.locator("time").first
    local, utc = told.inner_text().split("\n")
    assert utc.endswith(" UTC")
    assert int(local[11:13]) == (int(utc[11:13]) + 8) % 24


def test_signing_in_by_keyboard_alone(browser: Any, office: Served) -> None:
    context = browser.new_context(**WINDOW)
    page = context.new_page()
    page.goto(office.url + "/audit")
    page.wait_for_selector("form input:focus")
    page.keyboard.type("zhangsan")
    page.keyboard.press("Tab")
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    becomes(lambda: page.inner_text("[role=alert]"), "账号或密码不正确。")
    page.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('操作日志')")  # where one wanted to go
    page.reload()
    page.wait_for_selector("h1:has-text('操作日志')")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Tab")
    becomes(lambda: page.evaluate("document.activeElement.textContent"), "跳到正文")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    becomes(lambda: page.evaluate("document.activeElement.textContent"), "刷新")
    context.close()


def test_a_colleague_is_invited_and_sees_what_the_role_may(browser: Any, visitor: Any, office: Served) -> None:
    shown(visitor, office, "/users")
    visitor.get_by_role("button", name="邀请用户").click()
    visitor.get_by_label("姓名").fill("李四 <b>x</b>")
    visitor.get_by_label("账号").fill("lisi")
    visitor.locator("dialog select").select_option("analyst")
    visitor.get_by_role("button", name="生成邀请链接").click()
    link = visitor.locator("dialog input.mono").input_value()
    assert link.startswith(office.url + "/invite#")
    visitor.get_by_role("button", name="关闭").click()
    visitor.get_by_role("cell", name="李四 <b>x</b>", exact=True).wait_for()

    context = browser.new_context(**WINDOW)
    page = context.new_page()
    page.goto(link)
    page.locator("input").nth(0).fill(PASSWORD)
    page.locator("input").nth(1).fill(PASSWORD + "x")
    assert page.get_by_text("两次输入不一致").is_visible()
    page.locator("input").nth(1).fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.wait_for_selector("nav.bar-links")
    becomes(lambda: page.locator("nav.bar-links a").all_inner_texts(), ["航次", "底图与地形"])
    assert page.get_by_role("button", name="新建航次").count() == 0
    page.goto(office.url + "/users")
    page.wait_for_selector("text=这里什么也没有")
    page.goto(link)
    page.locator("input").nth(0).fill(PASSWORD)
    page.locator("input").nth(1).fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.wait_for_selector("[role=alert]:has-text('此链接已使用过或已过期')")
    context.close()


def test_a_token_is_shown_once(visitor: Any, office: Served) -> None:
    shown(visitor, office, "/account")
    visitor.get_by_label("用途").fill("笔记本")
    visitor.get_by_role("button", name="生成令牌").click()
    token = visitor.locator(".note.good input").input_value()
    answer = visitor.request.get(
        office.url + "/api/flights", headers={"Authorization": f"Bearer {token}", "Cookie": ""}
    )
    assert answer.ok
    visitor.reload()
    visitor.get_by_role("cell", name="笔记本", exact=True).wait_for()
    assert token not in visitor.content()
    visitor.get_by_role("button", name="删除 笔记本").click()
    visitor.locator("dialog").get_by_role("button", name="删除", exact=True).click()
    visitor.get_by_role("cell", name="笔记本", exact=True).wait_for(state="detached")


def test_settings_are_kept_and_refused_with_a_sentence(visitor: Any, office: Served) -> None:
    shown(visitor, office, "/settings")
    visitor.get_by_label("底图来源").select_option("xyz")
    visitor.get_by_label("瓦片地址").fill("javascript:alert(1)")
    visitor.get_by_role("button", name="保存").click()
    visitor.wait_for_selector("[role=alert]")
    visitor.get_by_label("瓦片地址").fill("https://tiles.example.cn/{z}/{x}/{y}.png")
    visitor.get_by_role("button", name="保存").click()
    visitor.wait_for_selector(".note.good")
    shown(visitor, office, "/settings")
    assert visitor.get_by_label("瓦片地址").input_value() == "https://tiles.example.cn/{z}/{x}/{y}.png"
    visitor.get_by_label("底图来源").select_option("none")
    visitor.get_by_role("button", name="保存").click()
    visitor.wait_for_selector(".note.good")


@pytest.mark.slow
def test_first_start(browser: Any, server: Served, axe: Callable[[Any], list[str]]) -> None:
    """The set-up link alone lets anybody in, once; what is painted first is measured, not judged."""
    context = browser.new_context(**WINDOW)
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("text=请使用服务器启动时窗口中显示的完整链接")
    assert page.locator("form").count() == 0
    page.goto("about:blank")
    page.goto(server.setup_link)
    page.wait_for_selector("form")
    assert axe(page) == []
    set_up(page, server)
    page.reload()
    page.wait_for_selector("h1")
    paint = page.evaluate(
        "performance.getEntriesByType('paint').map((each) => [each.name, Math.round(each.startTime)])"
    )
    parts = "performance.getEntriesByType('resource').filter((each) => each.name.includes('/assets/'))"
    sent = page.evaluate(f"{parts}.map((each) => [each.name.split('/').pop(), each.decodedBodySize])")
    print(f"\nfirst paint: {dict(paint)} ms; parts (bytes): {sent}")
    context.close()


def test_a_layer_of_the_wrong_kind_is_refused_with_a_sentence(visitor: Any, office: Served, tmp_path: Path) -> None:
    wrong = tmp_path / "说明.docx"
    wrong.write_bytes(b"x")
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    shown(visitor, office, "/layers")
    visitor.get_by_role("button", name="添加图层").first.click()
    visitor.locator("#layer-file").set_input_files(wrong)
    visitor.get_by_role("button", name="开始上传").click()
    visitor.wait_for_selector("[role=alert]:has-text('说明.docx')")
    visitor.wait_for_timeout(1_500)
    assert asked == [office.url + "/api/layers"]
