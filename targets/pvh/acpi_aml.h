/*
 * acpi_aml.h - stepping through the objects that a DSDT or SSDT names (ACPI 6.4, chapter 20); private to this folder.
 *
 * Nothing is run: methods, conditions and fields are passed over by their lengths.  What is not a definition, and what does not fit its
 * surroundings, ends the list that it is in; so does a head or a constant that is longer than AML_SEEN.
 *
 * Bytes are looked at where they lie, a page at once.  Whoever asks for something else of the tables meanwhile says so by aml_forget().
 */
#ifndef PVH_ACPI_AML_H
#define PVH_ACPI_AML_H

#include <ukc/acpi.h>

enum { AML_STRING = 0x0d, AML_PACKAGE = 0x12, AML_SEEN = 2048 };
enum aml_kind { AML_OTHER, AML_SCOPE, AML_DEVICE, AML_NAME, AML_REGION };

struct aml {
    const struct acpi_table *table;
    uint32_t at; /* the next object, whose list this is */
    /* the object before */
    enum aml_kind kind;
    char name[4];        /* of a name: the last part */
    bool is_number;      /* of a name: its value is the first number */
    uint8_t space;       /* of a region, and its two numbers are address and size */
    uint64_t numbers[2];
    uint32_t start, end; /* of a scope or device: what is in it; of a name: its value */
    /* what of the table can be seen: acpi_aml.c */
    const uint8_t *bytes, *limit;
    uint32_t from, seen, good;
};

/* The next object of the list that ends at `end`; false: there is no more. */
bool aml_next(struct aml *, uint32_t end);

/* Bytes of the table, AML_SEEN at least if there are as many: up to `limit`, which is at `end` at most.  NULL: there are none. */
const uint8_t *aml_see(struct aml *, uint32_t at, uint32_t end);
void aml_forget(struct aml *);

/* A constant integer at `at`: what is behind it; NULL: something else is there. */
const uint8_t *aml_integer(const uint8_t *at, const uint8_t *limit, uint64_t *value);
/* The bytes of the buffer that is the value of the name before; false: it is none. */
bool aml_buffer(struct aml *, uint32_t *from, uint32_t *to);

#endif
