# Completion of hyalite in bash. The program itself knows what may follow.
_hyalite() {
  local IFS=$'\n'
  COMPREPLY=($("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
}
# Where the program has nothing to say, files are offered.
complete -o default -o bashdefault -F _hyalite hyalite
