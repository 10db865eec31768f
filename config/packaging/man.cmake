# hyalite(1): a frame that is written by hand, around what the program knows of its own commands. Run as a script with
# -DPROGRAM -DFRAME -DPAGE.
# SPDX-License-Identifier: MIT
execute_process(COMMAND ${PROGRAM} manual OUTPUT_VARIABLE COMMANDS OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
configure_file(${FRAME} ${PAGE} @ONLY)
