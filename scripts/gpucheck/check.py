"""A turno of its own for gpu-check, the clock that each part runs by, and the
result, which is on the disk after every part."""
import datetime, importlib.util, json, os, platform, shutil, signal, socket, subprocess, sys, tempfile, time

ENDING = 15  # seconds kept to end what runs and to write


class Cut(Exception):
    """A part's time is over."""


class Check:
    def __init__(self, options, here, budgets):
        self.o, self.here, self.budgets, self.began = options, here, budgets, time.monotonic()
        self.small = options.rehearse or options.small
        self.device = "cpu" if options.rehearse else "gpu"
        self.simulated, self.up, self.deadline, self.live = False, None, None, set()
        self.has_torch = not self.small and importlib.util.find_spec("torch") is not None
        self.home = tempfile.mkdtemp(prefix="turno-gpu-check-")
        os.chmod(self.home, 0o755)
        self.failed, self.skipped = [], []
        self.result = {"rehearsal": options.rehearse, "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
                       "machine": {"host_os": platform.platform(), "cpus": os.cpu_count()}, "parts": {}}

    # --- turno ---
    def turno(self, *arguments, timeout=120):
        env = dict(os.environ, HOME=self.home, TURNO_DATA=self.home + "/data", TURNO_SERVER=self.url)
        left = self.left_of_part()
        if left <= 0:
            raise Cut()
        try:
            # A session of its own: Ctrl-C is this script's, which then tells turno.
            return subprocess.run([self.o.turno, *arguments], env=env, capture_output=True, text=True, timeout=min(timeout, left), start_new_session=True)
        except subprocess.TimeoutExpired:
            if self.left_of_part() <= 0:
                raise Cut() from None
            raise RuntimeError("turno %s took longer than %d s" % (arguments[0], timeout)) from None

    def start(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % port
        up = [self.o.turno, "up", "--data", self.home + "/data", "--listen", "127.0.0.1:%d" % port]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            up.append("--allow-root")  # jobs of this check are its own, and PyTorch may be where only root can read
        if self.has_torch:
            up += ["--runner", "torch=%s %s" % (sys.executable, os.path.join(self.here, "runners", "python", "torch_workloads.py"))]
        with open(self.home + "/up.log", "w") as log:
            self.up = subprocess.Popen(up, env=dict(os.environ, HOME=self.home), stdout=log, stderr=log, start_new_session=True)
        self.deadline = time.monotonic() + 40
        try:
            while self.turno("nodes", "-o", "json").returncode != 0 or not self.nodes():
                if self.up.poll() is not None:
                    raise RuntimeError("turno up did not start: see " + self.home + "/up.log")
                time.sleep(0.2)
        except Cut:
            raise RuntimeError("turno up has no worker after 40 s: see " + self.home + "/up.log") from None
        self.deadline = None

    def nodes(self):
        return json.loads(self.turno("nodes", "-o", "json").stdout or '{"items":[]}')["items"]

    def gpus(self):
        return [g for n in self.nodes() for g in n["machine"].get("gpus", [])]

    def submit(self, kind, params, *flags, device=None):
        r = self.turno("submit", "--type", kind, "--params", json.dumps(params), "--device", device or self.device, "--parsable", *flags)
        if r.returncode != 0:
            raise RuntimeError(r.stderr.strip())
        self.live.add(r.stdout.strip())
        return r.stdout.strip()

    def wait(self, number):
        self.turno("wait", number, timeout=600)
        self.live.discard(number)
        return json.loads(self.turno("show", number, "-o", "json").stdout)

    def run(self, kind, params, *flags, device=None):
        return self.wait(self.submit(kind, params, *flags, device=device))

    @staticmethod
    def message(job):
        return job["attempts"][-1].get("result", {}).get("message", "") if job.get("attempts") else ""

    # --- the clock ---
    def left(self):
        return self.o.minutes * 60 - ENDING - (time.monotonic() - self.began)

    def left_of_part(self):
        return self.left() if self.deadline is None else min(self.left(), self.deadline - time.monotonic())

    def part(self, name, work):
        """One part, within its budget and what those before have left over."""
        before = sum(b for n, b in self.budgets.items() if n in self.result["parts"])
        used = sum(p["seconds"] for p in self.result["parts"].values())
        allowed = min(self.left(), self.budgets[name] + max(0, before - used))
        if allowed < 3:
            self.skipped.append(name)
            print("-- %-12s not done: no time is left" % name, flush=True)
            return
        began, out = time.monotonic(), {}
        self.deadline = began + allowed
        p = self.result["parts"][name] = {"budget": self.budgets[name], "seconds": 0, "ended": "stopped", "out": out}
        try:
            work(self, out)
            p["ended"] = "done"
        except Cut:
            p["ended"] = "cut"
            self.skipped.append(name + ": the rest, after %.0f s" % allowed)
        except Exception as e:  # one part's failure must not cost the others
            p["ended"] = "failed"
            self.fail(name, repr(e))
        finally:
            p["seconds"] = round(time.monotonic() - began, 1)
            self.deadline = None
            self.keep()
        print("-- %-12s %-6s %6.1f s of %3d" % (name, p["ended"], p["seconds"], p["budget"]), flush=True)
        if p["ended"] != "done":
            self.clear()

    def clear(self):
        """Ends the jobs that a part has left, which would be in the next one's way."""
        self.deadline = time.monotonic() + 10
        try:
            if self.live:
                self.turno("cancel", *sorted(self.live), timeout=8)
        except (Cut, RuntimeError):
            pass
        self.live, self.deadline = set(), None

    # --- the result ---
    def out(self, part):
        return self.result["parts"].get(part, {}).get("out", {})

    def keep(self):
        """Writes what there is: whole, or not at all."""
        self.result.update(failed=self.failed, not_done=self.skipped, seconds=round(time.monotonic() - self.began, 1))
        path = os.path.abspath(self.o.out)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".part", "w") as f:
            json.dump(self.result, f, indent=1)
            f.write("\n")
        os.replace(path + ".part", path)

    def fail(self, what, why):
        self.failed.append({"what": what, "why": str(why)[:600]})
        print("FAILED %s: %s" % (what, str(why)[:600]), flush=True)

    def good(self, what, j, device=None):
        r = j["attempts"][-1].get("result", {}) if j.get("attempts") else {}
        if j["state"] != "succeeded":
            self.fail(what, "%s %s: %s" % (j["state"], j["reason"], r.get("message", "")))
            return None
        o = r["output"]
        if o["device"] != (device or self.device):
            self.fail(what, "ran on " + o["device"])
        if not o.get("verified"):
            self.fail(what, "was not verified")
        print("   %-34s %10.4g %-9s %s%s" % (what, o.get("rate") or 0, o.get("rate_unit", ""), o.get("engine", ""), " SIMULATED" * self.simulated), flush=True)
        keep = ("engine", "gpu", "phases", "error", "tolerance", "rate", "rate_unit", "peak", "peak_share", "gflops_median", "gbs_median", "seconds_best", "code", "function")
        return {k: o[k] for k in keep if k in o}

    def close(self):
        """Ends turno, and those of its children that do not end by themselves."""
        if self.up:
            self.up.send_signal(signal.SIGTERM)
            try:
                self.up.wait(ENDING - 5)
            except subprocess.TimeoutExpired:
                self.up.kill()
                self.up.wait()
        if not self.failed:
            shutil.rmtree(self.home, ignore_errors=True)
