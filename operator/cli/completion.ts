import { Argument, type Command } from 'commander';

import { completeArgument } from './invocation.ts';

/** Shells whose completion we write a script for. */
const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** Adds `eventroute completion`: prints the script by which a shell completes our commands and flags. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print the script by which a shell completes the commands and flags of this program')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText(
      'after',
      '\nExamples:\n  $ source <(eventroute completion bash)\n  $ eventroute completion zsh > "${fpath[1]}/_eventroute"\n' +
        '  $ eventroute completion fish > ~/.config/fish/completions/eventroute.fish',
    )
    .addHelpText(
      'after',
      '\nAs a plugin it is completed by the script of kubectl itself, through kubectl_complete-eventroute on PATH:\n' +
        '  $ ln -s "$(command -v kubectl-eventroute)" ~/.local/bin/kubectl_complete-eventroute',
    )
    .action((shell: Shell) => {
      const file = program.name().replace(' ', '-');
      process.stdout.write(scripts[shell](file, file.replaceAll('-', '_')));
    });
}

/**
 * The scripts know nothing of our commands: they ask the program itself on each TAB, so that no script that somebody
 * has saved goes stale.
 */
const scripts: Readonly<Record<Shell, (file: string, name: string) => string>> = {
  bash: (file, name) => `# Completes ${file} in bash; source it, for example in ~/.bashrc.
_${name}_complete() {
  local line word words=("\${COMP_WORDS[@]:1:COMP_CWORD}") lines=() directive=4
  local current="\${COMP_WORDS[COMP_CWORD]}"
  # bash splits at = and :, which are parts of our words
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local cword
    _get_comp_words_by_ref -n '=:' -w words -i cword -c current
    words=("\${words[@]:1:cword}")
  fi
  while IFS= read -r line; do
    case "$line" in
      :[0-9]*) directive="\${line#:}" ;;
      *) word="\${line%%$'\\t'*}"; [[ "$word" == "$current"* ]] && lines+=("$word") ;;
    esac
  done < <(${file} ${completeArgument} "\${words[@]}" 2>/dev/null)
  COMPREPLY=("\${lines[@]}")
  if ((directive == 0)); then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
  fi
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$current"; fi
}
complete -F _${name}_complete ${file}
`,
  zsh: (file, name) => `#compdef ${file}
# Completes ${file} in zsh; save it as _${file} in a folder of $fpath, or source it after compinit.
_${name}_complete() {
  local line word meaning directive=4
  local -a found
  for line in "\${(@f)$(${file} ${completeArgument} "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ "$line" == :<-> ]]; then
      directive="\${line#:}"
    elif [[ -n "$line" ]]; then
      word="\${line%%$'\\t'*}"
      meaning="\${line#*$'\\t'}"
      found+=("\${word//:/\\\\:}:\${meaning}")
    fi
  done
  (( \${#found} )) && _describe '${file}' found
  (( directive == 0 )) && _files
}
if [[ "\${funcstack[1]}" == "_${file}" ]]; then
  _${name}_complete
else
  compdef _${name}_complete ${file}
fi
`,
  fish: (file, name) => `# Completes ${file} in fish; save it as ${file}.fish in ~/.config/fish/completions.
function __${name}_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l directive 4
    for line in (${file} ${completeArgument} $words[2..-1] "$current" 2>/dev/null)
        if string match -qr '^:[0-9]+$' -- $line
            set directive (string sub -s 2 -- $line)
        else
            echo $line
        end
    end
    if test $directive -eq 0
        __fish_complete_path "$current"
    end
end
complete -c ${file} -f -a '(__${name}_complete)'
`,
};
