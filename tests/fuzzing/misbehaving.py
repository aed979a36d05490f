"""A target whose inputs do what must not be, for the test of what watches them."""

from __future__ import annotations

import os
import time
from random import Random

from solver.errors import TooLarge


class Misbehaving:
    """Input 3 raises, 5 takes long, 7 never ends, 9 ends the process; every fourth is refused."""

    def draw(self, random: Random) -> bytes:
        return b"%d" % random.randrange(10)

    def run(self, given: bytes) -> str:
        match int(given):
            case 0 | 4 | 8:
                raise TooLarge("refused")
            case 3:
                raise ZeroDivisionError("a fault")
            case 5:
                until = time.thread_time() + 0.3
                while time.thread_time() < until:
                    pass
            case 7:
                time.sleep(60)
            case 9:
                os._exit(11)
        return "read"
