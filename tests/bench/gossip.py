#!/usr/bin/env python3
"""What gossip and placement are promised to do, on virtual time: how soon a death is known to all of 100 nodes, how
evenly their copies are made anew, what an idle node sends, and that 24 hours of 30 nodes with losses and pauses kill
nobody. Takes some minutes; the same for the same seed.

./dev bench gossip [--seed S] [--nodes N] [--runs N] [--hours H]
"""

import subprocess
import sys

from measured import ROOT

if __name__ == "__main__":
    sys.exit(subprocess.run([ROOT / "build/release/gridmail_gossip_sim", *sys.argv[1:]], check=False).returncode)
