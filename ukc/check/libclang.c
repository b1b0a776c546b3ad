/*
 * libclang.c - from a C header to its model, through libclang's C interface.
 *
 * The only file that includes clang-c/Index.h.  The library is opened with dlopen, its
 * functions are called through a table made from one list.
 *
 * Types are taken as written: sugar that libclang shows (typedefs, arrays in
 * parameters) is kept, sugar that it does not is replaced by the canonical type.
 */
#include "libclang.h"

#include <clang-c/Index.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/arena.h"
#include "../base/file.h"
#include "../base/map.h"
#include "bounded.h"
#include "sources.h"

/* ---- the library ---- */

#define FUNCTIONS(X)                                                                               \
    X(createIndex) X(disposeIndex) X(parseTranslationUnit2) X(disposeTranslationUnit)              \
    X(getTranslationUnitCursor) X(visitChildren) X(getCString) X(disposeString) X(getInclusions)   \
    X(getNumDiagnostics) X(getDiagnostic) X(disposeDiagnostic) X(getDiagnosticSeverity)            \
    X(getDiagnosticSpelling) X(getDiagnosticLocation) X(getChildDiagnostics)                       \
    X(getNumDiagnosticsInSet) X(getDiagnosticInSet) X(getExpansionLocation) X(getSpellingLocation) X(getFileName)        \
    X(getCursorKind) X(getCursorSpelling) X(getCursorLocation) X(getCursorExtent) X(getRangeStart) \
    X(getRangeEnd) X(Location_isFromMainFile) X(getCursorType) X(getCursorDefinition)              \
    X(getCanonicalCursor) X(equalCursors) X(hashCursor) X(isCursorDefinition) X(isAttribute)       \
    X(Cursor_isNull) X(Cursor_getNumArguments) X(Cursor_getArgument) X(Cursor_getStorageClass)     \
    X(Cursor_isFunctionInlined) X(Cursor_getRawCommentText) X(Cursor_getOffsetOfField)             \
    X(getFieldDeclBitWidth) X(getTypedefDeclUnderlyingType) X(getEnumDeclIntegerType)              \
    X(getEnumConstantDeclValue) X(getCursorPrintingPolicy) X(getCursorPrettyPrinted) X(PrintingPolicy_dispose) \
    X(tokenize) X(disposeTokens) X(getTokenSpelling)                   \
    X(getTypeSpelling) X(getUnqualifiedType) X(getCanonicalType) X(isConstQualifiedType)           \
    X(isVolatileQualifiedType) X(isRestrictQualifiedType) X(getPointeeType) X(getArrayElementType) \
    X(getArraySize) X(getResultType) X(getNumArgTypes) X(getArgType) X(isFunctionTypeVariadic)     \
    X(getFunctionTypeCallingConv) X(getTypeDeclaration) X(Type_getNamedType) X(Type_getValueType)  \
    X(Type_getModifiedType) X(Type_getSizeOf) X(Type_getAlignOf) X(Type_visitFields)

static struct {
#define X(name) __typeof__(clang_##name) *name;
    FUNCTIONS(X)
#undef X
} clang;

static void *library;
static char library_path[4096];
static unsigned parse_count;

/* Fills the table; the name of a function that is missing, or NULL. */
static const char *bind_functions(void)
{
#define X(name)                                                                                    \
    if (!(clang.name = (__typeof__(clang.name))dlsym(library, "clang_" #name)))                    \
        return "clang_" #name;
    FUNCTIONS(X)
#undef X
    return NULL;
}

static bool load(struct diag *d)
{
    static const char *const names[] = {
        "libclang-19.so.19", "libclang-19.so.1", "libclang-19.so", "libclang.so.19",
        "/usr/lib/llvm-19/lib/libclang.so.1", "/usr/lib/llvm-19/lib/libclang.so",
    };
    if (library)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "libclang 19, which checks interfaces, cannot be loaded");
        return diag_help(d, "install the package libclang1-19 (or libclang-19-dev)");
    }
    const char *missing = bind_functions();
    if (missing) {
        dlclose(library);
        library = NULL;
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "libclang 19 has no function '%s'", missing);
    }
    Dl_info info;
    if (dladdr((void *)(uintptr_t)clang.createIndex, &info) && info.dli_fname &&
        strlen(info.dli_fname) < sizeof library_path)
        strcpy(library_path, info.dli_fname);
    return true;
}

