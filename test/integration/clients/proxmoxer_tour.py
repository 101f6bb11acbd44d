"""What somebody's script does to a Proxmox VE node with proxmoxer, step by step.

Reads one JSON object from standard input: host, port, ca, node, user, password or token_name and token_value, vmid,
template (a file), address, gateway, wrong_ca. Writes a line of JSON per step: {"step": name} with "error" where it
failed; the first failure ends it.
"""

import hashlib
import http.server
import json
import os
import sys
import tempfile
import threading
import time
import traceback

import requests
from proxmoxer import AuthenticationError, ProxmoxAPI, ResourceException
from proxmoxer.tools import Files, Tasks

ARGS = json.load(sys.stdin)
NODE = ARGS["node"]
VMID = ARGS["vmid"]
NAME = f"tour{VMID}"
TEMPLATE = f"local:vztmpl/{os.path.basename(ARGS['template'])}"
ISO = b"not really a disc, and a byte that is no text: \xff\n" * 64


def connect(**other):
    login = {key: ARGS[key] for key in ("password", "token_name", "token_value") if key in ARGS}
    options = {"port": ARGS["port"], "user": ARGS["user"], "verify_ssl": ARGS["ca"], "timeout": 60, **login, **other}
    return ProxmoxAPI(ARGS["host"], **options)


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"{got!r} is not {wanted!r}")


def done(prox, upid):
    """Waits for a task; its log."""
    status = Tasks.blocking_status(prox, upid, timeout=240, polling_interval=0.1)
    log = Tasks.decode_log(prox.nodes(NODE).tasks(upid).log.get(limit=0))
    if status is None or status["exitstatus"] != "OK":
        raise AssertionError(f"task {upid} ended with {status}: {log}")
    return log


def failed(prox, upid, text):
    """Waits for a task that must end with this."""
    status = Tasks.blocking_status(prox, upid, timeout=240, polling_interval=0.1)
    equal(status["exitstatus"], text)


def refused(status, text, call):
    try:
        call()
    except ResourceException as error:
        equal(error.status_code, status)
        if text not in f"{error.content} {error.errors}":
            raise AssertionError(f"{text!r} is not in {error.content!r} {error.errors!r}") from error
        return
    raise AssertionError(f"nobody said {status} {text}")


def is_authenticated_by_tls(prox):
    del prox
    for ca in (ARGS["wrong_ca"], True):
        try:
            connect(verify_ssl=ca).version.get()
        except requests.exceptions.SSLError:
            continue
        raise AssertionError(f"the node was believed with {ca} as its CA")


def turns_a_wrong_secret_away(prox):
    del prox
    try:
        wrong = {"token_value": "00000000-0000-0000-0000-000000000000"} if "token_name" in ARGS else {"password": "no"}
        connect(**wrong).version.get()
    except AuthenticationError:
        return
    except ResourceException as error:
        equal(error.status_code, 401)
        return
    raise AssertionError("a wrong secret was let in")


def tells_its_version(prox):
    version = prox.version.get()
    equal((version["release"], version["version"].startswith(version["release"])), (ARGS["release"], True))


def lists_its_nodes(prox):
    equal([node["node"] for node in prox.nodes.get()], [NODE])
    equal(prox.nodes(NODE).status.get()["cpuinfo"]["cpus"] > 0, True)
    equal({member["type"] for member in prox.cluster.resources.get()} >= {"node", "storage"}, True)
    equal(sorted(storage["storage"] for storage in prox.nodes(NODE).storage.get(enabled=1)), ["local", "local-lvm"])


def takes_a_template_of_many_megabytes(prox):
    """More than 10 MiB go through another encoder of proxmoxer, with a checksum."""
    status = Files(prox, NODE, "local").upload_local_file_to_storage(ARGS["template"])
    equal(status["exitstatus"], "OK")
    found = {entry["volid"]: entry for entry in prox.nodes(NODE).storage("local").content.get(content="vztmpl")}
    equal(found[TEMPLATE]["size"], os.path.getsize(ARGS["template"]))


def takes_and_drops_a_small_file(prox):
    name = f"tour-{VMID}.iso"
    storage = prox.nodes(NODE).storage("local")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(ISO)
        with open(path, "rb") as file:
            done(prox, storage.upload.post(content="iso", filename=file))
    volid = f"local:iso/{name}"
    equal([entry["size"] for entry in storage.content.get(content="iso") if entry["volid"] == volid], [len(ISO)])
    equal(storage.content(volid).get()["size"], len(ISO))
    done(prox, storage.content(volid).delete())
    equal([entry["volid"] for entry in storage.content.get(content="iso")], [])


