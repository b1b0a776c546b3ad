/* The requirement `task`, bound to tasks for the tests: the signature's operations under its symbols. */
#pragma redefine_extname task_spawn tasks_spawn
#pragma redefine_extname task_self tasks_self
#pragma redefine_extname task_number tasks_number
#pragma redefine_extname task_join tasks_join
#pragma redefine_extname task_cancel tasks_cancel
#pragma redefine_extname task_cancelled tasks_cancelled
#pragma redefine_extname task_end_children tasks_end_children
#pragma redefine_extname task_start_service tasks_start_service
#pragma redefine_extname task_end_service tasks_end_service
#pragma redefine_extname task_sleep tasks_sleep
#pragma redefine_extname task_yield tasks_yield
#pragma redefine_extname task_park tasks_park
#pragma redefine_extname task_wake tasks_wake
#include "../../../../libs/signatures/task.h"
