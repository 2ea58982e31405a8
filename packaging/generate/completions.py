#!/usr/bin/env python3
"""completions.py BUILD OUT: gridmail.bash, _gridmail (zsh) and gridmail.fish for the gridmail in BUILD."""

import pathlib
import sys

import command_table


class Words:
    """What may follow: nouns, verbs of a noun, options of a command."""

    def __init__(self, build):
        self.rows = command_table.commands(build)
        self.globals = command_table.options(pathlib.Path(build) / "gridmail")
        self.nouns = {row["noun"]: row["noun_help"] for row in self.rows}

    def verbs(self, noun):
        return {row["verb"]: row["help"] for row in self.rows if row["noun"] == noun and row["verb"]}

    @staticmethod
    def options(row):
        return [argument for argument in row["arguments"] if command_table.is_option(argument)]


def bash(words):
    flags = " ".join(option.name for option in words.globals)
    with_value = "|".join(option.name for option in words.globals if option.value)
    cases = ""
    for noun in words.nouns:
        cases += f'    "{noun}") words="{" ".join(words.verbs(noun))}" ;;\n'
    for row in words.rows:
        options = " ".join(argument["name"] for argument in words.options(row))
        if options:
            key = f"{row['noun']} {row['verb']}".strip()
            cases += f'    "{key}"{"*" if row["verb"] else ""}) words="{options}" ;;\n'
    # A noun that is a command by itself has options at once.
    merged, seen = [], {}
    for line in cases.splitlines():
        key = line.split(")")[0]
        if key in seen:
            merged[seen[key]] = line
        else:
            seen[key] = len(merged)
            merged.append(line)
    cases = "\n".join(merged)
    return f"""# bash completion for gridmail(1), made from its table of commands
_gridmail() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} given="" words="" i
  case "$previous" in
    --config|--ca|--file|--join-file|-f) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    {with_value}) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${{COMP_WORDS[i]}}" in
      {with_value}) ((i++)) ;;
      -*) ;;
      *) given+="${{given:+ }}${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$given" in
    "") words="{" ".join(words.nouns)}" ;;
{cases}
  esac
  [[ $cur == -* ]] && words+=" {flags}"
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -o default -F _gridmail gridmail
"""


def zsh_text(text):
    return text.replace("'", "'\\''").replace(":", "\\:").replace("[", "\\[").replace("]", "\\]")


def zsh(words):
    def described(entries):
        return " ".join(f"'{name}:{zsh_text(text)}'" for name, text in entries.items())

    def option(name, text, value):
        return f"'{name}[{zsh_text(text)}]" + (f":{value.lower()}:" + ("_files" if name in ("--config", "--ca", "--file", "--join-file") else "")
                                               if value else "") + "'"
    flags = " ".join(option(flag.name, flag.help, flag.value) for flag in words.globals)
    cases = ""
    for noun in words.nouns:
        verbs = words.verbs(noun)
        if verbs:
            inner = ""
            for row in words.rows:
                options = words.options(row)
                if row["noun"] == noun and options:
                    inner += f"        {row['verb']}) _arguments {' '.join(option(o['name'], o['help'], '' if o['flag'] else 'value') for o in options)} ;;\n"
            cases += f"    {noun})\n      if ((CURRENT == 2)); then\n        local -a verbs=({described(verbs)})\n"
            cases += "        _describe verb verbs\n      else\n"
            cases += f"        case $words[2] in\n{inner}        *) _default ;;\n        esac\n      fi ;;\n"
        else:
            row = next(row for row in words.rows if row["noun"] == noun)
            options = words.options(row)
            if options:
                cases += f"    {noun}) _arguments {' '.join(option(o['name'], o['help'], '' if o['flag'] else 'value') for o in options)} ;;\n"
    return f"""#compdef gridmail
# zsh completion for gridmail(1), made from its table of commands
_gridmail() {{
  local context state state_descr line
  typeset -A opt_args
  _arguments -C {flags} '1: :->noun' '*:: :->rest'
  case $state in
    noun)
      local -a nouns=({described(words.nouns)})
      _describe noun nouns
      return ;;
  esac
  case $words[1] in
{cases}  esac
}}
_gridmail "$@"
"""


def fish_text(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish(words):
    lines = ["# fish completion for gridmail(1), made from its table of commands", "complete -c gridmail -f"]
    for flag in words.globals:
        value = " -r" if flag.value else ""
        lines.append(f"complete -c gridmail -l {flag.name[2:]}{value} -d {fish_text(flag.help)}")
    nouns = " ".join(words.nouns)
    for noun, text in words.nouns.items():
        lines.append(f"complete -c gridmail -n 'not __fish_seen_subcommand_from {nouns}' -a {noun} -d {fish_text(text)}")
        verbs = words.verbs(noun)
        for verb, verb_text in verbs.items():
            lines.append(f"complete -c gridmail -n '__fish_seen_subcommand_from {noun}; and not "
                         f"__fish_seen_subcommand_from {' '.join(verbs)}' -a {verb} -d {fish_text(verb_text)}")
    for row in words.rows:
        for argument in words.options(row):
            seen = f"__fish_seen_subcommand_from {row['noun']}"
            if row["verb"]:
                seen += f"; and __fish_seen_subcommand_from {row['verb']}"
            lines.append(f"complete -c gridmail -n '{seen}' -l {argument['name'][2:]}{'' if argument['flag'] else ' -r'} -d {fish_text(argument['help'])}"
                         + (" -F" if argument["name"] in ("--config", "--file", "--join-file") else ""))
    return "\n".join(lines) + "\n"


def main():
    words, out = Words(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    (out / "gridmail.bash").write_text(bash(words))
    (out / "_gridmail").write_text(zsh(words))
    (out / "gridmail.fish").write_text(fish(words))


if __name__ == "__main__":
    main()
