from .errors import ChildFailed
from .memory import limit_memory, peak_memory
from .ports import free_ports
from .running import Apart, gather, run_apart, start_apart
from .starting import scratch_folder

__all__ = [
    "Apart",
    "ChildFailed",
    "free_ports",
    "gather",
    "limit_memory",
    "peak_memory",
    "run_apart",
    "scratch_folder",
    "start_apart",
]
