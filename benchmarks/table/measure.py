"""Runs the program of a case, from the root of the repository."""
import json
import os
import pathlib
import subprocess

from table.rows import PEERS
from table.verdict import Result, from_batches

BUILD = pathlib.Path("build/benchmarks")
ONNX_MODELS = BUILD / "onnx"
# For every program; printed once before the commands.
ENVIRONMENT = {"OMP_NUM_THREADS": "1",
               "SIGNET_ONNXRUNTIME": str(BUILD / "libonnxruntime.so"),
               "SIGNET_ONNX_MODELS": str(ONNX_MODELS)}


def command_of(case, arguments=()):
    """Environment and words."""
    caps = {"SIGNET_FORCE_ISA": case.level,
            "ONEDNN_MAX_CPU_ISA": case.peer_level}
    program = str(BUILD / "bin" / f"peer_{case.program}")
    return ({key: value for key, value in caps.items() if value},
            [program, *case.task.split(), *arguments])


def missing(case, command, why=""):
    why = why or f"install {PEERS[case.program].install}"
    return Result(case, missing=f"peer missing: {why}", command=command)


def measure(case, arguments=()):
    """The result of a case, whatever happens."""
    if case.figure == "smaller":
        return compare_files(case)
    caps, words = command_of(case, arguments)
    command = " ".join([f"{key}={value}" for key, value in caps.items()] +
                       words)
    if not os.path.exists(words[0]):
        return missing(case, command)
    try:
        done = subprocess.run(words, env=os.environ | ENVIRONMENT | caps,
                              timeout=300, capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        return Result(case, missing="took over 300 s", command=command)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        why = lines[-1] if lines else f"exit status {done.returncode}"
        why = why.removeprefix(f"{words[0]}: ")
        if done.returncode == 3:
            return missing(case, command, why)
        return Result(case, missing=why, command=command)
    result = from_batches(case, json.loads(done.stdout))
    result.command = command
    return result


def compare_files(case):
    """An exported network's file if there is one, runs/NAME.signet; else one
    of random weights, which lacks only metadata."""
    precision, network = case.task.split()
    ours = pathlib.Path("runs") / f"{network}.signet"
    note = "exported"
    if not ours.exists():
        note = "random weights, no metadata"
        ours = BUILD / f"{network}.signet"
        subprocess.run([BUILD / "bin" / "write_signet", BUILD], check=True)
    theirs = ONNX_MODELS / f"{network}-{precision}.onnx"
    command = f"wc -c {ours} {theirs}"
    if not theirs.exists():
        return missing(case, command)
    sizes = [path.stat().st_size for path in (ours, theirs)]
    return Result(case, sizes[1] / sizes[0], command=command,
                  signet={"level": f"{sizes[0]} bytes ({note})"},
                  peer={"level": f"{sizes[1]} bytes"})


def commands(results):
    """What repeats every figure, from the root of the repository."""
    return [f"export {key}={value}" for key, value in ENVIRONMENT.items()] + \
        list(dict.fromkeys(result.command for _, result in results))
