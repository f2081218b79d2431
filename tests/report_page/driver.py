"""A small WebDriver client: Chromium by chromedriver over HTTP, with nothing but the standard library."""

import base64
import json
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """One browser in one session; use it as a context manager so that both processes end."""

    def __init__(self, driver="/usr/bin/chromedriver"):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._wait()
            options = {"args": FLAGS + [f"--user-data-dir={self.profile.name}"]}
            logs = {"browser": "ALL", "performance": "ALL"}
            asked = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}
            made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": asked}})
            self.session = f"/session/{made['sessionId']}"
            # The browser opens with a page of its own; what that asks for is none of ours.
            self.call("/url", {"url": "about:blank"})
            for kind in logs:
                self.log(kind)
        except BaseException:
            self._end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", self.session)
        finally:
            self._end()

    def _end(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.profile.cleanup()

    def _wait(self):
        for _ in range(200):
            try:
                if self._call("GET", "/status")["ready"]:
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.05)
        raise RuntimeError("chromedriver did not come up within 10 s")

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        # No proxy of the environment: the driver is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {json.load(error)['value']['message']}") from None

    def call(self, path, body=None):
        """A command of this session."""
        return self._call("GET" if body is None else "POST", self.session + path, body)

    def cdp(self, command, **parameters):
        """A command of the browser's own protocol."""
        return self.call("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url, width, height, theme):
        """Opens an address in a window of this size, for a reader whose system is light or dark."""
        phone = width < 600
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.call("/url", {"url": url})
        self.wait_until_loaded()

    def refresh(self):
        """Loads the page anew."""
        self.call("/refresh", {})
        self.wait_until_loaded()

    def wait_until_loaded(self):
        """The driver's own waiting ends early on large pages, and where scripts are off."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            state = self.cdp("Runtime.evaluate", expression="document.readyState", returnByValue=True)
            if state["result"].get("value") == "complete":
                return
            time.sleep(0.05)
        raise RuntimeError("the page was not loaded within 30 s")

    def run(self, script, *arguments):
        """The value that a script returns."""
        return self.call("/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        """The first element that a selector names, as the driver refers to it."""
        return self.call("/element", {"using": "css selector", "value": selector})

    def click(self, selector):
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        self.call(f"/element/{element[ELEMENT]}/click", {})

    def keys(self, selector, *keys):
        """Presses keys one by one with the element in focus."""
        self.run("arguments[0].focus()", self.find(selector))
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def pointer(self, *moves):
        """Mouse actions: `(x, y)` to move there, `"down"` and `"up"` for the button."""
        actions = []
        for move in moves:
            if move in ("down", "up"):
                actions.append({"type": f"pointer{move.capitalize()}", "button": 0})
            else:
                x, y = (round(at) for at in move)
                actions.append({"type": "pointerMove", "duration": 60, "x": x, "y": y, "origin": "viewport"})
        source = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}
        self.call("/actions", {"actions": [source]})

    def log(self, kind):
        """The entries since the last call: `browser` for the console, `performance` for the network."""
        return self.call("/se/log", {"type": kind})

    def screenshot(self, path, whole=True):
        """A picture of the page, or of what is in the window."""
        size = self.run("return [document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
        asked = {"captureBeyondViewport": True, "clip": clip} if whole else {}
        png = self.cdp("Page.captureScreenshot", format="png", **asked)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(png))