const char *clang_library(void)
{
    return library && *library_path ? library_path : NULL;
}

unsigned clang_parse_count(void)
{
    return parse_count;
}

/* ---- extraction ---- */

/* Deeper types than any person writes: they would only exhaust the stack. */
#define DEPTH_MOST 200

struct extraction {
    struct arena *arena;
    CXTranslationUnit unit;
    const char *prefix, *generated;
    size_t prefix_length;
    struct map path_numbers, type_numbers, cursor_numbers; /* keys live in the arena */
    VEC(const char *) paths;
    VEC(struct type) types;
    VEC(struct declaration) declarations;
    VEC(CXCursor) cursors; /* of the declarations */
    VEC(struct function) functions;
    VEC(struct variable) variables;
    unsigned depth;
    bool too_deep;
};

static const char *keep(struct extraction *x, CXString s)
{
    const char *text = clang.getCString(s);
    const char *kept = arena_strdup(x->arena, text ? text : "");
    clang.disposeString(s);
    return kept;
}

/* Generated headers reach others by "../../": those directories are real, so the path can be shortened. */
static const char *file_path(struct extraction *x, CXFile file)
{
    const char *path = keep(x, clang.getFileName(file));
    return string_starts(path, x->generated) ? path_normal(x->arena, path) : path;
}

static uint32_t path_number(struct extraction *x, CXFile file)
{
    const char *path = file_path(x, file);
    uint32_t number = map_add(&x->path_numbers, path, (uint32_t)x->paths.count);
    if (number != MAP_ABSENT)
        return number;
    *vec_add(x->arena, &x->paths) = path;
    return (uint32_t)x->paths.count - 1;
}

static struct place place_at(struct extraction *x, CXSourceLocation location, uint32_t length)
{
    CXFile file = NULL;
    unsigned line = 0, column = 0;
    clang.getExpansionLocation(location, &file, &line, &column, NULL);
    if (!file)
        return (struct place){.file = FILE_NONE};
    return (struct place){path_number(x, file), line, column, length};
}

static struct place place_of_name(struct extraction *x, CXCursor c, const char *name)
{
    return place_at(x, clang.getCursorLocation(c), *name ? (uint32_t)strlen(name) : 1);
}

/* The whole of a parameter or member, as far as it is on one line. */
static struct place place_of_extent(struct extraction *x, CXCursor c)
{
    CXSourceRange range = clang.getCursorExtent(c);
    unsigned line, column, end_line, end_column;
    clang.getExpansionLocation(clang.getRangeStart(range), NULL, &line, &column, NULL);
    clang.getExpansionLocation(clang.getRangeEnd(range), NULL, &end_line, &end_column, NULL);
    uint32_t length = end_line == line && end_column > column ? end_column - column : 1;
    return place_at(x, clang.getRangeStart(range), length);
}

static struct type_use convert(struct extraction *, CXType);

static uint32_t intern(struct extraction *x, struct type t)
{
    struct text key = {};
    text_printf(&key, "%d %s %u %u %lld %u %d %d", t.kind, t.name ? t.name : "", t.of.type, t.of.qualifiers,
                (long long)t.count, t.declaration, t.variadic, t.prototype);
    for (size_t i = 0; i < t.parameter_count; i++)
        text_printf(&key, " %u %u", t.parameters[i].type, t.parameters[i].qualifiers);
    const char *kept = text_keep(&key, x->arena);
    text_dispose(&key);
    uint32_t number = map_add(&x->type_numbers, kept, (uint32_t)x->types.count);
    if (number != MAP_ABSENT)
        return number;
    *vec_add(x->arena, &x->types) = t;
    return (uint32_t)x->types.count - 1;
}

