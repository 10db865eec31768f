/* Has an entry, but no note says so.
 * SPDX-License-Identifier: MIT */
#include <hyalite/plugin.h>

HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry(void);
const hyalite_descriptor* hyalite_plugin_entry(void) { return NULL; }
