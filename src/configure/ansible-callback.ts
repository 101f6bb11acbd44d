/**
 * Ansible's standard output as our engines speak: progress a line each, `changed: TASK`, `error: …` (src/model/script-report.ts);
 * and for the report, as JSON, one object a line: `{"failed": …}` for each task that failed, `{"stats": …}` in the end,
 * `{"unmatched": …}` for a play that found no host. It works with Ansible 2.14 (Debian 12) to 2.19 (Debian 13): newer ones
 * name the parts of a result without the underscore.
 */
export const ANSIBLE_CALLBACK = String.raw`
from __future__ import annotations

import json
import os
import re

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: pve_gitops
type: stdout
short_description: what pve-gitops reads
description: Progress for people, results as JSON in the file PVE_GITOPS_REPORT.
"""

# Far beyond what is shown: a secret that is cut in two would not be known for one where it is hidden.
LONGEST = 20000


def part(result, name):
    return getattr(result, name) if hasattr(result, name) else getattr(result, "_" + name)


def one_line(text):
    # Blanks stay: a secret may hold two of them, and is hidden as it is.
    return re.sub(r"\r\n|\n|\r", " ", str(text)).strip()[:LONGEST]


def reason(values):
    if values.get("censored"):
        return "its result is hidden (no_log)"
    said = [values.get(key) for key in ("msg", "stderr", "module_stderr", "stdout", "reason")]
    found = [one_line(text) for text in said if text not in (None, "", [])]
    # A command's message is only its exit code; what it wrote says more.
    return ": ".join(found[:2]) if found else "it gave no reason"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "pve_gitops"

    def __init__(self):
        super().__init__()
        self.root = os.environ.get("DIR", "") + "/"
        self.play = ""

    def say(self, text):
        self._display.display(text)

    def report(self, **entry):
        path = os.environ.get("PVE_GITOPS_REPORT")
        if path:
            with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def place(self, task):
        where = task.get_path() or ""
        path, _, line = where.rpartition(":")
        if path.startswith(self.root):
            path = path[len(self.root):]
        return {"file": path, "line": int(line)} if path and line.isdigit() else {}

    def v2_playbook_on_play_start(self, play):
        self.play = play.get_name().strip()
        self.say("play: " + one_line(self.play))

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.say("task: " + one_line(task.get_name()))

    def v2_playbook_on_handler_task_start(self, task):
        self.say("handler: " + one_line(task.get_name()))

    def v2_runner_on_ok(self, result):
        if part(result, "result").get("changed"):
            self.say("changed: " + one_line(part(result, "task").get_name()))

    def v2_runner_on_failed(self, result, ignore_errors=False):
        task, values = part(result, "task"), part(result, "result")
        name = one_line(task.get_name())
        if ignore_errors:
            self.say("failed, and ignored: " + name)
            return
        results = [item for item in values.get("results") or [] if isinstance(item, dict) and item.get("failed")]
        why = reason(results[0] if results else values)
        self.say("failed: " + name)
        self.report(failed={"task": name, "message": why.replace(self.root, ""), **self.place(task)})

    def v2_runner_on_unreachable(self, result):
        task, values = part(result, "task"), part(result, "result")
        name = one_line(task.get_name())
        self.say("unreachable: " + name)
        self.report(failed={"task": name, "message": "unreachable: " + reason(values), **self.place(task)})

    def v2_playbook_on_no_hosts_matched(self):
        self.say("no hosts matched")
        self.report(unmatched=one_line(self.play))

    def v2_playbook_on_stats(self, stats):
        hosts = {host: stats.summarize(host) for host in sorted(stats.processed)}
        for host, counts in hosts.items():
            self.say("recap: " + host + " " + " ".join(key + "=" + str(counts[key]) for key in sorted(counts)))
        self.report(stats=hosts)
`.trimStart();