/* The number of a declaration; its contents are filled in later (fill_declarations). */
static uint32_t declaration_number(struct extraction *x, CXCursor c)
{
    CXCursor canonical = clang.getCanonicalCursor(c);
    unsigned hash = clang.hashCursor(canonical);
    for (unsigned n = 0;; n++) { /* n: among cursors of the same hash */
        uint32_t next = (uint32_t)x->cursors.count;
        uint32_t number = map_add(&x->cursor_numbers, arena_printf(x->arena, "%x.%x", hash, n), next);
        if (number == MAP_ABSENT) {
            *vec_add(x->arena, &x->cursors) = canonical;
            *vec_add(x->arena, &x->declarations) = (struct declaration){.name = ""};
            return next;
        }
        if (clang.equalCursors(x->cursors.items[number], canonical))
            return number;
    }
}

static uint32_t basic(struct extraction *x, CXType t)
{
    const char *name = t.kind == CXType_Bool ? "bool" : keep(x, clang.getTypeSpelling(clang.getUnqualifiedType(t)));
    return intern(x, (struct type){.kind = TYPE_basic, .name = name});
}

static uint32_t function_type(struct extraction *x, CXType t, CXCursor declared)
{
    struct type f = {.kind = TYPE_function,
                     .of = convert(x, clang.getResultType(t)),
                     .count = clang.getFunctionTypeCallingConv(t),
                     .variadic = clang.isFunctionTypeVariadic(t),
                     .prototype = clang.getCanonicalType(t).kind == CXType_FunctionProto};
    int count = clang.getNumArgTypes(t);
    /* a declaration's parameters are as written ("char name[16]"), a type's are adjusted */
    bool written = !clang.Cursor_isNull(declared) && clang.Cursor_getNumArguments(declared) == count;
    struct type_use *parameters = arena_array(x->arena, struct type_use, count > 0 ? (size_t)count : 0);
    for (int i = 0; i < count; i++)
        parameters[i] = convert(x, written ? clang.getCursorType(clang.Cursor_getArgument(declared, (unsigned)i))
                                           : clang.getArgType(t, (unsigned)i));
    f.parameters = parameters;
    f.parameter_count = count > 0 ? (size_t)count : 0;
    return intern(x, f);
}

static uint32_t named(struct extraction *x, CXType t)
{
    CXCursor c = clang.getTypeDeclaration(t);
    return intern(x, (struct type){.kind = TYPE_named, .declaration = declaration_number(x, c)});
}

static struct type_use wrapped(struct extraction *x, enum type_kind kind, CXType of, int64_t count)
{
    struct type t = {.kind = kind, .of = convert(x, of), .count = count};
    return (struct type_use){intern(x, t), 0};
}

/* What libclang gives no name to: parentheses, typeof.  Functions can be looked into as they are. */
static struct type_use unexposed(struct extraction *x, CXType t)
{
    CXType canonical = clang.getCanonicalType(t);
    if (canonical.kind == CXType_FunctionProto || canonical.kind == CXType_FunctionNoProto)
        return (struct type_use){function_type(x, t, clang.getTypeDeclaration(t)), 0};
    if (canonical.kind != CXType_Unexposed)
        return convert(x, canonical);
    return (struct type_use){basic(x, canonical), 0};
}

static struct type_use convert_unqualified(struct extraction *x, CXType t)
{
    switch (t.kind) {
    case CXType_Elaborated:
        return convert(x, clang.Type_getNamedType(t));
    case CXType_Attributed:
        return convert(x, clang.Type_getModifiedType(t));
    case CXType_Pointer:
        return wrapped(x, TYPE_pointer, clang.getPointeeType(t), 0);
    case CXType_Atomic:
        return wrapped(x, TYPE_atomic, clang.Type_getValueType(t), 0);
    case CXType_ConstantArray:
        return wrapped(x, TYPE_array, clang.getArrayElementType(t), clang.getArraySize(t));
    case CXType_IncompleteArray:
    case CXType_VariableArray: /* only in parameters, where it is a pointer */
        return wrapped(x, TYPE_array, clang.getArrayElementType(t), -1);
    case CXType_FunctionProto:
    case CXType_FunctionNoProto:
        return (struct type_use){function_type(x, t, clang.getTypeDeclaration(t)), 0};
    case CXType_Typedef:
    case CXType_Record:
    case CXType_Enum:
        return (struct type_use){named(x, t), 0};
    case CXType_Unexposed:
        return unexposed(x, t);
    default:
        return (struct type_use){basic(x, t), 0};
    }
}