class Mirror(http.server.BaseHTTPRequestHandler):
    """A mirror with one image and the list of its checksums."""

    FILES = {
        f"/mirror-{VMID}.iso": ISO,
        "/SHA512SUMS": f"{hashlib.sha512(ISO).hexdigest()}  mirror-{VMID}.iso\n".encode(),
    }

    def do_HEAD(self):
        found = self.FILES.get(self.path)
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(found or b"")))
        self.send_header("Content-Type", "application/octet-stream; charset=binary")
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(self.FILES.get(self.path, b""))

    def log_message(self, format, *args):
        pass


def fetches_a_file_by_its_url(prox):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/mirror-{VMID}.iso"
        files = Files(prox, NODE, "local")
        equal(files.get_file_info(url),
              {"filename": f"mirror-{VMID}.iso", "size": len(ISO), "mimetype": "application/octet-stream"})
        status = files.download_file_to_storage(url)
        server.shutdown()
    equal(status["exitstatus"], "OK")
    log = Tasks.decode_log(prox.nodes(NODE).tasks(status["upid"]).log.get(limit=0))
    equal("checksum verified" in log, True)
    done(prox, prox.nodes(NODE).storage("local").content(f"local:iso/mirror-{VMID}.iso").delete())


def names_what_is_wrong(prox):
    refused(400, "ostemplate", lambda: prox.nodes(NODE).lxc.post(vmid=VMID))
    refused(400, "value does not look like a valid VM ID", lambda: prox.nodes(NODE).lxc.post(vmid=7, ostemplate="x"))
    refused(500, f"Configuration file 'nodes/{NODE}/lxc/{VMID}.conf' does not exist", lambda: guest(prox).config.get())
    refused(501, "not implemented", lambda: prox.nodes(NODE).nothing.get())


def guest(prox):
    return prox.nodes(NODE).lxc(VMID)


def creates_a_container(prox):
    upid = prox.nodes(NODE).lxc.create(
        vmid=VMID,
        ostemplate=TEMPLATE,
        hostname=NAME,
        memory=256,
        swap=0,
        cores=1,
        unprivileged=1,
        password="correct horse battery",
        features="nesting=1",
        rootfs="local-lvm:2",
        tags="tour;foreign",
        net0=f"name=eth0,bridge=vmbr0,firewall=1,ip={ARGS['address']}/16,gw={ARGS['gateway']}",
    )
    equal(Tasks.decode_upid(upid)["type"], "vzcreate")
    equal("extracting archive" in done(prox, upid), True)
    equal([(ct["vmid"], ct["name"], ct["status"]) for ct in prox.nodes(NODE).lxc.get() if ct["vmid"] == VMID],
          [(VMID, NAME, "stopped")])
    refused(400, f"VM {VMID} already exists", lambda: prox.cluster.nextid.get(vmid=VMID))
    refused(500, f"CT {VMID} already exists", lambda: prox.nodes(NODE).lxc.post(vmid=VMID, ostemplate=TEMPLATE))


def reads_and_changes_its_config(prox):
    before = guest(prox).config.get()
    equal((before["memory"], before["hostname"], before["unprivileged"]), (256, NAME, 1))
    text = "Grüße, 100 % & more = <b>\nsecond line"
    guest(prox).config.put(memory=320, description=text, digest=before["digest"])
    after = guest(prox).config.get()
    equal((after["memory"], after["description"].rstrip("\n")), (320, text))
    refused(500, "detected modified configuration", lambda: guest(prox).config.put(swap=1, digest=before["digest"]))
    refused(400, "invalid format", lambda: guest(prox).config.put(net0="bridge"))
    guest(prox).config.put(delete="description")
    equal("description" in guest(prox).config.get(), False)


def starts_it(prox):
    done(prox, guest(prox).status.start.post())
    equal(guest(prox).status.current.get()["status"], "running")
    deadline = time.monotonic() + 60
    while ARGS["address"] not in json.dumps(guest(prox).interfaces.get()):
        if time.monotonic() > deadline:
            raise AssertionError(f"no {ARGS['address']} in {guest(prox).interfaces.get()}")
        time.sleep(0.1)
    refused(500, f"CT {VMID} already running", guest(prox).status.start.post)


