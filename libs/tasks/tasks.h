/* tasks.h - a cooperative scheduler; the contract is libs/signatures/task.h. */
#ifndef TASKS_H
#define TASKS_H

#include <stddef.h>
#include <stdint.h>

struct tasks;

int tasks_start(void);
void tasks_stop(void);

int tasks_spawn(struct tasks **handle, size_t stack_size, void (*function)(void *argument), void *argument);
struct tasks *tasks_self(void);
unsigned tasks_number(const struct tasks *task);
int tasks_join(struct tasks *child, int64_t deadline);
void tasks_cancel(struct tasks *task);
int tasks_cancelled(void);
void tasks_end_children(int64_t deadline);
int tasks_start_service(struct tasks **service, size_t stack_size, void (*function)(void *argument), void *argument);
void tasks_end_service(struct tasks *service, int64_t deadline);
int tasks_sleep(int64_t deadline);
int tasks_yield(void);
int tasks_park(int64_t deadline);
void tasks_wake(struct tasks *task);

#endif
