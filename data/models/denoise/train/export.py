# SPDX-License-Identifier: GPL-3.0-or-later
#
# Weights to model.onnx: opset 17, height and width free, weights constant (else ONNX
# Runtime gives up its blocked layout), no padding inside the graph: the program pads.
# The exporter's own names and stamps are replaced, so the same weights give the same
# bytes.

import io
import sys
from pathlib import Path

import onnx
import torch

from net import Denoiser


def weights_of(work):
    final = work / "weights.pt"
    if final.exists():
        return torch.load(final, weights_only=True)
    return torch.load(work / "last.pt", weights_only=False)["average"]  # an early look at a run that goes on


def main(work, out):
    net = Denoiser().eval()
    net.load_state_dict(weights_of(work))
    buffer = io.BytesIO()
    torch.onnx.export(net, torch.zeros(1, 2, 64, 64), buffer, opset_version=17,
                      do_constant_folding=True, input_names=["input"], output_names=["noise"],
                      dynamic_axes={"input": {0: "n", 2: "rows", 3: "columns"},
                                    "noise": {0: "n", 2: "rows", 3: "columns"}}, dynamo=False)
    model = onnx.load_from_string(buffer.getvalue())
    model.producer_name, model.producer_version = "rounds", ""
    model.doc_string = model.graph.doc_string = ""
    model.graph.name = "denoise"
    for node in model.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(model)
    ops = sorted({n.op_type for n in model.graph.node})
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(out / "model.onnx"))
    print("operations:", " ".join(ops), "bytes:", (out / "model.onnx").stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
