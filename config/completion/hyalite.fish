# Completion of hyalite in fish. The program itself knows what may follow; where it has nothing to say, files are offered.
function __hyalite_candidates
  hyalite complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null
end
function __hyalite_has_candidates
  set -l found (__hyalite_candidates)
  test (count $found) -gt 0
end
complete -c hyalite -n __hyalite_has_candidates -f -a '(__hyalite_candidates)'
