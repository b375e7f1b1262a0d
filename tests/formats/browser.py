"""Drives headless Chromium through the WebDriver protocol: `browser.py SCENARIO URL [WORD...]`, silent when all is well."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request


class Browser:
    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
        self.base = f"http://127.0.0.1:{port}"
        self.wait_until_ready()
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,900"]
        capabilities = {"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}
        session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.base += f"/session/{session['sessionId']}"

    def wait_until_ready(self):
        for _ in range(300):
            try:
                if self.call("GET", "/status")["ready"]:
                    return
            except urllib.error.URLError:
                time.sleep(0.1)
        raise SystemExit("chromedriver does not answer")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def run(self, script):
        return self.call("POST", "/execute/sync", {"script": script, "args": []})

    def wait_for(self, script):
        for _ in range(100):
            if found := self.run(script):
                return found
            time.sleep(0.05)
        raise SystemExit(f"nothing came of {script}")

    def find(self, selector):
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        return next(iter(found.values()))

    def click(self, selector):
        self.call("POST", f"/element/{self.find(selector)}/click", {})

    def type(self, selector, text):
        self.call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def press(self, key):
        actions = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def complaints(self):
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"})]

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()


def count(browser):
    return browser.run("return document.getElementById('count').textContent")


def is_sound(browser):
    """What holds for every page: no complaint, no request, labels everywhere, nothing wider than the window."""
    complaints = browser.complaints()
    assert not complaints, complaints
    assert browser.run("return performance.getEntriesByType('resource').length") == 0, "the page made a request"
    nameless = browser.run("return [...document.querySelectorAll('input,select')].filter(e => !e.labels.length).length")
    assert nameless == 0, f"{nameless} fields without a label"
    blank = browser.run("return [...document.querySelectorAll('button')].filter(b => !b.textContent.trim()).length")
    assert blank == 0, f"{blank} buttons without a name"
    assert browser.run("return document.documentElement.lang") == "en"
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


def reader(browser):
    assert count(browser) == "6 of 10 results", count(browser)
    assert browser.run("return document.querySelectorAll('#results .inside table').length") == 0
    browser.click("#results summary")
    # The page fills what was opened when it is told so, which may be after the click is answered.
    evidence = browser.wait_for("return document.querySelector('#results table')?.innerText")
    assert "user.password_enabled" in evidence and "iam:GetCredentialReport@us-east-1" in evidence, evidence
    browser.press("/")
    assert browser.run("return document.activeElement.name") == "search", "the key / does not lead to the search"
    browser.type("[name=search]", "alice")
    assert count(browser) == "1 of 10 results", count(browser)
    browser.click("button[type=reset]")
    time.sleep(0.2)
    assert count(browser) == "6 of 10 results", count(browser)
    browser.click("[name=status][value=pass]")
    assert count(browser) == "8 of 10 results", count(browser)
    browser.click("[name=status][value=suppressed]")
    assert count(browser) == "9 of 10 results", count(browser)
    browser.run("const s = document.querySelector('[name=severity]'); s.value = 'critical';"
                "s.dispatchEvent(new Event('input', { bubbles: true }))")
    assert count(browser) == "2 of 10 results", count(browser)
    areas = browser.run("return [...document.querySelectorAll('[name=area] option')].map(o => o.value)")
    assert "IAM" in areas and "Root user" in areas, areas
    drawn = browser.run("return [...document.querySelectorAll('figure svg')].map(s => s.getAttribute('role') + ' ' +"
                        " document.getElementById(s.getAttribute('aria-labelledby').split(' ')[1]).textContent)")
    assert len(drawn) == 2 and all(text.startswith("img ") for text in drawn), drawn
    assert "alarm bill (holds), then topic billing-alarm (holds), then subscription (broken): topic" in drawn[0], drawn
    boxes = browser.run("return [...document.querySelectorAll('#alert-routes .node')].map(n => n.getBoundingClientRect().width)")
    assert len(boxes) == 3 and all(width > 100 for width in boxes), boxes
    stroke = "return getComputedStyle(document.querySelector('#alert-routes .node.broken rect')).stroke"
    assert browser.run(stroke) != browser.run(stroke.replace("broken", "holds")), "broken links look like others"
    browser.click("#alert-routes summary")
    assert not browser.run("return document.querySelector('#alert-routes').open"), "the section does not close"
    browser.click("#alert-routes summary")
    assert "Root has MFA" in browser.run("return document.querySelector('#controls').innerText")
    frameworks = browser.run("return [...document.querySelectorAll('[name=framework] option')].map(o => o.value)")
    assert frameworks == ["", "cis-aws-3.0", "fsbp"], frameworks
    browser.click("[data-area='Root user']")
    chosen = browser.run("return document.querySelector('[name=area]').value")
    rules = browser.run("return [...document.querySelectorAll('#results details')].map(d => { d.open = true; return d })"
                        ".map(d => new Promise(r => setTimeout(() => r(d.querySelector('.inside > p:last-child').textContent))))"
                        ".reduce(async (all, one) => [...await all, await one], [])")
    assert chosen == "Root user" and rules and all(rule.startswith("Rule root-") for rule in rules), (chosen, rules)
    browser.click("button[type=reset]")
    time.sleep(0.2)
    printed = browser.call("POST", "/print", {})
    assert len(printed) > 10_000, "nothing is printed"
    assert browser.run("return document.querySelectorAll('section > details:not([open])').length") == 0, "folded on paper"
    browser.call("POST", "/window/rect", {"width": 400, "height": 800})
    is_sound(browser)
    browser.call("POST", "/window/rect", {"width": 1200, "height": 900})
    colour = "return getComputedStyle(document.body).backgroundColor"
    before = browser.run(colour)
    browser.click("#theme")
    assert browser.run(colour) != before, "the theme does not change"
    browser.press("\ue004")
    browser.press("\ue00c")


def hostile(browser):
    browser.run("for (const box of document.querySelectorAll('[name=status]')) { if (!box.checked) box.click(); }")
    assert count(browser) == "10 of 10 results", count(browser)
    browser.click("#open")
    time.sleep(0.5)
    assert browser.run("return window.pwned") is None, "hostile text ran"
    assert browser.run("return document.scripts.length") == 2
    assert browser.run("return document.querySelectorAll('img, svg[onload], [onfocus], [autofocus], iframe').length") == 0
    shown = browser.run("return document.querySelector('#results').innerText")
    assert "<script>window.pwned = 1" in shown, "the text is not shown as text"
    assert "\u202e" not in shown and "\\u{202e}" in shown, "a direction mark reached the reader"
    # The policy holds even for a script that a bug would let into the page.
    browser.run("const s = document.createElement('script'); s.textContent = 'window.late = 1'; document.body.append(s)")
    assert browser.run("return window.late") is None, "the policy lets foreign scripts run"
    refused = browser.complaints()
    assert len(refused) == 1 and "Content Security Policy" in refused[0], refused
    browser.run("document.body.lastChild.remove()")


def many(browser):
    assert count(browser) == "5000 of 5000 results", count(browser)
    assert browser.run("return document.querySelectorAll('#results > li').length") == 200
    browser.click("#more")
    assert browser.run("return document.querySelectorAll('#results > li').length") == 400
    browser.type("[name=search]", "user-004999")
    assert count(browser) == "1 of 5000 results", count(browser)


def account(browser, results):
    browser.run("for (const box of document.querySelectorAll('[name=status]')) { if (!box.checked) box.click(); }")
    assert count(browser) == f"{results} of {results} results", count(browser)
    more = "const more = document.getElementById('more'); return more !== null && more.offsetParent !== null"
    while browser.run(more):
        browser.click("#more")
    shown = browser.run("return document.querySelectorAll('#results > li').length")
    assert shown == int(results), shown
    browser.click("#open")
    time.sleep(0.5)
    opened = browser.run("return [...document.querySelectorAll('#results details')].filter(d => d.open).length")
    assert opened == int(results), opened


def main():
    scenario, url, *words = sys.argv[1:]
    browser = Browser()
    try:
        browser.call("POST", "/url", {"url": url})
        is_sound(browser)
        {"reader": reader, "hostile": hostile, "many": many, "account": account}[scenario](browser, *words)
        is_sound(browser)
    finally:
        browser.close()


main()
