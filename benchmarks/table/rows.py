"""The rows of the speed table: what is compared with what, and the goals."""
from dataclasses import dataclass


@dataclass
class Case:
    """One comparison: `peer_PROGRAM PRECISION TASK` under an environment."""
    program: str
    task: str                     # "int8 linear 1 1024 1024"
    must: float | None = None     # None: reported without a goal
    aim: float | None = None
    level: str | None = None      # cap of signet, SIGNET_FORCE_ISA
    peer_level: str | None = None  # cap of oneDNN, ONEDNN_MAX_CPU_ISA
    # What the figure is: "times" as fast as the peer; a "share" of its speed;
    # "us" more than it takes; "passes" of it in the same time; "smaller", a
    # ratio of file sizes.
    figure: str = "times"

    @property
    def less_is_better(self):
        return self.figure in ("us", "passes")

    @property
    def peer(self):
        return PEERS[self.program].title.format(
            precision=self.task.split()[0])


@dataclass
class Row:
    """A row of the table; it holds if all of its cases do."""
    number: str
    note: str  # what the tasks of its cases do not say
    cases: list[Case]


@dataclass
class Peer:
    title: str
    install: str  # what lacks if its program was not built


PEERS = {
    "onednn": Peer("oneDNN {precision}", "libdnnl-dev"),
    "openblas": Peer("OpenBLAS {precision}", "libopenblas0-openmp"),
    "torch": Peer("LibTorch {precision}", "libtorch-dev"),
    "faiss": Peer("FAISS Hamming", "libfaiss-dev"),
    "onnxruntime": Peer("ONNX Runtime {precision}", "a compiler"),
    "peak": Peer("its register peak", "an x86-64 processor"),
    "kernels_alone": Peer("its kernels alone", "a compiler"),
    "one_pass": Peer("a pass that draws nothing", "a compiler"),
    "files": Peer("ONNX {precision}", "python3-onnx"),
}

POPCOUNT = "avx512vpopcnt"
VNNI = "AVX512_CORE_VNNI"


def onednn(task, *goals, **caps):
    return Case("onednn", task, *goals, **caps)


def ort(task, *goals):
    return Case("onnxruntime", task, *goals)


def torch(task, *goals):
    return Case("torch", task, *goals)


def share(task):
    return Case("peak", f"bits linear {task}", .80, .90, level=POPCOUNT,
                figure="share")


def vnni(task):
    return onednn(f"int8 {task}", 2.8, 3.2, level=POPCOUNT, peer_level=VNNI)


def avx2(task):
    return [onednn(f"{precision} {task}", must, aim, level="avx2",
                   peer_level="AVX2")
            for precision, must, aim in (("int8", 4, 5), ("fp32", 7, 9))]


ROWS = [
    Row("1", "", [
        onednn("int8 linear 1 1024 1024", 5, 7),
        Case("openblas", "fp32 linear 1 1024 1024"),
        Case("faiss", "bits linear 1 1024 1024")]),
    Row("2", "", [
        onednn("int8 linear 1 4096 4096", 15, 20),
        onednn("fp32 linear 1 4096 4096", 55, 72)]),
    Row("3", "", [onednn("int8 linear 8 1024 1024", 1.1, 1.3)]),
    Row("4", "", [onednn("int8 linear 16 1024 1024", .85, 1)]),
    Row("5", "", [
        onednn("int8 linear 64 1024 1024", .85, 1),
        Case("openblas", "fp32 linear 64 1024 1024"),
        Case("faiss", "bits linear 64 1024 1024")]),
    Row("6", "", [
        onednn("int8 linear 256 4096 4096", 1.7, 2),
        ort("int8 linear 256 4096 4096", 1.4, 1.7)]),
    Row("7", "", [onednn("int8 linear 50 784 200", .9, 1.1)]),
    Row("8", "share of the peak", [
        share("4 512 1024"), share("8 1024 1024"), share("64 1024 1024"),
        share("64 4096 4096")]),
    Row("9", "", [
        onednn("int8 conv 56 64 64", .85, 1),
        onednn("int8 conv 14 256 256", .7, .9)]),
    Row("10", "", [
        ort("int8 conv 56 64 64", 3.5, 5),
        ort("int8 conv 14 256 256", 3.5, 5),
        torch("fp32 conv 56 64 64", 14, 20),
        torch("fp32 conv 14 256 256", 14, 20)]),
    Row("11", "AMX off", [
        vnni(f"linear {rows} 1024 1024") for rows in (16, 64, 256)] + [
        vnni("linear 256 4096 4096"),
        vnni("conv 56 64 64"), vnni("conv 14 256 256")]),
    Row("12", "AVX-512 off", [
        case for task in ("linear 8 1024 1024", "linear 64 1024 1024",
                          "linear 256 4096 4096", "conv 56 64 64",
                          "conv 14 256 256") for case in avx2(task)]),
    Row("13", "", [
        ort("int8 mlp 1", 5, 7), ort("fp32 mlp 1", 35, 50),
        torch("fp32 mlp 1", 80, 120)]),
    Row("13b", "", [
        ort("int8 mlp-binary 1", 10, 14), ort("fp32 mlp-binary 1", 70, 100),
        torch("fp32 mlp-binary 1", 150, 250)]),
    Row("14", "", [
        ort("int8 mlp 64", 1.8, 2.3), ort("fp32 mlp 64", 14, 18)]),
    Row("15", "", [
        ort("int8 vgg28 1", 5, 7), ort("fp32 vgg28 1", 15, 22),
        torch("fp32 vgg28 1", 32, 45)]),
    Row("16", "", [torch("int8 vgg28 64", 1.2, 1.6)]),
    Row("17", "size of the file", [
        Case("files", f"{precision} {network}", must, aim, figure="smaller")
        for network in ("mlp", "vgg28")
        for precision, must, aim in (("fp32", 29, 31), ("int8", 7.3, 7.8))]),
    Row("18", "time beyond its kernels", [
        Case("kernels_alone", "bits mlp 1", .5, .2, figure="us")]),
    Row("19", "16 samples", [
        Case("one_pass", f"bits mlp-{noise} 16", 20, 16, figure="passes")
        for noise in ("uniform", "logistic")]),
]
