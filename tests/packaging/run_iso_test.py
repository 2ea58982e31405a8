#!/usr/bin/env python3
"""./dev iso-test [STAGE...]: the boot image in QEMU without hardware's help. Needs root. Last line: "N passed, N failed".

What the machines' serial lines showed is in build/iso/test/*.console, pictures of their screens in *.png.
"""

import os
import sys

import life_of_an_image

if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("ports below 1024 need root")
    unknown = set(sys.argv[1:]) - {stage.__name__ for stage in life_of_an_image.STAGES}
    if unknown:
        sys.exit(f"no stage {sorted(unknown)[0]}; there is {', '.join(stage.__name__ for stage in life_of_an_image.STAGES)}")
    sys.exit(life_of_an_image.live(sys.argv[1:]))
