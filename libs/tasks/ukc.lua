return implementation "tasks" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "cooperative tasks: first in, first out, a timer heap, guard pages below the stacks",
  provides = sig.task,
  requires = { idle = sig.idle, clock = sig.clock, pages = sig.pages },
  sources  = { "context.c", "timers.c", "scheduler.c", "tasks.c" },
  keys     = {
    stack = key.size    { default = match "target" { posix = "64KiB", default = "28KiB" }, min = 8192, doc = "stack of a task that does not ask for another size" },
    limit = key.integer { default = 100000, min = 1, max = 10000000, doc = "tasks that may live at the same time" },
    keep  = key.integer { default = 1024, min = 0, max = 10000000, doc = "stacks of ended tasks that are kept for the next ones" },
  },
}