static struct type_use convert(struct extraction *x, CXType t)
{
    if (x->depth >= DEPTH_MOST) {
        x->too_deep = true;
        return (struct type_use){intern(x, (struct type){.kind = TYPE_basic, .name = "void"}), 0};
    }
    x->depth++;
    struct type_use use = convert_unqualified(x, t);
    x->depth--;
    use.qualifiers |= (clang.isConstQualifiedType(t) ? QUALIFIER_CONST : 0u) |
                      (clang.isVolatileQualifiedType(t) ? QUALIFIER_VOLATILE : 0u) |
                      (clang.isRestrictQualifiedType(t) ? QUALIFIER_RESTRICT : 0u);
    return use;
}

/* ---- declarations ---- */

struct member_visit {
    struct extraction *extraction;
    VEC(struct member) members;
    bool packed, aligned;
};

static enum CXVisitorResult visit_field(CXCursor c, CXClientData data)
{
    struct member_visit *v = data;
    struct extraction *x = v->extraction;
    const char *name = keep(x, clang.getCursorSpelling(c));
    if (strchr(name, ' ')) /* "struct (anonymous at ...)" */
        name = "";
    *vec_add(x->arena, &v->members) = (struct member){
        .name = name,
        .place = place_of_extent(x, c),
        .type = convert(x, clang.getCursorType(c)),
        .value = clang.Cursor_getOffsetOfField(c),
        .width = clang.getFieldDeclBitWidth(c),
    };
    return CXVisit_Continue;
}

static enum CXChildVisitResult visit_tag_child(CXCursor c, CXCursor, CXClientData data)
{
    struct member_visit *v = data;
    enum CXCursorKind kind = clang.getCursorKind(c);
    v->packed |= kind == CXCursor_PackedAttr;
    v->aligned |= kind == CXCursor_AlignedAttr;
    if (kind == CXCursor_EnumConstantDecl) {
        const char *name = keep(v->extraction, clang.getCursorSpelling(c));
        *vec_add(v->extraction->arena, &v->members) = (struct member){
            .name = name,
            .place = place_of_name(v->extraction, c, name),
            .type = {TYPE_NONE, 0},
            .value = clang.getEnumConstantDeclValue(c),
            .width = -1,
        };
    }
    return CXChildVisit_Continue;
}

/* A tag as written; "" when there is none.  libclang invents names for those. */
static const char *tag_name(struct extraction *x, CXCursor c, enum declaration_kind kind)
{
    const char *spelling = keep(x, clang.getTypeSpelling(clang.getCursorType(c)));
    size_t n = strlen(declaration_kind_names[kind]);
    if (strncmp(spelling, declaration_kind_names[kind], n) || spelling[n] != ' ' || strpbrk(spelling, "(:"))
        return "";
    return spelling + n + 1;
}

static void fill_tag(struct extraction *x, struct declaration *d, CXCursor c)
{
    d->name = tag_name(x, c, d->kind);
    CXCursor definition = clang.getCursorDefinition(c);
    d->complete = !clang.Cursor_isNull(definition);
    if (!d->complete)
        return;
    CXType type = clang.getCursorType(definition);
    struct member_visit v = {.extraction = x};
    clang.visitChildren(definition, visit_tag_child, &v);
    if (d->kind == DECLARATION_enum)
        d->of = convert(x, clang.getEnumDeclIntegerType(definition));
    else
        clang.Type_visitFields(type, visit_field, &v);
    d->members = v.members.items;
    d->member_count = v.members.count;
    d->packed = v.packed;
    d->aligned = v.aligned;
    d->size = clang.Type_getSizeOf(type);
    d->alignment = clang.Type_getAlignOf(type);
    d->place = place_of_name(x, definition, d->name);
    clang.getExpansionLocation(clang.getRangeEnd(clang.getCursorExtent(definition)), NULL, NULL, NULL, &d->end);
}

