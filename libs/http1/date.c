/*
 * date.c - dates as HTTP writes them, and as it once wrote them.
 *
 * Days are counted in the proleptic Gregorian calendar from 1970-01-01, by
 * eras of 400 years that begin on 1 March, so that the leap day comes last.
 */
#include "date.h"

static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const int64_t last_second = INT64_C(253402300799); /* 9999-12-31 23:59:59 */

struct civil {
    int year, month, day; /* month 1 to 12 */
};

static struct civil civil_from_days(int64_t count)
{
    count += 719468; /* 0000-03-01 to 1970-01-01 */
    int64_t era = count / 146097;
    int64_t of_era = count % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * of_year + 2) / 153; /* 0 is March */
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    return (struct civil){
        .year = (int)(year + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(of_year - (153 * shifted + 2) / 5 + 1),
    };
}

static int64_t days_from_civil(struct civil date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = year / 400;
    int64_t of_era = year % 400;
    int64_t shifted = date.month > 2 ? date.month - 3 : date.month + 9;
    int64_t of_year = (153 * shifted + 2) / 5 + date.day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void digits(char *out, int width, int value)
{
    while (width-- > 0) {
        out[width] = (char)('0' + value % 10);
        value /= 10;
    }
}

void date_write(int64_t seconds, char *out)
{
    seconds = seconds < 0 ? 0 : seconds > last_second ? last_second : seconds;
    int64_t day = seconds / 86400;
    int second = (int)(seconds % 86400);
    struct civil date = civil_from_days(day);
    memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", DATE_SIZE);
    memcpy(out, days + day % 7 * 3, 3);
    digits(out + 5, 2, date.day);
    memcpy(out + 8, months + (date.month - 1) * 3, 3);
    digits(out + 12, 4, date.year);
    digits(out + 17, 2, second / 3600);
    digits(out + 20, 2, second / 60 % 60);
    digits(out + 23, 2, second % 60);
}

/*
 * A text is matched against a pattern: 'd' 'y' 'H' 'i' 'S' take a digit of
 * day, year, hour, minute, second; '_' a digit of the day or a space; 'b' the
 * name of a month; 'w' a letter of a weekday; the rest stands for itself.
 */
struct reading {
    struct civil date;
    int hour, minute, second;
};

static bool digit_into(int *number, char c)
{
    if (c < '0' || c > '9')
        return false;
    *number = *number * 10 + (c - '0');
    return true;
}

static bool month_name(struct view text, size_t at, int *month)
{
    for (int i = 0; i < 12 && text.size - at >= 3; i++)
        if (memcmp(text.bytes + at, months + i * 3, 3) == 0) {
            *month = i + 1;
            return true;
        }
    return false;
}

static bool match(struct view text, const char *pattern, struct reading *into)
{
    *into = (struct reading){};
    size_t at = 0;
    for (; *pattern; pattern++, at++) {
        if (at >= text.size)
            return false;
        char c = text.bytes[at];
        bool ok = false;
        switch (*pattern) {
        case 'd': ok = digit_into(&into->date.day, c); break;
        case '_': ok = c == ' ' || digit_into(&into->date.day, c); break;
        case 'y': ok = digit_into(&into->date.year, c); break;
        case 'H': ok = digit_into(&into->hour, c); break;
        case 'i': ok = digit_into(&into->minute, c); break;
        case 'S': ok = digit_into(&into->second, c); break;
        case 'w': ok = (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; break;
        case 'b':
            ok = month_name(text, at, &into->date.month);
            at += 2;
            break;
        default: ok = c == *pattern; break;
        }
        if (!ok)
            return false;
    }
    return at == text.size;
}

static bool possible(const struct reading *r)
{
    static const signed char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = r->date.year, month = r->date.month;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int length = month >= 1 && month <= 12 ? lengths[month - 1] + (month == 2 && leap) : 0;
    return year >= 1970 && r->date.day >= 1 && r->date.day <= length && r->hour < 24 &&
           r->minute < 60 && r->second <= 60;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT": a year more than 50 ahead is in the past. */
static bool match_rfc850(struct view text, int64_t now, struct reading *into)
{
    const char *comma = text.size ? memchr(text.bytes, ',', text.size) : NULL;
    size_t name = comma ? (size_t)(comma - text.bytes) : 0;
    if (name < 6 || name > 9 ||
        !match((struct view){comma, text.size - name}, ", dd-b-yy HH:ii:SS GMT", into))
        return false;
    int this_year = civil_from_days((now < 0 ? 0 : now) / 86400).year;
    into->date.year += this_year / 100 * 100;
    if (into->date.year > this_year + 50)
        into->date.year -= 100;
    return true;
}

int64_t date_read(struct view text, int64_t now)
{
    struct reading r;
    if (!match(text, "www, dd b yyyy HH:ii:SS GMT", &r) && !match_rfc850(text, now, &r) &&
        !match(text, "www b _d HH:ii:SS yyyy", &r))
        return -1;
    if (!possible(&r))
        return -1;
    return days_from_civil(r.date) * 86400 + r.hour * 3600 + r.minute * 60 + r.second;
}
