#!/usr/bin/env python3
"""./dev iso-test [STAGE...]: the boot image in QEMU without hardware's help. Needs root. Last line: "N passed, N failed".

What the machines' serial lines showed is in build/iso/test/*.console, pictures of their screens in *.png.
"""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import life_of_an_image  # noqa: E402
import namespaces  # noqa: E402

if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("ports below 1024 need root")
    unknown = set(sys.argv[1:]) - {stage.__name__ for stage in life_of_an_image.STAGES}
    if unknown:
        sys.exit(f"no stage {sorted(unknown)[0]}; there is {', '.join(stage.__name__ for stage in life_of_an_image.STAGES)}")
    # The machines' ports are forwarded from addresses of this one, where other servers may listen.
    if not namespaces.are_entered():
        sys.exit(namespaces.enter_namespaces())
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    sys.exit(life_of_an_image.live(sys.argv[1:]))