static struct declaration describe(struct extraction *x, CXCursor c)
{
    struct declaration d = {.name = "", .of = {TYPE_NONE, 0}};
    clang.getExpansionLocation(clang.getRangeEnd(clang.getCursorExtent(c)), NULL, NULL, NULL, &d.end);
    switch (clang.getCursorKind(c)) {
    case CXCursor_UnionDecl:
        d.kind = DECLARATION_union;
        break;
    case CXCursor_EnumDecl:
        d.kind = DECLARATION_enum;
        break;
    case CXCursor_TypedefDecl:
        d.kind = DECLARATION_typedef;
        d.name = keep(x, clang.getCursorSpelling(c));
        d.place = place_of_name(x, c, d.name);
        d.of = convert(x, clang.getTypedefDeclUnderlyingType(c));
        return d;
    default:
        d.kind = DECLARATION_struct;
        break;
    }
    d.place = place_of_name(x, c, keep(x, clang.getCursorSpelling(c)));
    fill_tag(x, &d, c);
    return d;
}

/* Describing one declaration may find others, which join the end of the list. */
static void fill_declarations(struct extraction *x)
{
    for (size_t i = 0; i < x->cursors.count; i++) {
        struct declaration d = describe(x, x->cursors.items[i]);
        x->declarations.items[i] = d;
    }
}

/* ---- functions ---- */

static bool from_macro(CXCursor c)
{
    CXSourceLocation at = clang.getRangeStart(clang.getCursorExtent(c));
    CXFile spelt_file, file;
    unsigned spelt, used;
    clang.getSpellingLocation(at, &spelt_file, NULL, NULL, &spelt);
    clang.getExpansionLocation(at, &file, NULL, NULL, &used);
    return spelt_file != file || spelt != used;
}

/* "(printf, 1, 2)": what follows an attribute's name, up to the parenthesis that closes it; "" when there is none. */
static const char *arguments(struct extraction *x, const char *const *words, unsigned at, unsigned count)
{
    const char *text = "";
    unsigned open = 0;
    for (; at < count; at++) {
        open += !strcmp(words[at], "(");
        if (!open)
            return "";
        text = arena_printf(x->arena, "%s%s%s", text, words[at], strcmp(words[at], ",") ? "" : " ");
        if (!strcmp(words[at], ")") && --open == 0)
            return text;
    }
    return "";
}

/* Of a macro's attribute only the name can be seen, except here: "(printf, 1, 2)" from the whole declaration. */
static const char *format_arguments(struct extraction *x, CXCursor function)
{
    CXPrintingPolicy policy = clang.getCursorPrintingPolicy(function);
    const char *text = keep(x, clang.getCursorPrettyPrinted(function, policy));
    clang.PrintingPolicy_dispose(policy);
    const char *at = strstr(text, "format(");
    size_t n = at ? strspn(at + 6, "(abcdefghijklmnopqrstuvwxyz_0123456789, ") : 0;
    return at && at[6 + n] == ')' ? arena_strndup(x->arena, at + 6, n + 1) : "";
}

