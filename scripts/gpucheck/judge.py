"""The figures that turno's GPU side is accepted by, judged from a result of
gpu-check, also one that was cut short."""


def lines(result):
    """A dict for each line: what, value, at_least or at_most, verdict, why."""
    parts = {name: p.get("out") or {} for name, p in result.get("parts", {}).items()}
    work, torch, made = parts.get("workloads", {}), parts.get("torch", {}), []

    def line(what, value, why, **bound):
        verdict = "not judged"
        if value is not None and not result.get("simulated"):
            good = value >= bound["at_least"] if "at_least" in bound else value <= bound["at_most"]
            verdict = "PASS" if good else "FAIL"
        made.append(dict(what=what, value=value, verdict=verdict, why=why if value is None else "the device is SIMULATED" if result.get("simulated") else "", **bound))

    def share(mine, field, theirs):
        """turno's rate over PyTorch's, and why there is none."""
        if not mine or field not in mine:
            return None, "turno's was not measured"
        if torch.get("missing"):
            return None, "PyTorch: " + torch["missing"]
        if not torch.get(theirs):
            return None, "PyTorch's was not measured"
        return mine[field] / torch[theirs], ""

    for dtype in ("bfloat16", "tf32", "float32"):
        for library, least in (("auto", 0.98), ("own", 0.5)):
            mine = work.get("matmul 8192 %s %s" % (dtype, library))
            value, why = share(mine, "gflops_median", "matmul_%s_gflops" % dtype)
            if library == "auto" and mine and "cuBLAS" not in mine.get("engine", ""):
                value, why = None, "cuBLASLt was not found: it ran on " + mine.get("engine", "?")
            line("matmul 8192 %s, %s, of PyTorch's" % (dtype, "cuBLASLt" if library == "auto" else "own kernel"), value, why, at_least=least)
    line("vecadd, of a copy's bandwidth", *share(work.get("vecadd 268435456 float32"), "gbs_median", "copy_gbs"), at_least=0.92)
    line("image blur, of PyTorch's conv2d", *share(work.get("image 4096 blur"), "rate", "blur_conv2d_mpixels"), at_least=1.0)
    for model in ("mlp", "conv"):
        for batch in (64, 256, 1024):
            line("train %s, batch %d, of eager PyTorch's steps/s" % (model, batch),
                 *share(work.get("train %s %d" % (model, batch)), "rate", "train_%s_%d_steps" % (model, batch)), at_least=1.5)
    line("a warm 256 by 256 product within the worker, ms", parts.get("warm", {}).get("p50_ms"), "it was not measured", at_most=3.0)
    for fault in ("illegal address", "endless loop", "out of memory"):
        line("the next job after an " + fault if fault != "out of memory" else "the next job after out of memory",
             (parts.get("faults", {}).get(fault) or {}).get("next_job_seconds"), "it was not tried", at_most=2.0)
    small = parts.get("small jobs", {})
    line("bytes more in use after %s small jobs" % small.get("jobs", 10000), small.get("growth_bytes"), "they were not run", at_most=64 << 20)
    checks = parts.get("sanitizer", {})
    line("what compute-sanitizer found", checks.get("found"), checks.get("not done") or "it was not run", at_most=0)
    return made


def table(made):
    """The lines as a person reads them."""
    text = []
    for m in made:
        bound = "at least %g" % m["at_least"] if "at_least" in m else "at most %g" % m["at_most"]
        value = "%.4g" % m["value"] if m["value"] is not None else "-"
        text.append("%-10s  %-55s %10s  (%s)%s" % (m["verdict"], m["what"], value, bound, "  " + m["why"] if m["why"] else ""))
    return "\n".join(text)
