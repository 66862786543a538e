"""What the figures were measured on."""
import datetime
import os
import pathlib
import platform
import re
import subprocess

PACKAGES = {"oneDNN": "libdnnl2", "OpenBLAS": "libopenblas0-openmp",
            "LibTorch": "libtorch1.13", "FAISS": "libfaiss-dev"}
FEATURES = {"avx2": "AVX2", "avx512_vnni": "AVX-512 VNNI",
            "avx512_vpopcntdq": "AVX-512 VPOPCNTDQ", "gfni": "GFNI",
            "amx_int8": "AMX"}


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True,
                              check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def cpu_info(key):
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def onnxruntime_version(library):
    """The library says it in its text as "VERS_1.2.3"."""
    if not library.exists():
        return "missing"
    found = re.search(rb"VERS_(\d+\.\d+\.\d+)", library.read_bytes())
    return found[1].decode() if found else "of unknown version"


def describe(build):
    """Facts in the order in which they are to be read."""
    flags = set(cpu_info("flags").split())
    has = [name for flag, name in FEATURES.items() if flag in flags]
    lacks = [name for flag, name in FEATURES.items() if flag not in flags]
    versions = [
        f"{name} {output('dpkg-query', '-W', '-f', '${Version}', of) or 'missing'}"
        for name, of in PACKAGES.items()]
    compiler = output("g++", "-dumpfullversion")
    facts = {
        "machine": f"{cpu_info('model name')}, {os.cpu_count()} processors, "
                   f"{platform.machine()}, Linux {platform.release()}",
        "has": ", ".join(has) + (f"; no {', '.join(lacks)}" if lacks else ""),
        "date": datetime.date.today().isoformat(),
        "signet": f"commit {output('git', 'rev-parse', '--short', 'HEAD')}, "
                  f"g++ {compiler}",
        "peers": ", ".join(versions + ["ONNX Runtime " + onnxruntime_version(
            build / "libonnxruntime.so")]),
        "load": f"{os.getloadavg()[0]:.1f} processes at the start",
    }
    forced = os.environ.get("SIGNET_FORCE_ISA")
    if forced:
        facts["SIGNET_FORCE_ISA"] = forced
    return facts
