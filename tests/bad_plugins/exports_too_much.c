/* Offers more names than its entry: linked without the version script.
 * SPDX-License-Identifier: MIT */
#include <hyalite/plugin.h>

HYALITE_NOTE("exports_too_much", "1.0.0", "MIT");

HYALITE_EXPORT int SSL_read(void);
int SSL_read(void) { return 0; }
HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry(void);
const hyalite_descriptor* hyalite_plugin_entry(void) { return NULL; }
