#!/usr/bin/env python3
"""manual_pages.py BUILD OUT: gridmail.1, gridmaild.8 and gridmail.toml.5 for the programs in BUILD."""

import pathlib
import re
import sys

import command_table

ROOT = pathlib.Path(__file__).resolve().parents[2]


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def heading(name, section, version):
    return f'.TH {name.upper()} {section} "" "gridmail {version}" "gridmail"\n'


def described(term, text):
    return f".TP\n{term}\n{escaped(text)}\n"


def option_term(option):
    term = f"\\fB{escaped(option.name)}\\fR"
    return f"{term} \\fI{escaped(option.value)}\\fR" if option.value else term


def command_term(row):
    words = [row["noun"], row["verb"]] if row["verb"] else [row["noun"]]
    term = "\\fB" + escaped(" ".join(words)) + "\\fR"
    for argument in row["arguments"]:
        name = argument["name"]
        if command_table.is_option(argument):
            value = "" if argument["flag"] else f" \\fI{escaped(name.lstrip('-').upper())}\\fR"
            term += f" [\\fB{escaped(argument['short'] or name)}\\fR{value}]"
        else:
            term += f" \\fI{escaped(name.upper())}\\fR"
    return term


def command_text(row):
    names = [(argument["name"].lstrip("-").upper(), argument["help"]) for argument in row["arguments"]]
    sentence = row["help"][0].upper() + row["help"][1:] + "."
    return " ".join([sentence, *(f"{name}: {text}." for name, text in names)])


def gridmail_1(build, version):
    page = heading("gridmail", 1, version)
    page += ".SH NAME\ngridmail \\- administer a grid of mail servers\n"
    page += ".SH SYNOPSIS\n.B gridmail\n.RI [ OPTIONS ] \" NOUN VERB \" [ ARGUMENTS ]\n"
    page += (".SH DESCRIPTION\nSpeaks to any node of the grid over its HTTP API. Only\n.B gridmail setup\n"
             "works on this machine itself.\n")
    page += ".SH OPTIONS\n"
    page += "".join(described(option_term(option), option.help)
                    for option in command_table.options(pathlib.Path(build) / "gridmail"))
    page += ".SH COMMANDS\n"
    noun = None
    for row in command_table.commands(build):
        if row["noun"] != noun:
            noun = row["noun"]
            page += f".SS {escaped(noun)}\n"
        page += described(command_term(row), command_text(row))
    page += ".SH ENVIRONMENT\n"
    for name, text in (("GRIDMAIL_URL", "The node to speak to, instead of http://127.0.0.1:7480."),
                       ("GRIDMAIL_TOKEN", "An API token to log in with."),
                       ("GRIDMAIL_ADMIN_USER, GRIDMAIL_ADMIN_PASSWORD", "Instead of a token; the user is admin by default."),
                       ("GRIDMAIL_CA", "Certificates to trust over https."),
                       ("GRIDMAIL_PASSWORD", "The new password for user and admin, add and passwd.")):
        page += described(f"\\fB{escaped(name)}\\fR", text)
    page += ".SH EXIT STATUS\n0: done. 1: it did not work. 2: wrong usage.\n"
    page += described("\\fBdoctor\\fR", "0: all is well. 1: something wants doing (!), or --url cannot be used. 2: a check failed (-), such as "
                      "that of a node that does not answer; or wrong usage.")
    return page + ".SH SEE ALSO\n.BR gridmaild (8),\n.BR gridmail.toml (5)\n"


def gridmaild_8(build, version):
    page = heading("gridmaild", 8, version)
    page += ".SH NAME\ngridmaild \\- one node of a mail grid\n"
    page += ".SH SYNOPSIS\n.B gridmaild\n.RB [ \\-\\-config\n.IR FILE ]\n.RI [ OPTIONS ]\n"
    page += (".SH DESCRIPTION\nThe same program runs on every node. On an empty data directory it creates a grid or joins "
             "one; afterwards it goes on as the node it was. The package runs it as\n.BR gridmail.service ;\n"
             ".B gridmail setup\nstarts that for the first time.\n")
    page += ".SH OPTIONS\n"
    page += "".join(described(option_term(option), option.help)
                    for option in command_table.options(pathlib.Path(build) / "gridmaild"))
    page += ".SH SIGNALS\n"
    page += described("\\fBSIGTERM\\fR, \\fBSIGINT\\fR", "Ends the sessions, then the node.")
    page += described("\\fBSIGHUP\\fR", "Reads the certificate and its key again; connections that are up keep the old one.")
    page += ".SH FILES\n"
    page += described("\\fI/etc/gridmail/gridmail.toml\\fR", "The configuration.")
    page += described("\\fI/var/lib/gridmail\\fR", "The node's identity and its copies of the mail. A copy of it is no backup: "
                      "an older state of a node counts as lost.")
    page += (".SH CREDENTIALS\nFrom its service manager (systemd.exec(5)), for a first start:\n")
    page += described("\\fBgridmail.join-token\\fR", "As --join.")
    page += described("\\fBgridmail.admin-password\\fR", "As --create with --admin-password-file.")
    page += (".SH EXIT STATUS\n0: stopped as asked. 1: could not start, or the disk failed. 2: wrong usage, a configuration, "
             "join token or data directory that cannot be used, or the node was removed from its grid.\n")
    return page + ".SH SEE ALSO\n.BR gridmail (1),\n.BR gridmail.toml (5)\n"


