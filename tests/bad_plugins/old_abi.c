/* Was built for version 0.0 of the interface; running any of its code would end the process.
 * SPDX-License-Identifier: MIT */
#include <hyalite/plugin.h>
#include <stdlib.h>

__attribute__((used, aligned(4), section(HYALITE_NOTE_SECTION))) static const hyalite_elf_note note = {
    8,
    sizeof(hyalite_elf_note) - 20,
    HYALITE_NOTE_TYPE,
    HYALITE_NOTE_NAME,
    0,
    0,
    0,
    0,
    "old_abi",
    "1.0.0",
    "MIT"};

__attribute__((constructor)) static void run(void) { abort(); }

HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry(void);
const hyalite_descriptor* hyalite_plugin_entry(void) { return NULL; }
