/*
 * cycle.c - a circle among chosen nodes, by depth-first search without
 * recursion (chains of requirements are as deep as somebody writes them).
 */
#include "decide.h"

enum colour { WHITE, GREY, BLACK };

struct circle circle_find(struct arena *a, const struct problem *p, const uint32_t *taken)
{
    uint8_t *colour = arena_array(a, uint8_t, p->graph->node_count);
    uint32_t *stack = arena_array(a, uint32_t, p->graph->node_count); /* the hole being followed at each depth */
    size_t depth = 1;
    colour[0] = GREY;
    stack[0] = p->hole_first[0];
    while (depth) {
        uint32_t h = stack[depth - 1];
        /* whose turn it is: the unikernel, or what the hole below leads to */
        uint32_t node = depth == 1 ? 0 : problem_hole(p, stack[depth - 2])->candidates[taken[stack[depth - 2]]].node.at;
        if (h == p->hole_first[node + 1]) {
            colour[node] = BLACK;
            if (--depth)
                stack[depth - 1]++;
            continue;
        }
        if (taken[h] == ABSENT) {
            stack[depth - 1]++;
            continue;
        }
        uint32_t next = problem_hole(p, h)->candidates[taken[h]].node.at;
        if (colour[next] == GREY) {
            size_t from = depth - 1;
            while (p->hole_node[stack[from]] != next)
                from--;
            return (struct circle){arena_memdup(a, &stack[from], (depth - from) * sizeof *stack), depth - from};
        }
        if (colour[next] == WHITE) {
            colour[next] = GREY;
            stack[depth++] = p->hole_first[next];
        } else {
            stack[depth - 1]++;
        }
    }
    return (struct circle){};
}
