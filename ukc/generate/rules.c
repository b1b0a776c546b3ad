/*
 * rules.c - the rules of every generated build.ninja: all commands are here, and nowhere else.
 *
 * Variables: $cc ... are tools; $target_flags, $profile_flags, $link_flags and
 * $link_profile belong to the image; $flags, $exports and $libs to one build
 * statement.  All flags stand in the command, so a change of flags rebuilds.
 *
 * Every path is relative to the project, and nothing here depends on the machine:
 *   --no-default-config, -no-canonical-prefixes   no configuration file, no resolved installation path
 *   -gdwarf-4                                     valgrind 3.19 and older tools cannot read clang's DWARF 5; LTO keeps the version
 *   -ffile-compilation-dir=.                      debug information is relative to the project
 *   -fmacro-prefix-map                            __FILE__ is the same for every target
 *   -Werror=date-time, -fno-ident                 no time, no compiler's name
 *   --threads=1, --build-id=none                  lld's output must not depend on the number of processors
 *
 * $compile is "exec ukc-compile " (no shell waits), and nothing with the host's C library, and in the file of the target's, which the store keeps as a whole.
 *
 * What ukc size and ukc explain know comes from the link: -Map says which object made what, --emit-relocs (release; the image is
 * stripped of them) who refers to what, and the debug information which instance a unit was compiled for ("instance=NAME" behind the
 * compiler's name: instance.c).
 *
 * -dwarf-linkage-names=Abstract leaves the assembler labels out of the debug
 * information, so that gdb shows and accepts the names of C.
 *
 * An instance's units become one module whose other symbols are local:
 * release: llvm-link and internalize, on bitcode (its summary says with -fsplit-lto-unit what the linker asks all modules); dev: ld -r and objcopy, on objects.
 */
#include "rules.h"

const struct tool build_tools[] = {
    {"cc", "clang-19", true}, {"ld", "ld.lld-19", true}, {"llvm_link", "llvm-link-19", false}, {"opt", "opt-19", false},
    {"objcopy", "llvm-objcopy-19", false},
};
const size_t build_tool_count = sizeof build_tools / sizeof build_tools[0];

const struct ninja_rule build_rules[] = {
    {
        .name = "cc", /* from the user's store, or compiled: the same bytes */
        .command = "$compile$cc --no-default-config -no-canonical-prefixes -fcolor-diagnostics\n"
                   "-gdwarf-4 -ffile-compilation-dir=. -fmacro-prefix-map=$root/= -fno-ident -Werror=date-time\n"
                   "-ffunction-sections -fdata-sections -mllvm -dwarf-linkage-names=Abstract\n"
                   "$target_flags $profile_flags $flags\n"
                   "-MD -MF $out.d -c $in -o $out",
        .description = "CC $what",
        .depfile = "$out.d",
    },
    {
        .name = "module_link",
        .command = "$llvm_link -o $out @$out.rsp",
        .description = "MODULE $what",
        .rspfile = "$out.rsp",
        .rspfile_content = "$in",
    },
    {
        .name = "module_seal",
        .command = "$opt -module-summary -passes=internalize -internalize-public-api-file=$exports -o $out $in",
        .description = "SEAL $what",
    },
    {
        .name = "object_link",
        .command = "$ld -r --threads=1 --build-id=none -o $out @$out.rsp",
        .description = "MODULE $what",
        .rspfile = "$out.rsp",
        .rspfile_content = "$in",
    },
    {
        .name = "object_seal",
        .command = "$objcopy --keep-global-symbols=$exports $in $out",
        .description = "SEAL $what",
    },
    {
        .name = "embed",
        .command = "$ukc embed --output $out --list $in",
        .description = "EMBED $what",
    },
    {
        .name = "library", /* from the user's store, or built: the same bytes */
        .command = "$ukc library --output $out --list $in",
        .description = "LIBRARY $what",
        .depfile = "$out.d",
        .restat = true,
    },
    {
        .name = "link",
        .command = "$cc --no-default-config -no-canonical-prefixes -fuse-ld=lld --ld-path=$ld\n"
                   "-Wl,--threads=1 -Wl,--build-id=none -Wl,--gc-sections\n"
                   "-Wl,-mllvm,-dwarf-linkage-names=Abstract\n"
                   "-Wl,--dependency-file=$out.d -Wl,-Map=$out.map\n"
                   "$link_flags $link_profile -o $out $in $libs",
        .depfile = "$out.d", /* start files, libraries of the host: what no build statement names */
        .description = "LINK $what",
    },
    {
        .name = "link_library", /* the same, with a library from which is taken what is used */
        .command = "$cc --no-default-config -no-canonical-prefixes -fuse-ld=lld --ld-path=$ld\n"
                   "-Wl,--threads=1 -Wl,--build-id=none -Wl,--gc-sections\n"
                   "-Wl,-mllvm,-dwarf-linkage-names=Abstract\n"
                   "-Wl,--dependency-file=$out.d -Wl,-Map=$out.map\n"
                   "$link_flags $link_profile -o $out $objects -Wl,--start-lib @$out.rsp -Wl,--end-lib $libs",
        .depfile = "$out.d", /* start files, libraries of the host: what no build statement names */
        .description = "LINK $what",
        .rspfile = "$out.rsp",
        .rspfile_content = "$library",
    },
    {
        .name = "link_why", /* with what is not there, and with every reference: who calls it? */
        .command = "$cc --no-default-config -no-canonical-prefixes -fuse-ld=lld --ld-path=$ld\n"
                   "-Wl,--threads=1 -Wl,--build-id=none -Wl,--gc-sections\n"
                   "$link_flags $link_profile -o $out $objects -Wl,--start-lib @$out.rsp -Wl,--end-lib $libs\n"
                   "-Wl,--icf=none -Wl,--unresolved-symbols=ignore-all -Wl,--emit-relocs",
        .description = "WHY $what",
        .rspfile = "$out.rsp",
        .rspfile_content = "$library",
    },
    {
        .name = "debug_file",
        .command = "$objcopy --only-keep-debug '--remove-section=.rela.*' $in $out",
        .description = "DEBUG $what",
    },
    {
        .name = "strip",
        .command = "$objcopy --strip-all --add-gnu-debuglink=$debug $in $out",
        .description = "STRIP $what",
    },
    {
        .name = "configure",
        .command = "$ukc configure --quiet $arguments",
        .description = "CONFIGURE $what",
        .restat = true,
        .generator = true,
    },
};
const size_t build_rule_count = sizeof build_rules / sizeof build_rules[0];
