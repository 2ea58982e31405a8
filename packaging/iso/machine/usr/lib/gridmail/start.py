"""At each boot: mounts the data disk, if there is one, and puts into force what it says of the machine."""

import sys

import data_disk
import machine_settings
import result

if __name__ == "__main__":
    try:
        data_disk.adopt()
    except Exception as error:  # of any kind: nothing else says it
        result.tell(f"The data disk is not in use: {error}")
        sys.exit(1)
    finally:
        machine_settings.put_into_force()
