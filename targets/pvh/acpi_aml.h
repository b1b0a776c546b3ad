/*
 * acpi_aml.h - stepping through the objects that a DSDT or SSDT names (ACPI 6.4, chapter 20); private to this folder.
 *
 * Nothing is run: methods, conditions and fields are passed over by their lengths.  What is not a definition, and what does not fit its
 * surroundings, ends the list that it is in.
 */
#ifndef PVH_ACPI_AML_H
#define PVH_ACPI_AML_H

#include <ukc/acpi.h>

enum aml_kind { AML_OTHER, AML_SCOPE, AML_DEVICE, AML_NAME, AML_REGION };

struct aml_object {
    enum aml_kind kind;
    char name[4];        /* its last part */
    uint32_t start, end; /* of a scope or device: what is in it; of a name: its value; of a region: space, address and size */
};

/* The next object of the list from `at` to `end`; false: there is no more. */
bool aml_next(const struct acpi_table *table, uint32_t *at, uint32_t end, struct aml_object *object);

/* A constant integer at `at`, which moves behind it; false: something else is there. */
bool aml_integer(const struct acpi_table *table, uint32_t *at, uint32_t end, uint64_t *value);
/* The bytes of a buffer, whose value begins at `at`; false: it is none. */
bool aml_buffer(const struct acpi_table *table, uint32_t at, uint32_t end, uint32_t *from, uint32_t *to);

#endif
