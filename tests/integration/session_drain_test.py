"""Sessions of mail clients leave a node that drains: each as its protocol has it, and no other node's."""

import contextlib
import imaplib
import poplib
import smtplib
import threading
import time

from grid import TIMEOUT, GridCase, wait_until

CHECKS = 2 * 2  # two check intervals
LIMIT = 20


class SessionDrain(GridCase):
    users_needed = 2

    def setUp(self):
        super().setUp()
        self.node, self.other = self.grid.nodes[1], self.grid.nodes[2]
        self.clients = contextlib.ExitStack()
        self.addCleanup(self.clients.close)

    def drain(self):
        self.gridmail("node", "drain", self.node["name"], node=self.other)
        self.addCleanup(self.undrain)
        return time.monotonic()

    def undrain(self):
        self.gridmail("node", "undrain", self.node["name"], node=self.other)
        wait_until("the node is ready again", lambda: self.grid.api(self.node).probe("/readyz")[0] == 200, 30)
        self.grid.wait_until_whole(60)

    def idle_imap(self, node):
        imap = self.clients.enter_context(self.raw(node, "imap"))
        imap.line()
        self.assertIn(b"OK", imap.tagged(f"LOGIN {self.user['address']} {self.user['password']}".encode()))
        imap.tagged(b"SELECT INBOX")
        imap.send(b"i IDLE\r\n")
        self.assertTrue(imap.line().startswith(b"+"))
        return imap

    def smtp_client(self, node):
        smtp = self.clients.enter_context(self.raw(node, "smtp"))
        smtp.reply()
        self.assertEqual(250, smtp.command(b"EHLO client.test"))
        return smtp

    def test_clients_that_are_silent_are_sent_away_and_what_is_under_way_is_finished(self):
        self.deliver(b"Subject: to be deleted\r\n\r\nbody\r\n", users=[self.users[1]])
        imap, imap_elsewhere = self.idle_imap(self.node), self.idle_imap(self.other)
        smtp, smtp_elsewhere = self.smtp_client(self.node), self.smtp_client(self.other)
        sending = self.smtp_client(self.node)
        for line in (b"MAIL FROM:<>", b"RCPT TO:<" + self.user["address"].encode() + b">", b"DATA"):
            sending.command(line)
        pop = poplib.POP3(self.node["host"], self.node["pop3"], timeout=TIMEOUT)
        pop.user(self.users[1]["address"])
        pop.pass_(self.users[1]["password"])
        self.assertEqual(1, pop.stat()[0])
        pop.dele(1)

        begun = self.drain()
        wait_until("readiness is false", lambda: self.grid.api(self.node).probe("/readyz")[0] == 503, CHECKS)
        unready = time.monotonic()
        self.assertTrue(imap.line().startswith(b"* BYE "))
        self.assertEqual(b"", imap.line())
        gone = time.monotonic()
        self.assertEqual(421, smtp.reply()[0])
        self.assertEqual(b"", smtp.line())
        self.assertLess(CHECKS - 1, gone - unready)
        self.assertLess(gone - begun, CHECKS + 3)
        self.assertLess(time.monotonic() - gone, 2)

        sending.send(b"Subject: under way\r\n\r\nbody\r\n.\r\n")  # in the middle of a message: first that
        self.assertEqual(250, sending.reply()[0])
        self.assertEqual(421, sending.reply()[0])
        pop.noop()
        pop.quit()
        self.assertEqual([], self.inbox(self.users[1], self.other))
        self.assertEqual(1, len(self.inbox(self.user, self.other)))

        imap_elsewhere.send(b"DONE\r\n")
        self.assertIn(b"OK", imap_elsewhere.until_tag(b"i"))
        self.assertEqual(250, smtp_elsewhere.command(b"NOOP"))

    def test_who_comes_meanwhile_is_told_to_go_elsewhere_and_may_come_again_afterwards(self):
        self.drain()
        silent = self.smtp_client(self.node)
        self.assertEqual(421, silent.reply()[0])
        for service, greeting in (("smtp", b"421 "), ("submission", b"421 "), ("imap", b"* BYE "), ("pop3", b"-ERR ")):
            with self.subTest(service), self.raw(self.node, service) as client:
                self.assertTrue(client.line().startswith(greeting))
                self.assertEqual(b"", client.line())
        self.undrain()
        for service, greeting in (("smtp", b"220 "), ("submission", b"220 "), ("imap", b"* OK "), ("pop3", b"+OK ")):
            with self.subTest(service), self.raw(self.node, service) as client:
                self.assertTrue(client.line().startswith(greeting))

    def test_what_does_not_end_by_itself_is_cut_off_at_the_limit(self):
        pop = poplib.POP3(self.node["host"], self.node["pop3"], timeout=CHECKS + LIMIT + TIMEOUT)
        pop.user(self.user["address"])
        pop.pass_(self.user["password"])
        begun = self.drain()
        self.assertEqual(b"", pop.file.readline())
        seconds = time.monotonic() - begun
        self.assertLess(CHECKS + LIMIT - 1, seconds)
        self.assertLess(seconds, CHECKS + LIMIT + 5)


class Stop(GridCase):
    """A grid of its own would take longer than to start one node again."""

    users_needed = 1

    def test_a_stop_by_plan_tells_silent_clients(self):
        node = self.grid.nodes[1]
        with self.raw(node, "smtp") as smtp, self.raw(node, "imap") as imap, self.raw(node, "pop3") as pop:
            smtp.reply(), imap.line(), pop.line()
            stopping = threading.Thread(target=self.grid.stop_node, args=(node["name"],))
            stopping.start()
            self.assertEqual(421, smtp.reply()[0])
            self.assertTrue(imap.line().startswith(b"* BYE "))
            self.assertTrue(pop.line().startswith(b"-ERR [SYS/TEMP] "))
            stopping.join()
        self.grid.start_node(node["name"])
        self.grid.wait_until_whole(60)
