"""JupyterLab in a real, headless browser: started on loopback with a token, driven by Playwright."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTINGS = {  # without these Lab asks which kernel to use, and whether to fetch news
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"autoStartDefaultKernel": True},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
}
NOTEBOOK = "window.jupyterapp.shell.currentWidget"
READY = f"""() => {{
    const kernel = {NOTEBOOK}?.sessionContext?.session?.kernel;
    return kernel?.connectionStatus === 'connected' && kernel?.status === 'idle';
}}"""
# Every code cell was run: it has a number and none is still marked as running.
FINISHED = f"""() => {{
    const models = {NOTEBOOK}.content.widgets.map(cell => cell.model);
    const code = models.filter(model => model.type === 'code' && model.sharedModel.source.trim());
    const kernel = {NOTEBOOK}.sessionContext.session.kernel;
    const done = model => model.executionCount !== null && model.executionState !== 'running';
    return kernel.status === 'idle' && code.every(done);
}}"""
FORGET = f"() => {NOTEBOOK}.content.widgets.forEach(c => c.model.type === 'code' && (c.model.executionCount = null))"
ERRORS = f"""() => {NOTEBOOK}.content.widgets.filter(c => c.model.type === 'code').flatMap(
    c => c.model.outputs.toJSON().filter(o => o.output_type === 'error').map(o => o.ename + ': ' + o.evalue))"""


@contextmanager
def jupyterlab(root: Path, state: Path):
    """A JupyterLab server over the folder `root`, its own settings in `state`; yields (url, token)."""
    for name, content in SETTINGS.items():
        file = state / "settings" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(state / "config"),
        "JUPYTER_DATA_DIR": str(state / "data"),
        "JUPYTER_RUNTIME_DIR": str(state / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(state / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(state / "workspaces"),
        "OMP_NUM_THREADS": "1",
    }
    environment.pop("LABKIT_PROGRESS", None)  # a person watches, so the bars are those that a person sees
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    options = [
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}",
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",
    ]
    with open(state / "server.log", "w") as log:
        server = subprocess.Popen([*command, *options], env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, state / "server.log")
            yield f"http://127.0.0.1:{port}", token
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(url: str, server: subprocess.Popen, log: Path, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended: {log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(url, timeout=2)
            return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"JupyterLab did not answer: {log.read_text()[-2000:]}")


@contextmanager
def browser_page():
    """A page of headless Chromium; fails the test on any request that leaves this machine."""
    from playwright.sync_api import sync_playwright

    outside = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.on(
            "request",
            lambda request: None if _is_local(request.url) else outside.append(request.url),
        )
        try:
            yield page
        finally:
            browser.close()
    assert not outside, f"requests that left this machine: {outside[:3]}"


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:", "file:"))


def open_and_run(page, url: str, token: str, notebook: str, seconds: float) -> list[str]:
    """Open the notebook, run all cells as a person would, wait for the end; returns the errors that are shown."""
    page.goto(f"{url}/lab/tree/{notebook}?token={token}")
    page.wait_for_function(
        "() => window.jupyterapp?.shell?.currentWidget?.content?.widgets?.length > 0", timeout=60_000
    )
    page.wait_for_function(READY, timeout=60_000)  # run-all before this kills the kernel
    page.evaluate(FORGET)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(FINISHED, timeout=1000 * seconds, polling=300)
    return page.evaluate(ERRORS)


def save(page) -> None:
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function(f"() => !{NOTEBOOK}.context.model.dirty", timeout=30_000)


def move_first_slider(page, presses: int = 6) -> tuple[str, str]:
    """Move the first slider with the arrow keys; returns the picture beside it before and after."""
    handle = page.locator(".jupyter-widgets .noUi-handle").first
    handle.scroll_into_view_if_needed()
    before = _picture(page)
    handle.focus()
    for _ in range(presses):
        page.keyboard.press("ArrowRight")
    after = before
    end = time.monotonic() + 30
    while after == before and time.monotonic() < end:
        page.wait_for_timeout(200)
        after = _picture(page)
    return before, after


def _picture(page) -> str:
    """The bytes of the picture below the first slider, in hexadecimal.

    Its address changes with every update and the old one dies at once, so that a fetch may have to be tried again.
    """
    script = """async () => {
        for (let attempt = 0; attempt < 50; attempt++) {
            try {
                const box = document.querySelector('.jupyter-widgets .noUi-handle').closest('.widget-vbox');
                const url = box.querySelector('img.jupyter-widgets').src;
                const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
                return Array.from(bytes).map(b => b.toString(16).padStart(2, '0')).join('');
            } catch { await new Promise(done => setTimeout(done, 100)); }
        }
        throw new Error('the widget shows no picture');
    }"""
    return page.evaluate(script)