/* "format(printf, 1, 2)" for one attribute; "" for one that callers need not know. */
static const char *attribute(struct extraction *x, CXCursor function, CXCursor c)
{
    static const char *const plain[] = {"returns_nonnull", "warn_unused_result", "noreturn", "pure", "const", "malloc", "cold", "hot"};
    static const char *const with_arguments[] = {"format", "format_arg", "nonnull", "alloc_size"};
    CXToken *tokens = NULL;
    unsigned count = 0, at = 0;
    clang.tokenize(x->unit, clang.getCursorExtent(c), &tokens, &count);
    const char **words = arena_array(x->arena, const char *, (size_t)count + 1);
    for (unsigned i = 0; i < count; i++)
        words[i] = keep(x, clang.getTokenSpelling(x->unit, tokens[i]));
    clang.disposeTokens(x->unit, tokens, count);
    if (count > 2 && !strcmp(words[1], "::")) /* gnu::format */
        at = 2;
    if (at >= count)
        return "";
    const char *name = words[at];
    if (!strcmp(name, "nodiscard"))
        return "warn_unused_result";
    if (!strcmp(name, "_Noreturn"))
        return "noreturn";
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (!strcmp(name, plain[i]))
            return name;
    for (size_t i = 0; i < sizeof with_arguments / sizeof *with_arguments; i++) {
        if (strcmp(name, with_arguments[i]))
            continue;
        const char *text = !from_macro(c) ? arguments(x, words, at + 1, count) : i == 0 ? format_arguments(x, function) : "";
        return *text || !strcmp(name, "nonnull") ? arena_printf(x->arena, "%s%s", name, text) : "";
    }
    return "";
}

struct attribute_visit {
    struct extraction *extraction;
    CXCursor function;
    const char *text;
};

static enum CXChildVisitResult visit_attribute(CXCursor c, CXCursor, CXClientData data)
{
    struct attribute_visit *v = data;
    if (!clang.isAttribute(clang.getCursorKind(c)))
        return CXChildVisit_Continue;
    const char *text = attribute(v->extraction, v->function, c);
    if (*text && !strstr(v->text, text))
        v->text = arena_printf(v->extraction->arena, "%s%s%s", v->text, *v->text ? ", " : "", text);
    return CXChildVisit_Continue;
}

/* Those of a function that matter to callers. */
static const char *attributes_of(struct extraction *x, CXCursor c)
{
    struct attribute_visit v = {x, c, ""};
    clang.visitChildren(c, visit_attribute, &v);
    /* __attribute__((noreturn)) is part of the type, and no child */
    if (strstr(keep(x, clang.getTypeSpelling(clang.getCursorType(c))), ") __attribute__((noreturn))") && !strstr(v.text, "noreturn"))
        return arena_printf(x->arena, "%s%snoreturn", v.text, *v.text ? ", " : "");
    return v.text;
}

static void add_function(struct extraction *x, CXCursor c, const char *name)
{
    struct function f = {
        .name = name,
        .place = place_of_name(x, c, name),
        .internal = clang.Cursor_getStorageClass(c) == CX_SC_Static,
        .inlined = clang.Cursor_isFunctionInlined(c),
        .defined = clang.isCursorDefinition(c),
        .comment = keep(x, clang.Cursor_getRawCommentText(c)),
        .attributes = attributes_of(x, c),
    };
    CXType type = clang.getCursorType(c);
    int count = clang.Cursor_getNumArguments(c);
    if (type.kind == CXType_FunctionProto || type.kind == CXType_FunctionNoProto)
        f.type = (struct type_use){function_type(x, type, c), 0};
    else
        f.type = convert(x, type);
    struct parameter *parameters = arena_array(x->arena, struct parameter, count > 0 ? (size_t)count : 0);
    for (int i = 0; i < count; i++) {
        CXCursor argument = clang.Cursor_getArgument(c, (unsigned)i);
        parameters[i].name = keep(x, clang.getCursorSpelling(argument));
        parameters[i].place = place_of_extent(x, argument);
    }
    f.parameters = parameters;
    f.parameter_count = count > 0 ? (size_t)count : 0;
    *vec_add(x->arena, &x->functions) = f;
}

static enum CXChildVisitResult visit_top(CXCursor c, CXCursor, CXClientData data)
{
    struct extraction *x = data;
    bool own = clang.Location_isFromMainFile(clang.getCursorLocation(c));
    switch (clang.getCursorKind(c)) {
    case CXCursor_FunctionDecl: {
        const char *name = keep(x, clang.getCursorSpelling(c));
        if (own || (string_starts(name, x->prefix) && name[x->prefix_length] == '_'))
            add_function(x, c, name);
        break;
    }
    case CXCursor_StructDecl:
    case CXCursor_UnionDecl:
    case CXCursor_EnumDecl:
    case CXCursor_TypedefDecl:
        if (own)
            declaration_number(x, c);
        break;
    case CXCursor_VarDecl:
        if (own && clang.Cursor_getStorageClass(c) != CX_SC_Static) {
            const char *name = keep(x, clang.getCursorSpelling(c));
            *vec_add(x->arena, &x->variables) = (struct variable){name, place_of_name(x, c, name)};
        }
        break;
    default:
        break;
    }
    return CXChildVisit_Continue;
}

