"""Trains the lab's networks anew and records them, for where there is no PyTorch and for the static folder.

python tools/record_network.py    writes src/bridle/lab/network_run.bin (needs PyTorch)
"""

from __future__ import annotations

import zlib

from bridle.lab.frames import RESULT, frame
from bridle.lab.keys import NETWORKS, Key
from bridle.lab.lessons import compute
from bridle.lab.networks import RECORDED
from bridle.lab.wire import encode


def main() -> None:
    """Every run of ``keys.NETWORKS``, one frame after another, compressed together."""
    runs = [frame(RESULT, encode(compute(str(Key("network", values))))) for values in NETWORKS]
    RECORDED.write_bytes(zlib.compress(b"".join(runs), 9))
    print(f"{RECORDED.name}: {RECORDED.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