def filters_with_rules(prox):
    firewall = guest(prox).firewall
    for port in ("22", "443"):
        firewall.rules.post(type="in", action="ACCEPT", proto="tcp", dport=port, enable=1, comment=f"port {port}")
    equal([(rule["pos"], rule["dport"]) for rule in firewall.rules.get()], [(0, "443"), (1, "22")])
    firewall.rules(0).put(action="DROP", source="192.0.2.0/24")
    equal((firewall.rules(0).get()["action"], firewall.rules(0).get()["source"]), ("DROP", "192.0.2.0/24"))
    firewall.rules(1).put(moveto=0)
    equal([rule["dport"] for rule in firewall.rules.get()], ["22", "443"])
    firewall.rules(1).delete()
    equal([rule["dport"] for rule in firewall.rules.get()], ["22"])
    firewall.options.put(enable=1, policy_in="DROP")
    equal((firewall.options.get()["enable"], firewall.options.get()["policy_in"]), (1, "DROP"))
    refused(400, "type", lambda: firewall.rules.post(action="ACCEPT"))
    firewall.options.put(delete="enable,policy_in")


def snapshots_it(prox):
    done(prox, guest(prox).snapshot.post(snapname="before", description="as it was"))
    names = {snap["name"]: snap for snap in guest(prox).snapshot.get()}
    equal(sorted(names), ["before", "current"])
    equal((names["before"]["description"].rstrip("\n"), names["current"]["parent"]), ("as it was", "before"))
    equal(guest(prox).snapshot("before").config.get()["memory"], 320)
    failed(prox, guest(prox).snapshot.post(snapname="before"), "snapshot name 'before' already used")


def goes_back_to_the_snapshot(prox):
    guest(prox).config.put(memory=512)
    done(prox, guest(prox).snapshot("before").rollback.post(start=1))
    equal((guest(prox).config.get()["memory"], guest(prox).status.current.get()["status"]), (320, "running"))
    done(prox, guest(prox).snapshot("before").delete())
    equal([snap["name"] for snap in guest(prox).snapshot.get()], ["current"])


def stops_it(prox):
    done(prox, guest(prox).status.shutdown.post(timeout=60, forceStop=1))
    equal(guest(prox).status.current.get()["status"], "stopped")


def copies_it(prox):
    copy = VMID + 50
    done(prox, guest(prox).clone.post(newid=copy, hostname=f"copy{copy}", full=1))
    equal(prox.nodes(NODE).lxc(copy).config.get()["hostname"], f"copy{copy}")
    done(prox, prox.nodes(NODE).lxc(copy).delete(purge=1))


def saves_it(prox):
    done(prox, prox.nodes(NODE).vzdump.post(vmid=VMID, storage="local", mode="stop", compress="zstd"))
    backups = prox.nodes(NODE).storage("local").content.get(content="backup", vmid=VMID)
    equal(len(backups), 1)
    done(prox, prox.nodes(NODE).lxc.post(vmid=VMID, ostemplate=backups[0]["volid"], restore=1, force=1,
                                         storage="local-lvm"))
    equal(guest(prox).config.get()["memory"], 320)
    done(prox, prox.nodes(NODE).storage("local").content(backups[0]["volid"]).delete())


def removes_it(prox):
    done(prox, guest(prox).delete(purge=1))
    equal([ct["vmid"] for ct in prox.nodes(NODE).lxc.get() if ct["vmid"] == VMID], [])
    ended = [task["type"] for task in prox.nodes(NODE).tasks.get(vmid=VMID, source="archive")]
    equal(ended[0], "vzdestroy")
    equal(prox.nodes(NODE).storage("local-lvm").content.get(vmid=VMID), [])


STEPS = [
    is_authenticated_by_tls, turns_a_wrong_secret_away, tells_its_version, lists_its_nodes, names_what_is_wrong,
    takes_a_template_of_many_megabytes, takes_and_drops_a_small_file, fetches_a_file_by_its_url,
    creates_a_container,
    reads_and_changes_its_config, starts_it, filters_with_rules, snapshots_it, goes_back_to_the_snapshot, stops_it,
    copies_it, saves_it, removes_it,
]


def main():
    prox = connect()
    for step in STEPS:
        result = {"step": step.__name__}
        try:
            step(prox)
        except Exception:  # whatever a client trips over is what this is for
            result["error"] = traceback.format_exc()
        print(json.dumps(result), flush=True)
        if "error" in result:
            return


main()