/* ---- parsing ---- */

#define ERRORS_MOST 10
#define NOTES_MOST 5 /* of each: a header that includes itself has two hundred */

static struct span diagnostic_span(struct extraction *x, struct sources *s, CXDiagnostic diagnostic)
{
    CXFile file = NULL;
    unsigned line, column;
    clang.getExpansionLocation(clang.getDiagnosticLocation(diagnostic), &file, &line, &column, NULL);
    if (!file)
        return SPAN_NONE;
    return sources_span(s, file_path(x, file), line, column, 1);
}

/* "declaration of 'struct x' will not be visible outside of this function" is true, and no help. */
static void help_invisible(const char *text, struct diag *d)
{
    const char *name = strchr(text, '\''), *end = name ? strchr(name + 1, '\'') : NULL;
    if (end && strstr(end, "will not be visible outside of this function"))
        diag_help(d, "declare it before the function: %.*s;", (int)(end - name - 1), name + 1);
}

static void pass_diagnostic(struct extraction *x, struct sources *s, CXDiagnostic diagnostic, struct diag *d)
{
    CXString text = clang.getDiagnosticSpelling(diagnostic);
    diag_error(d, diagnostic_span(x, s, diagnostic), "%s", clang.getCString(text));
    if (strstr(clang.getCString(text), "'keys.h' file not found"))
        diag_help(d, "keys.h is for sources: an interface is the same in every configuration");
    help_invisible(clang.getCString(text), d);
    clang.disposeString(text);
    CXDiagnosticSet children = clang.getChildDiagnostics(diagnostic);
    unsigned count = clang.getNumDiagnosticsInSet(children);
    for (unsigned i = 0; i < count && i < NOTES_MOST; i++) {
        CXDiagnostic note = clang.getDiagnosticInSet(children, i);
        CXString words = clang.getDiagnosticSpelling(note);
        diag_note(d, diagnostic_span(x, s, note), "%s", clang.getCString(words));
        clang.disposeString(words);
        clang.disposeDiagnostic(note);
    }
    if (count > NOTES_MOST)
        diag_note(d, SPAN_NONE, "and %u more notes", count - NOTES_MOST);
}

/* Passes the compiler's errors on; false when there were any. */
static bool pass_diagnostics(struct extraction *x, struct sources *s, struct diag *d)
{
    unsigned errors = 0;
    for (unsigned i = 0; i < clang.getNumDiagnostics(x->unit) && errors < ERRORS_MOST; i++) {
        CXDiagnostic diagnostic = clang.getDiagnostic(x->unit, i);
        if (clang.getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error) {
            pass_diagnostic(x, s, diagnostic, d);
            errors++;
        }
        clang.disposeDiagnostic(diagnostic);
    }
    return errors == 0;
}

struct inclusion_visit {
    struct extraction *extraction;
    struct map seen;
    VEC(const char *) files;
};

static void visit_inclusion(CXFile file, CXSourceLocation *, unsigned, CXClientData data)
{
    struct inclusion_visit *v = data;
    const char *name = file_path(v->extraction, file);
    if (map_add(&v->seen, name, 0) == MAP_ABSENT)
        *vec_add(v->extraction->arena, &v->files) = name;
}

static const struct interface *finish(struct extraction *x)
{
    struct interface *i = arena_new(x->arena, struct interface);
    *i = (struct interface){
        .paths = x->paths.items,
        .path_count = x->paths.count,
        .types = x->types.items,
        .type_count = x->types.count,
        .declarations = x->declarations.items,
        .declaration_count = x->declarations.count,
        .functions = x->functions.items,
        .function_count = x->functions.count,
        .variables = x->variables.items,
        .variable_count = x->variables.count,
    };
    return i;
}

