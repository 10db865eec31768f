# Completion of hyalite in fish. The program itself knows what may follow.
complete -c hyalite -a '(hyalite complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
