/*
 * rtc.c - the date from the PC's clock with a battery (MC146818), in UTC, as hypervisors keep it.
 *
 * Firmware may have set it to binary or decimal digits, 12 or 24 hours; all are read.  What is no date is no clock.
 */
#include "rtc.h"

#include <stdint.h>
#include <ukc/machine.h>

enum { INDEX = 0x70, DATA = 0x71, NO_NMI = 0x80 };
enum { SECOND = 0, MINUTE = 2, HOUR = 4, DAY = 7, MONTH = 8, YEAR = 9, STATUS_A = 10, STATUS_B = 11, STATUS_D = 13, CENTURY = 0x32 };
enum { UPDATING = 0x80, HOURS_24 = 2, BINARY = 4, VALID = 0x80, AFTERNOON = 0x80 };
enum { FIELDS = 7, TRIES = 100000, READS = 8 };

static uint8_t get(uint8_t field)
{
    machine_out8(INDEX, NO_NMI | field);
    return machine_in8(DATA);
}

/* All fields, of the same instant: not while they change, and twice the same. */
static bool read_fields(uint8_t to[FIELDS])
{
    static const uint8_t fields[FIELDS] = {SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, CENTURY};
    for (unsigned reads = 0; reads < READS; reads++) {
        unsigned tries = 0;
        bool same = true;
        while (get(STATUS_A) & UPDATING)
            if (++tries == TRIES)
                return false;
        for (unsigned i = 0; i < FIELDS; i++)
            to[i] = get(fields[i]);
        for (unsigned i = 0; i < FIELDS; i++)
            same &= get(fields[i]) == to[i];
        if (same)
            return true;
    }
    return false;
}

/* -1: these are no decimal digits. */
static int number(uint8_t field, bool binary)
{
    if (binary)
        return field;
    return (field & 15) <= 9 && field >> 4 <= 9 ? (field >> 4) * 10 + (field & 15) : -1;
}

/* From 1970-01-01 (Gregorian, proleptic): years begin in March, so that the day that may be missing is the last one. */
static int64_t days(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;
    return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static int month_length(int year, int month)
{
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 ? 28 + leap : 30 + (month + (month > 7)) % 2;
}

bool rtc_read(int64_t *seconds)
{
    uint8_t field[FIELDS], mode = get(STATUS_B);
    bool binary = mode & BINARY, afternoon;
    if (get(STATUS_D) != VALID || !read_fields(field)) /* 0xff: there is none; without the bit: its battery was empty */
        return false;
    afternoon = !(mode & HOURS_24) && (field[2] & AFTERNOON);
    if (!(mode & HOURS_24))
        field[2] &= 0x7f;
    int second = number(field[0], binary), minute = number(field[1], binary), hour = number(field[2], binary), day = number(field[3], binary);
    int month = number(field[4], binary), year = number(field[5], binary), century = number(field[6], binary);
    if (!(mode & HOURS_24)) {
        if (hour < 1 || hour > 12)
            return false;
        hour = hour % 12 + (afternoon ? 12 : 0);
    }
    century = century < 19 || century > 22 ? 20 : century; /* not every machine has it */
    if (second < 0 || second > 59 || minute < 0 || minute > 59 || hour < 0 || hour > 23 || month < 1 || month > 12 || year < 0 || year > 99)
        return false;
    year += 100 * century;
    if (year < 1970 || day < 1 || day > month_length(year, month))
        return false;
    *seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}