static bool extract(struct extraction *x, const struct parse_request *r, struct sources *s, struct diag *d,
                    struct parsed *out)
{
    if (!pass_diagnostics(x, s, d))
        return false;
    struct inclusion_visit inclusions = {.extraction = x};
    clang.getInclusions(x->unit, visit_inclusion, &inclusions);
    map_dispose(&inclusions.seen);
    const char *header = arena_strdup(x->arena, r->header);
    map_add(&x->path_numbers, header, 0);
    *vec_add(x->arena, &x->paths) = header;
    clang.visitChildren(clang.getTranslationUnitCursor(x->unit), visit_top, x);
    fill_declarations(x);
    if (x->too_deep)
        return diag_error(d, sources_span(s, r->header, 0, 0, 0), "a type is nested more than %d levels deep", DEPTH_MOST);
    *out = (struct parsed){finish(x), inclusions.files.items, inclusions.files.count};
    return true;
}

/* Static: a parse that is given up goes on. */
static struct {
    CXIndex index;
    const char *header, *const *flags;
    size_t flag_count;
    CXTranslationUnit unit;
    enum CXErrorCode error;
    bool given_up;
} parse;

static void parse_header(void *)
{
    parse.error = clang.parseTranslationUnit2(parse.index, parse.header, parse.flags, (int)parse.flag_count, NULL, 0,
                                              CXTranslationUnit_SkipFunctionBodies, &parse.unit);
}

/* The end of the process: destructors would pull the library from under the thread. */
static void end_at_once(int status, void *)
{
    fflush(NULL);
    _exit(status);
}

static bool parse_bounded(const char *header, struct sources *s, struct diag *d)
{
    if (*header == '-') {
        clang.disposeIndex(parse.index);
        diag_error(d, sources_span(s, header, 0, 0, 0), "a header whose path begins with '-' is an option of the compiler");
        return diag_help(d, "rename it, or put it into a directory");
    }
    parse_count++;
    parse.unit = NULL;
    const char *why = bounded_run(parse_header, NULL);
    if (!why && parse.error == CXError_Success)
        return true;
    struct span place = sources_span(s, header, 0, 0, 0);
    if (!why) {
        clang.disposeIndex(parse.index);
        return diag_fail(d, DIAG_OUTSIDE, place, "libclang cannot parse this header (error %d)", (int)parse.error);
    }
    parse.given_up = true;
    on_exit(end_at_once, NULL);
    diag_error(d, place, "reading this header was given up: %s", why);
    return diag_help(d, "it includes, or what it includes does, a file without an end, such as a FIFO or a device");
}

bool clang_parse(struct arena *a, const struct parse_request *r, struct sources *s, struct diag *d, struct parsed *out)
{
    if (parse.given_up || !load(d)) /* reported */
        return false;
    /* only errors matter here, and one warning: a struct first named in a parameter is a type of its own */
    static const char *const fixed[] = {"-xc", "-Wno-everything", "-Werror=visibility", "-fparse-all-comments"};
    size_t fixed_count = sizeof fixed / sizeof *fixed;
    const char **flags = arena_array(a, const char *, r->flag_count + fixed_count);
    memcpy(flags, r->flags, r->flag_count * sizeof *flags);
    memcpy(flags + r->flag_count, fixed, sizeof fixed);
    parse.header = r->header;
    parse.flags = flags;
    parse.flag_count = r->flag_count + fixed_count;
    parse.index = clang.createIndex(0, 0);
    if (!parse_bounded(r->header, s, d))
        return false;
    struct extraction x = {.arena = a, .unit = parse.unit, .prefix = r->prefix, .generated = r->generated, .prefix_length = strlen(r->prefix)};
    bool good = extract(&x, r, s, d, out);
    clang.disposeTranslationUnit(x.unit);
    clang.disposeIndex(parse.index);
    map_dispose(&x.path_numbers);
    map_dispose(&x.type_numbers);
    map_dispose(&x.cursor_numbers);
    return good;
}