def gridmail_toml_5(version):
    page = heading("gridmail.toml", 5, version)
    page += ".SH NAME\ngridmail.toml \\- what one node of a mail grid is told\n"
    page += ".SH SYNOPSIS\n.I /etc/gridmail/gridmail.toml\n"
    page += (".SH DESCRIPTION\nTOML. Users, domains and settings of the whole grid are not here: they live in the grid and are "
             "changed by\n.BR gridmail (1).\n")
    page += ".SH KEYS\n.nf\n"
    page += "\n".join(escaped(line) for line in (ROOT / "packaging/gridmail.toml").read_text().splitlines())
    return page + "\n.fi\n.SH SEE ALSO\n.BR gridmail (1),\n.BR gridmaild (8)\n"


def sendmail_8(version):
    page = heading("sendmail", 8, version)
    page += ".SH NAME\nsendmail, mailq, newaliases \\- hand mail of this machine's users to its gridmail node\n"
    page += (".SH SYNOPSIS\n.B sendmail\n.RI [ OPTIONS ] \" \" [ RECIPIENT .\\|.\\|.]\n.br\n.B mailq\n.br\n.B newaliases\n")
    page += (".SH DESCRIPTION\nReads a message from standard input and hands it to the node on this machine, over the socket that local_mail.socket in\n"
             ".BR gridmail.toml (5)\nnames. Exit code 0 means that it is stored on two nodes. It needs no rights of its own: the node hears from the kernel who "
             "the user is. An ordinary user sends as NAME@hostname, in the envelope and in From; root, and the users in local_mail.trusted_users, "
             "such as a web server's, as anybody. Mail for users of the machine itself, such as root, goes to the grid's postmaster.\n"
             ".PP\nEither all recipients get the message or none.\n.B mailq\nshows the grid's queue to who has an API token or the admin's password; see\n"
             ".BR gridmail (1).\n.B newaliases\ndoes nothing: aliases live in the grid.\n")
    page += ".SH OPTIONS\n"
    for option, text in (("\\-f, \\-r ADDRESS", "The envelope's sender; <> is the null sender."),
                         ("\\-F NAME", "The author's full name, for messages without From."),
                         ("\\-i, \\-oi", "A line with only a dot does not end the message."),
                         ("\\-t", "The recipients are those of To, Cc and Bcc; Bcc is taken out."),
                         ("\\-N WHEN", "When the sender is told what became of it: never, or some of success,failure,delay (RFC 3461)."),
                         ("\\-R full|hdrs", "What such a notice returns: the message, or its header."),
                         ("\\-V ID", "The envelope's name in such notices, in xtext."),
                         ("\\-bs", "Speaks SMTP on standard input and output."),
                         ("\\-bp", "As mailq."),
                         ("\\-bi", "As newaliases.")):
        page += f".TP\n\\fB{option}\\fR\n{escaped(text)}\n"
    page += ".PP\nOther options of sendmail programs that change nothing here are passed over.\n"
    page += ".SH ENVIRONMENT\n" + described("\\fBGRIDMAIL_SENDMAIL_SOCKET\\fR", "The node's socket, instead of /run/gridmail/sendmail.")
    page += (".SH EXIT STATUS\nAs sysexits.h has it. 0: taken. 64: wrong usage. 65: the message or an address is refused. 67: no such recipient. "
             "69: not possible. 75: not now, try again. 77: not as this sender.\n")
    return page + ".SH SEE ALSO\n.BR gridmail (1),\n.BR gridmaild (8)\n"


def main():
    build, out = sys.argv[1], pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    version = command_table.version(build)
    for name, page in (("gridmail.1", gridmail_1(build, version)), ("gridmaild.8", gridmaild_8(build, version)),
                       ("gridmail.toml.5", gridmail_toml_5(version)), ("sendmail.8", sendmail_8(version)),
                       ("mailq.1", ".so man8/sendmail.8\n"), ("newaliases.1", ".so man8/sendmail.8\n")):
        (out / name).write_text(re.sub(r"\n{2,}", lambda m: "\n.PP\n" if name != "gridmail.toml.5" else m.group(), page))


if __name__ == "__main__":
    main()
